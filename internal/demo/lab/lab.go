//go:build linux

// Package lab is the lab in the browser: the three strategies side by side, each a
// real prefork under the same load, to be watched and to be disturbed.
//
//	generator (a process, three loads) ──► prefork × 3 (real masters and workers)
//	     │ reports: begun, answered, lost       │ scoreboard, queues, /proc
//	     └──────────────► Lab ◄─────────────────┘
//	           events │  ▲ POST
//	                  ▼  │
//	               viewers
//
// Nothing that a viewer is shown is made up: counts are what was counted, and dots
// stand for as many connections as the page says.
package lab

import (
	"context"
	"errors"
	"sync"
	"time"

	"prefork/bench/load"
	"prefork/internal/demo/recording"
	"prefork/internal/keeper"
	"prefork/internal/kernel"
	"prefork/internal/subject"
	"prefork/strategies"
)

const (
	frameEvery  = 100 * time.Millisecond
	secondEvery = time.Second
)

// idleAfter is how long the load goes on without a viewer: who loads the page anew
// is away for a moment. loadChanged, unless it is nil, is told when it goes on or
// off. Tests change both.
var (
	idleAfter   = 3 * time.Second
	loadChanged chan bool
)

// Lab is a running lab.
type Lab struct {
	panels  []*panel
	hub     *hub
	history history
	load    *load.Live
	loader  *thread // on which the generator was started
	keeper  *keeper.Keeper
	facts   []facts // what this kernel can do does not change

	acting  sync.Mutex // held while something is done: one thing at a time
	telling sync.Mutex // held from when counts are looked at until viewers are told, after acting

	mu       sync.Mutex
	settings Settings
	watched  bool // the load is on

	machine kernel.Machine // when viewers were last told of it; Watch's alone
}

// New starts the servers and the load generator; the latter does nothing until the
// first viewer comes. This process adopts orphans from then on.
func New(ctx context.Context) (*Lab, error) {
	if err := subject.Adopt(); err != nil {
		return nil, err
	}
	l := &Lab{hub: newHub(), settings: defaults(), loader: newThread(), facts: allFacts()}
	var err error
	if l.machine, err = kernel.ReadMachine(); err != nil {
		return nil, err
	}
	if l.keeper, err = keeper.New(); err != nil {
		return nil, err
	}
	for i, s := range strategies.Strategies {
		l.panels = append(l.panels, &panel{strategy: s.Name, number: i, thread: newThread(), phase: starting})
	}
	l.loader.do(func() { l.load, err = load.StartLive(len(l.panels), l.heard) })
	if err == nil {
		err = l.startAll(ctx, l.settings, func(*panel) bool { return true })
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// startAll starts the servers of some panels anew, all at the same time.
func (l *Lab) startAll(ctx context.Context, s Settings, which func(*panel) bool) error {
	errs := make([]error, len(l.panels))
	var started sync.WaitGroup
	for i, p := range l.panels {
		if which(p) {
			started.Go(func() { errs[i] = l.start(ctx, p, s) })
		}
	}
	started.Wait()
	return errors.Join(errs...)
}

// start starts one server anew. Meanwhile its load rests: the connections that the
// old server still had are nobody's loss.
func (l *Lab) start(ctx context.Context, p *panel, s Settings) error {
	l.rest(p)
	if err := p.start(ctx, s); err != nil {
		return err
	}
	return l.press(p, 0)
}

// rest lets no new connections be made in a panel.
func (l *Lab) rest(p *panel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		_ = l.want(p, load.Want{})
	}
}

// press puts the load of the settings on a panel, and some connections at once.
func (l *Lab) press(p *panel, burst int) error {
	l.mu.Lock()
	s, on := l.settings, l.watched
	l.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		return nil
	}
	// The same seed for all: they get the very same arrivals and demands.
	want := load.Want{Service: s.Service, Seed: 1, Burst: burst}
	switch {
	case !on || s.Paused:
	case s.Clients > 0:
		want.Clients = s.Clients
	default:
		want.Rate = s.Rate
	}
	return l.want(p, want)
}

// want changes the load of a panel, whose lock is held, and which has a server.
func (l *Lab) want(p *panel, want load.Want) error {
	want.Address = p.server.Address
	err := l.load.Set(p.number, want)
	if err == nil {
		p.changes++
	}
	return err
}

func (l *Lab) pressAll(burst int) error {
	var errs []error
	for _, p := range l.panels {
		errs = append(errs, l.press(p, burst))
	}
	return errors.Join(errs...)
}

// join adds a viewer, who is told first all there is to know.
func (l *Lab) join() chan []byte {
	l.telling.Lock()
	defer l.telling.Unlock()
	return l.hub.join(l.state)
}

// resetAll sets all counts to zero.
func (l *Lab) resetAll() {
	l.telling.Lock()
	defer l.telling.Unlock()
	for _, p := range l.panels {
		p.reset()
	}
}

// heard is told what the generator has seen.
func (l *Lab) heard(r load.Report) {
	if r.Load < 0 || r.Load >= len(l.panels) {
		return
	}
	p := l.panels[r.Load]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.heard(r)
}

// Close ends everything.
func (l *Lab) Close() error {
	l.acting.Lock()
	defer l.acting.Unlock()
	l.hub.close()
	if l.load != nil {
		l.load.Close()
	}
	var stopped sync.WaitGroup
	for _, p := range l.panels {
		stopped.Go(func() { p.stop(); p.thread.end() })
	}
	stopped.Wait()
	l.loader.end()
	return l.keeper.Dismiss()
}

// Watch sends viewers what happens, until ctx is done or the generator has died.
// While there is no viewer, there is no load.
func (l *Lab) Watch(ctx context.Context) error {
	frames, seconds := time.NewTicker(frameEvery), time.NewTicker(secondEvery)
	defer frames.Stop()
	defer seconds.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.load.Done():
			return errors.New("the load generator has ended")
		case <-l.hub.changed:
			if l.hub.count() > 0 {
				l.setWatched(true)
			}
		case <-frames.C:
			if l.hub.count() > 0 {
				l.sendFrame()
			} else if l.isWatched() {
				l.waitForViewer(ctx)
			}
		case now := <-seconds.C:
			l.sendSecond(now.Sub(last))
			last = now
		}
	}
}

// waitForViewer waits until somebody comes or the load is to end.
func (l *Lab) waitForViewer(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-l.hub.changed:
	case <-time.After(idleAfter):
	}
	l.setWatched(l.hub.count() > 0)
}

func (l *Lab) isWatched() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watched
}

// setWatched begins or ends the load.
func (l *Lab) setWatched(watched bool) {
	l.mu.Lock()
	was := l.watched
	l.watched = watched
	l.mu.Unlock()
	if was != watched {
		_ = l.pressAll(0) // if the generator has died, Watch hears of it
		if loadChanged != nil {
			loadChanged <- watched
		}
	}
}

func (l *Lab) sendFrame() {
	l.telling.Lock()
	defer l.telling.Unlock()
	var all []recording.Panel
	for _, p := range l.panels {
		all = append(all, p.frame())
	}
	l.hub.send("frame", encode(all))
}

func (l *Lab) sendSecond(interval time.Duration) {
	if !l.isWatched() {
		return
	}
	l.telling.Lock()
	defer l.telling.Unlock()
	all := l.seconds(interval)
	var quantiles []int64
	for _, s := range all {
		quantiles = append(quantiles, s.Second.P50, s.Second.P99)
	}
	now, used := time.Now(), 0.0
	if machine, err := kernel.ReadMachine(); err == nil {
		used, _ = machine.Since(l.machine)
		l.machine = machine
	}
	l.history.point(now, quantiles...)
	l.hub.send("second", encode(struct {
		At      int64    `json:"at"`
		Panels  []second `json:"panels"`
		Machine float64  `json:"machine"` // how much of its processors' time was used, by whomever, or given to other machines
	}{now.UnixMilli(), all, round3(used)}))
}

func (l *Lab) seconds(interval time.Duration) (all []second) {
	for _, p := range l.panels {
		all = append(all, p.second(interval))
	}
	return all
}

// state is all that a viewer has to know who has just come.
func (l *Lab) state() []byte {
	points, marks := l.history.all()
	l.mu.Lock()
	defer l.mu.Unlock()
	return encode(struct {
		Settings  Settings       `json:"settings"`
		Limits    map[string]int `json:"limits"`
		Facts     []facts        `json:"facts"`
		Points    [][]int64      `json:"points"`
		Marks     []Mark         `json:"marks"`
		Recording bool           `json:"recording"`
	}{l.settings, limits, l.facts, points, marks, l.hub.recorder != nil})
}

var limits = map[string]int{"rate": maxRate, "clients": maxClients, "workers": maxWorkers, "send": maxSend}
