//go:build linux

package supervisor

import (
	"fmt"
	"os"
	"strconv"

	"prefork/internal/control"
	"prefork/internal/entry"
)

// controls is the ear for what prefork ctl asks for. Status needs no decision, so that
// is answered from what the machine knows, without waiting for anything.
type controls struct{ server *control.Server }

func (c controls) start(func(Event)) error {
	c.server.Start()
	return nil
}

func (c controls) stop() { c.server.Stop() }

// NoControl is the --control of a master that is not to be spoken to.
const NoControl = "none"

// openControl opens the control socket, or goes on with the one of the binary before. One
// that was asked for must be had; the one that every master has by itself may be missing.
func (m *master) openControl(before *control.ServerState) (err error) {
	to := control.Master{
		Ask:      func(id uint64, r control.Request, by control.Peer) { m.report(Ask{id, r, by}) },
		Withdraw: func(id uint64) { m.report(Withdrawn{id}) },
		Status:   m.status,
		Version:  m.Version,
	}
	switch {
	case before != nil:
		m.control, err = control.Resume(before, to)
	case m.Control == NoControl:
		return nil
	case m.Control != "":
		if m.control, err = control.Listen(m.Control, to); err != nil {
			return fmt.Errorf("--control %s: %w", m.Control, err)
		}
	default:
		m.control, err = m.listenByName(to)
	}
	if err != nil {
		entry.ControlNone.Log(m.Log, "error", err)
		return nil
	}
	m.cleanup(func() { _ = m.control.Close() })
	m.ears = append(m.ears, controls{m.control})
	return nil
}

func (m *master) listenByName(to control.Master) (*control.Server, error) {
	path, err := control.Place(m.name())
	if err != nil {
		return nil, err
	}
	return control.Listen(path, to)
}

// name is what the server is called among those of its user.
func (h *hands) name() string {
	if h.Name != "" {
		return h.Name
	}
	return strconv.Itoa(os.Getpid())
}
