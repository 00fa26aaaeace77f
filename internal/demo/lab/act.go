//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/demo/recording"
	"prefork/internal/lookup"
	"prefork/strategies"
)

// act is what a viewer wants done.
type act struct {
	Do     string // a key of acts
	Panel  string // a strategy; "" for all
	Worker *int   // its slot, from 0 on; where a worker is meant
	Count  int    // of connections to send
	By     string // whoever wants it; viewers are told
}

// acts are all that can be done, in one panel.
var acts = map[string]struct {
	text string // of the mark; %d is the worker
	do   func(context.Context, *Lab, *panel, act) error
}{
	"stop":        {"worker %d stopped", signalWorker(unix.SIGSTOP)},
	"continue":    {"worker %d continued", signalWorker(unix.SIGCONT)},
	"kill":        {"worker %d killed", signalWorker(unix.SIGKILL)},
	"kill-master": {"master killed", func(_ context.Context, _ *Lab, p *panel, _ act) error { return p.killMaster() }},
	"start":       {"started again", func(ctx context.Context, l *Lab, p *panel, _ act) error { return l.start(ctx, p, l.settings) }},
	"reload":      {"reloaded", func(_ context.Context, _ *Lab, p *panel, _ act) error { return p.signalMaster(unix.SIGHUP) }},
	"stall":       {"all workers stopped for a second", func(_ context.Context, _ *Lab, p *panel, _ act) error { return p.stall() }},
	"send":        {"%d sent", func(_ context.Context, l *Lab, p *panel, a act) error { return l.press(p, a.Count) }},
	"reset":       {"", func(_ context.Context, _ *Lab, p *panel, _ act) error { p.reset(); return nil }},
}

func signalWorker(signal unix.Signal) func(context.Context, *Lab, *panel, act) error {
	return func(_ context.Context, _ *Lab, p *panel, a act) error {
		pid, err := p.worker(*a.Worker)
		if err != nil {
			return err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stalled = slices.DeleteFunc(p.stalled, func(stalled int) bool { return stalled == pid }) // it is the viewer's now
		return unix.Kill(pid, signal)
	}
}

// check says what is wrong with it, before anything is done.
func (a act) check() error {
	if _, known := acts[a.Do]; !known {
		return lookup.Unknown("do", a.Do, slices.Sorted(maps.Keys(acts)))
	}
	if a.Panel != "" {
		if _, err := strategies.Lookup(a.Panel); err != nil {
			return err
		}
	}
	needsWorker := a.Do == "stop" || a.Do == "continue" || a.Do == "kill"
	switch {
	case needsWorker && a.Worker == nil:
		return fmt.Errorf("which worker? want 0 to %d", maxWorkers-1)
	case needsWorker && (*a.Worker < 0 || *a.Worker >= maxWorkers):
		return fmt.Errorf("worker %d: want 0 to %d", *a.Worker, maxWorkers-1)
	case a.Do == "send" && (a.Count < 1 || a.Count > maxSend):
		return fmt.Errorf("count %d: want 1 to %d", a.Count, maxSend)
	}
	return checkBy(a.By)
}

// text is what the timeline says of it.
func (a act) text() string {
	switch text := acts[a.Do].text; {
	case a.Do == "send":
		return fmt.Sprintf(text, a.Count)
	case strings.Contains(text, "%d"):
		return fmt.Sprintf(text, *a.Worker)
	default:
		return text
	}
}

// Act does it, in one panel or in all in which it can be done. It fails if that is
// none.
func (l *Lab) act(ctx context.Context, a act) error {
	if err := a.check(); err != nil {
		return err
	}
	l.acting.Lock()
	defer l.acting.Unlock()
	var errs []error
	done := 0
	for _, p := range l.panels {
		if a.Panel != "" && a.Panel != p.strategy {
			continue
		}
		if err := acts[a.Do].do(ctx, l, p, a); err != nil {
			errs = append(errs, err)
			continue
		}
		done++
	}
	if done == 0 {
		return errors.Join(errs...)
	}
	l.note(Mark{Do: a.Do, Panel: a.Panel, Text: a.text(), By: a.By})
	return nil
}

// reset sets the panel's counts to zero.
func (p *panel) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.zero()
	p.begin()
}

// afterStall ends a stall when it has lasted long enough. Tests change it.
var afterStall = func(end func()) { time.AfterFunc(time.Second, end) }

// stall stops for a second all workers of a panel that nobody has stopped.
func (p *panel) stall() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var pids []int
	for _, pid := range p.workers() {
		if stateOf(pid) == recording.Awake {
			pids = append(pids, pid)
		}
	}
	if len(pids) == 0 {
		return fmt.Errorf("%w: no worker of %s is awake", errState, p.strategy)
	}
	for _, pid := range pids {
		_ = unix.Kill(pid, unix.SIGSTOP)
	}
	p.stalled = pids
	afterStall(func() { p.goOn(pids) })
	return nil
}

// goOn ends a stall, for workers that are still this panel's and that nobody has
// stopped or continued since.
func (p *panel) goOn(pids []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pid := range p.workers() {
		if slices.Contains(pids, pid) && slices.Contains(p.stalled, pid) {
			_ = unix.Kill(pid, unix.SIGCONT)
		}
	}
}
