//go:build linux

package supervisor

import (
	"fmt"

	"prefork/internal/entry"
)

// An upgrade: the binary that is now in this one's place is to go on from here.
type (
	// Upgrade asks for it.
	Upgrade struct{}
	// Probed is what the new binary says to it: nil is yes.
	Probed struct{ Err error }
	// NotUpgraded says that it could not be run in this one's place.
	NotUpgraded struct{ Err error }
	// Upgraded is the first event of the new binary.
	Upgraded struct{ Version string }
)

func (Upgrade) apply(m *Machine) {
	switch no := m.noUpgrade(); {
	case m.probing:
		m.note(entry.UpgradeAlready)
	case no != "":
		m.note(entry.UpgradeRefused, "reason", no)
	default:
		m.upgrade()
	}
}

// noUpgrade is why there can be none now, "" if there can.
func (m *Machine) noUpgrade() string {
	if no := m.notNow(); no != "" || m.allReady {
		return no
	}
	return "the workers are not ready yet; try again in a moment"
}

func (m *Machine) upgrade() {
	m.probing, m.probeBegan = true, m.now
	m.do(Probe{})
}

// notUpgraded tells the operator, and who has asked.
func (m *Machine) notUpgraded(err error) {
	m.note(entry.UpgradeFailed, "error", err)
	m.failWishes(func(w *wish) bool { return w.Verb == "upgrade" && w.Generation == 0 }, "not upgraded: %v", err)
}

func (e Probed) apply(m *Machine) {
	if !m.probing {
		return // it was given up meanwhile
	}
	m.probing = false
	if e.Err != nil {
		m.notUpgraded(e.Err)
		return
	}
	m.do(Replace{})
}

// checkProbe does not wait for an answer for ever.
func (m *Machine) checkProbe() {
	if m.probing && m.now.Sub(m.probeBegan) >= probeTime {
		m.giveUpUpgrade()
		m.notUpgraded(fmt.Errorf("the new one has not answered within %s", probeTime))
	}
}

func (m *Machine) giveUpUpgrade() {
	if m.probing {
		m.probing = false
		m.do(EndProbe{})
	}
}

func (e NotUpgraded) apply(m *Machine) { m.notUpgraded(e.Err) }

// Upgraded replaces the workers of the binary before, as every reload does.
func (e Upgraded) apply(m *Machine) {
	m.reload()
	m.reloads.Upgrades++
	for i := range m.wishes {
		if w := &m.wishes[i]; w.Verb == "upgrade" && w.Generation == 0 {
			w.Generation, w.Text = m.generation, e.Version
		}
	}
	m.note(entry.UpgradeDone, "version", e.Version, "workers", m.want)
	m.do(TakeStock{})
}
