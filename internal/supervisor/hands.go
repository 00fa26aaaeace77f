//go:build linux

package supervisor

import (
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"prefork/internal/control"
	"prefork/internal/entry"
	"prefork/internal/keeper"
	"prefork/internal/metrics"
	"prefork/internal/scoreboard"
	"prefork/strategies"
)

// hands do what the machine decides, on the loop's goroutine and thread. What comes
// of it is an event again.
type hands struct {
	Options
	front    strategies.Front
	stops    *stops
	pump     *pump    // nil where the kernel hands connections out
	machine  *Machine // to be written down; the loop steps it
	scores   scoreboard.Scores
	boardFD  int            // of our own board, owned; -1 where it is the kernel's
	rollFD   int            // owned
	children map[int]*child // by pid
	known    *pids          // of workers, for the ear that listens to them
	notify   *notices
	probe    *probe // a new binary that is being asked; nil while none is
	watch    *keeper.Watch
	pidFile  *pidFile
	control  *control.Server // nil where there is none
	metrics  *metrics.Server // nil where there is none
	began    time.Time       // the service, under whatever binary

	blamed  map[int]bool // by slot: it was said that its counts make no sense
	report  func(Event)  // for what happens later
	todo    []Event      // what acting has led to
	replace bool         // this binary is to be replaced, once the ears have stopped
	ended   *Exit
	cut     uint64
}

func (h *hands) then(event Event) { h.todo = append(h.todo, event) }

func (n Note) by(h *hands) {
	n.Kind.Log(h.Log, n.Args...)
	h.tellManager(n.Kind)
}

func (a AllReady) by(h *hands) {
	if err := h.pidFile.publish(); err != nil {
		entry.NoPIDFile.Log(h.Log, "error", err)
	}
	entry.Ready.Log(h.Log, "workers", a.Workers, "pid", os.Getpid())
	_, _ = daemon.SdNotify(false, h.serving())
}

func (e Exit) by(h *hands) {
	h.endStrangers()
	h.ended = &e
}

func (Quiesce) by(h *hands) {
	if err := h.front.Listeners().Quiesce(); err != nil {
		entry.NotQuiet.Log(h.Log, "error", err)
	}
}

func (StopPump) by(h *hands) {
	if h.pump != nil {
		h.pump.drain()
	}
}

func (AbandonPump) by(h *hands) {
	if h.pump != nil {
		h.pump.stop()
	}
}

func (s Show) by(h *hands) {
	h.scores.Set(s.Slot, s.Seat, s.PID, s.State)
}

func (s Suspend) by(h *hands) {
	h.complain(entry.SlotNotSuspended, s.Slot, h.front.Suspend(s.Slot))
}

func (r Resume) by(h *hands) {
	h.complain(entry.SlotNotResumed, r.Slot, h.front.Resume(r.Slot))
}

func (r Rescue) by(h *hands) {
	h.complain(entry.SlotNotRescued, r.Slot, h.front.Rescue(r.Slot))
}

func (d Drop) by(h *hands) {
	h.complain(entry.SlotNotClosed, d.Slot, h.front.Drop(d.Slot))
}

func (h *hands) complain(what entry.Kind, slot int, err error) {
	if err != nil {
		what.Log(h.Log, "slot", slot, "error", err)
	}
}

// by takes a queue that cannot be looked at for empty: nobody could drain it.
func (l Look) by(h *hands) {
	queue, err := h.front.Queued(l.Slot)
	h.complain(entry.SlotUnseen, l.Slot, err)
	h.then(Queued{l.Slot, queue.Waiting, queue.Own, queue.Sole})
}

// endStrangers ends what is left below this process: what workers have started that
// neither their group nor any other sign tells. Its own children come to us when it
// has ended. PID 1 has strangers of its own.
func (h *hands) endStrangers() {
	if os.Getpid() == 1 || h.Launch.Program == nil {
		return
	}
	const rounds = 100 // of who keeps on starting others
	for range rounds {
		left := keeper.Children()
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			entry.WorkerStray.Log(h.Log, "pid", pid)
			_ = unix.Kill(pid, unix.SIGKILL)
			_, _ = unix.Wait4(pid, nil, 0, nil)
		}
	}
}
