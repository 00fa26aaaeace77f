//go:build linux

package supervisor

import (
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/control"
	"prefork/internal/kernel"
	"prefork/internal/sys"
)

func (a Answer) by(h *hands) {
	if h.control != nil {
		h.control.Answer(a.ID, a.Answer)
	}
}

func (l SetLevel) by(h *hands) { h.Level.Set(l.Level) }

// survey is what only the loop may look at; the rest of a status is for who wants it to
// find out.
type survey struct {
	machine   Snapshot
	queues    []int // by slot, what waits for its workers alone; nil where they have none of their own that we can see
	listeners []control.Listener
	cut       uint64
}

func (s Survey) by(h *hands) {
	s.To <- survey{machine: h.machine.Snapshot(time.Now()), queues: h.queues(), listeners: h.listeners(), cut: h.cut}
}

// queues are how many connections wait in each slot.
func (h *hands) queues() (all []int) {
	if h.Strategy.Name == "shared" || h.Config.Queues > 0 || h.Config.BindInWorker {
		return nil
	}
	for slot := range h.machine.slots {
		queue, _ := h.front.Queued(slot)
		all = append(all, queue.Sole)
	}
	return all
}

// listeners are the addresses, with what waits in the queues of their sockets.
func (h *hands) listeners() (all []control.Listener) {
	state := h.front.State()
	for i, addr := range h.front.Listeners().Addrs() {
		one := control.Listener{Address: addr.String()}
		for _, fd := range state.Listeners[i].Sockets {
			depth, limit, err := sys.QueueDepth(fd)
			if err != nil {
				depth, limit = unixQueue(fd)
			}
			one.Queued, one.Limit, one.Sockets = one.Queued+depth, one.Limit+limit, one.Sockets+1
		}
		all = append(all, one)
	}
	return all
}

// unixQueue is what TCP_INFO tells of other sockets.
func unixQueue(fd int) (depth, limit int) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return 0, 0
	}
	all, _ := kernel.UnixListeners()
	for _, l := range all {
		if l.Inode == uint32(stat.Ino) {
			return l.Waiting, l.Backlog
		}
	}
	return 0, 0
}
