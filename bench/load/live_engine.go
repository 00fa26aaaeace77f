//go:build linux

package load

import (
	"math"
	"math/rand/v2"
	"time"
)

const (
	reportEvery = 100 * time.Millisecond
	liveTimeout = 5 * time.Second
	liveSources = 16 // addresses, so that ports do not run out
)

// live is an event loop that is told what to do while it runs.
type live struct {
	*engine
	number   int
	wants    <-chan Want
	say      func(Report)
	want     Want
	changes  int
	reported time.Duration
	used     int           // slots at the last report
	moved    time.Duration // when the present address was first wanted
	recent   recent
}

// newLive makes one. It is bound to the thread.
func newLive(number int, wants <-chan Want, say func(Report)) (*live, error) {
	o := Order{Address: "127.0.0.1:1", Clients: 1, Length: math.MaxInt64 / 2, Timeout: liveTimeout, Sources: liveSources}
	e, err := newEngine(o, 0, 1)
	if err != nil {
		return nil, err
	}
	l := &live{engine: e, number: number, wants: wants, say: say, recent: newRecent()}
	e.pace = idlePacer()
	e.onTurn = l.turn
	return l, nil
}

// idlePacer begins no connections.
func idlePacer() *pacer { return &pacer{stop: func() {}, end: math.MaxInt64} }

// turn is called by the loop each time around.
func (l *live) turn() {
	if l.now-l.reported >= reportEvery {
		l.report()
	}
	select {
	case want, open := <-l.wants:
		if open {
			l.report() // so that none is about both
			l.become(want)
		}
	default:
	}
}

// become carries on as wanted. Whoever wants it has had it checked.
func (l *live) become(want Want) {
	if want.Timeout == 0 {
		want.Timeout = liveTimeout
	}
	o := l.order
	o.Address, o.Service, o.Timeout, o.Seed = want.Address, want.Service, want.Timeout, want.Seed
	if target, err := parseTarget(o); err == nil && want.Address != l.want.Address {
		l.target, l.moved = target, l.now
	}
	if !sameStream(want, l.want) {
		l.pace = newLivePacer(want, o, l.now)
		l.recent.forget()
	}
	l.order, l.want = o, want
	l.changes++
	for range want.Burst {
		l.tally.due(l.now)
		l.begin(appointment{l.now, l.pace.demands.draw()})
	}
}

// sameStream reports whether arrivals and demands simply go on.
func sameStream(a, b Want) bool {
	return a.Address == b.Address && a.Clients == b.Clients && a.Rate == b.Rate && a.Service == b.Service && a.Seed == b.Seed
}

// newLivePacer begins a stream now. Unlike that of an order it is not bound to a
// thread.
func newLivePacer(want Want, o Order, now time.Duration) *pacer {
	p := idlePacer()
	_ = p.demands.init(o, demandStream) // checked
	p.clients = want.Clients
	if want.Rate > 0 {
		random := rand.New(rand.NewPCG(want.Seed, arrivalStream))
		at, gap := now, float64(time.Second)/want.Rate
		p.arrival = func() (time.Duration, bool) {
			at += time.Duration(random.ExpFloat64() * gap)
			return at, true
		}
		p.advance(0)
	}
	return p
}

// ages is for how long each connection waits that is about the present address.
func (l *live) ages(yield func(time.Duration) bool) {
	for slot := l.waiting.head; slot != none; slot = l.slots.at(slot).next {
		if c := l.slots.at(slot); c.due >= l.moved && !yield(l.now-c.due) {
			return
		}
	}
}

// report tells what has happened since the last one, and forgets it.
func (l *live) report() {
	r := &l.tally.r
	lost := 0
	for _, n := range r.Errors {
		lost += n
	}
	report := Report{
		Load: l.number, Changes: l.changes, Done: r.Requests, Open: l.slots.used,
		Begun: r.Requests + lost + l.slots.used - l.used,
		Lost:  r.Errors, Workers: r.Workers,
	}
	l.recent.add(r.Response, r.Errors[Late], l.order.Timeout)
	report.Times = l.recent.turn(l.now, l.ages)
	l.used, l.reported = l.slots.used, l.now
	l.say(report)
	r.Requests, r.Conns, r.Due, r.Begun = 0, 0, 0, 0
	clear(r.Errors)
	clear(r.Workers)
	for _, h := range []*Histogram{r.Response, r.Service, r.Connect, r.Lag, r.Cheap} {
		if h != nil {
			h.Reset()
		}
	}
}
