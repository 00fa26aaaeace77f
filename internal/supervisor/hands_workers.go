//go:build linux

package supervisor

import (
	"errors"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/keeper"
	"prefork/internal/sys"
)

// child is a worker as the hands know it.
type child struct {
	slot, seat int
	words      *words // what it says at its end, if that is kept
	ended      bool   // reaped; what it has started may still be there
}

// pids is a set of processes that may be asked from any goroutine.
type pids struct{ set sync.Map }

func (p *pids) add(pid int)      { p.set.Store(pid, nil) }
func (p *pids) remove(pid int)   { p.set.Delete(pid) }
func (p *pids) has(pid int) bool { _, ok := p.set.Load(pid); return ok }

func (s Start) by(h *hands) { h.then(h.start(s)) }

func (h *hands) start(s Start) Event {
	fail := func(err error) Event { return StartFailed{s.Slot, s.Seat, err} }
	files, err := h.front.Files(s.Slot)
	if err != nil {
		return fail(err)
	}
	stderr, words, err := capture(s.Capture, h.Words)
	if err != nil {
		return fail(err)
	}
	if h.scores.Prepare(s.Slot, s.Seat) {
		entry.WorkerMended.Log(h.Log, "slot", s.Slot)
	}
	pid, err := h.Launch.Start(s.Slot, s.Seat, files, stderr)
	if s.Capture {
		_ = stderr.Close()
	}
	if err != nil {
		_ = words.last()
		return fail(err)
	}
	h.children[pid] = &child{slot: s.Slot, seat: s.Seat, words: words}
	h.known.add(pid)
	h.watch.Add(pid)
	return Started{s.Slot, s.Seat, pid}
}

// by tells a worker to stop. A built-in one that was just about to wait for a
// connection has heard it, but goes on waiting until something interrupts it; so
// there are nudges.
func (t Tell) by(h *hands) {
	signal := h.StopSignal
	if h.Launch.Program == nil && !t.Drain {
		signal = unix.SIGQUIT // which leaves the queue to the successor; see worker.heed
	}
	_ = unix.Kill(t.PID, signal)
	if h.Launch.Program != nil {
		return
	}
	for _, after := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond} {
		time.AfterFunc(after, func() { h.report(ToldAWhileAgo{t.PID}) })
	}
}

func (n Nudge) by(*hands) { sys.Interrupt(n.PID) }

// by kills the worker's process group and whatever has left that; see
// worker.Launch.
func (k Kill) by(h *hands) {
	_ = unix.Kill(-k.PID, unix.SIGKILL)
	h.toRest(k.PID, unix.SIGKILL)
}

func (t TellRest) by(h *hands) { h.toRest(t.PID, h.StopSignal) }

func (h *hands) toRest(pid int, signal unix.Signal) {
	if h.Launch.Program == nil {
		return // our own workers start nothing
	}
	for _, other := range keeper.Rest(pid) {
		_ = unix.Kill(other, signal)
	}
}

func (l LookForRest) by(h *hands) {
	if len(keeper.Rest(l.PID)) == 0 {
		h.then(RestGone(l))
	}
}

func (Reap) by(h *hands) { h.reap() }

// reap takes in every child that has ended. Children that we have not started are
// orphans of our workers, or of anybody in a container in which we are PID 1.
func (h *hands) reap() {
	for {
		pid := endedChild()
		if pid == 0 {
			return
		}
		var status unix.WaitStatus
		if _, err := unix.Wait4(pid, &status, unix.WNOHANG, nil); err != nil {
			return
		}
		h.gone(pid, why(status))
	}
}

func (TakeStock) by(h *hands) {
	h.reap()
	for pid := range h.children {
		var status unix.WaitStatus
		switch ended, err := unix.Wait4(pid, &status, unix.WNOHANG, nil); {
		case errors.Is(err, unix.ECHILD):
			h.gone(pid, "ended while the new binary began")
		case ended == pid:
			h.gone(pid, why(status))
		}
	}
}

// endedChild is a child that has ended and not been reaped, or 0.
func endedChild() int {
	// siginfo_t, as far as waitid(2) fills it in, on 64-bit Linux.
	var info struct {
		signo, errno, code, _ int32
		pid                   int32
		_                     [108]byte
	}
	err := unix.Waitid(unix.P_ALL, 0, (*unix.Siginfo)(unsafe.Pointer(&info)), unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	if err != nil {
		return 0
	}
	return int(info.pid)
}

func (h *hands) gone(pid int, why string) {
	if h.probe != nil && h.probe.pid == pid {
		h.then(Probed{h.probe.refusal(why)})
		_ = h.probe.dismiss()
		h.probe = nil
		return
	}
	c := h.children[pid]
	if c == nil || c.ended {
		return
	}
	c.ended = true
	h.known.remove(pid)
	rest := h.Launch.Program != nil && len(keeper.Rest(pid)) > 0
	h.then(Exited{PID: pid, Why: why, LastWords: c.words.last(), Rest: rest})
}

// why reads on from "the worker".
func why(status unix.WaitStatus) string {
	if status.Signaled() {
		return "was killed by " + unix.SignalName(status.Signal())
	}
	return fmt.Sprintf("exited with status %d", status.ExitStatus())
}
