//go:build linux

package load

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"prefork/bench/stats"
)

// pacer decides when connections begin and what they ask for.
type pacer struct {
	clients int                          // closed loop
	arrival func() (time.Duration, bool) // open loop; nil in a closed one
	stop    func()
	skip    int         // open loop: arrivals between this loop's, which are other loops'
	next    appointment // open loop
	end     time.Duration
	demands demands
}

// appointment is a connection that is to begin.
type appointment struct {
	due    time.Duration
	demand time.Duration // 0: nothing is asked for
}

// Streams of random numbers, apart from each other: a change of the rate must not
// change the demands. In a closed loop each event loop has a stream of demands.
const (
	arrivalStream = 1
	demandStream  = 2
	loopStreams   = 1 << 32
)

// newPacer makes that of one event loop of several. It is bound to the thread.
func newPacer(o Order, loop, loops int) (*pacer, error) {
	p := &pacer{end: o.Warmup + o.Length + o.Tail, stop: func() {}, skip: loops - 1}
	if o.Rate == 0 {
		p.clients = o.Clients / loops
		if loop < o.Clients%loops {
			p.clients++
		}
		return p, p.demands.init(o, demandStream+uint64(loop)*loopStreams)
	}
	if err := p.demands.init(o, demandStream); err != nil {
		return nil, err
	}
	p.arrival, p.stop = iter.Pull(stats.Arrivals(o.Rate, rand.New(rand.NewPCG(o.Seed, arrivalStream))))
	p.advance(loop)
	return p, nil
}

// advance makes the next appointment, beyond some of other loops.
func (p *pacer) advance(skip int) {
	for range skip {
		p.arrival()
		p.demands.draw()
	}
	due, ok := p.arrival()
	if !ok {
		due = math.MaxInt64
	}
	p.next = appointment{due, p.demands.draw()}
}

// take is a connection that is to begin now, as open are.
func (p *pacer) take(now time.Duration, open int) (a appointment, ok bool) {
	if p.arrival == nil {
		if open >= p.clients || now >= p.end {
			return a, false
		}
		return appointment{now, p.demands.draw()}, true
	}
	if a = p.next; a.due > now || a.due >= p.end {
		return a, false
	}
	p.advance(p.skip)
	return a, true
}

// due is when the next connection is, as far as that is known, while open are.
func (p *pacer) due(now time.Duration, open int) time.Duration {
	switch {
	case p.arrival == nil && open < p.clients && now < p.end:
		return now
	case p.arrival != nil && p.next.due < p.end:
		return p.next.due
	}
	return math.MaxInt64
}

// demands draws what connections ask for. The zero value asks for nothing.
type demands struct {
	service *stats.Service
	random  *rand.Rand
	verb    string        // "sleep " or "spin "
	usual   time.Duration // of the usual ones among two kinds; 0 if there is one kind
}

func (d *demands) init(o Order, stream uint64) error {
	if o.Service == "" {
		return nil
	}
	service, err := stats.ParseService(o.Service)
	if err != nil {
		return err
	}
	d.service, d.random, d.verb = &service, rand.New(rand.NewPCG(o.Seed, stream)), "sleep "
	if o.Spin {
		d.verb = "spin "
	}
	d.usual = usual(service)
	return nil
}

// usual is the demand of most, where there are two kinds.
func usual(s stats.Service) time.Duration {
	values, ok := strings.CutPrefix(s.String(), "bimodal:")
	if !ok {
		return 0
	}
	first, _, _ := strings.Cut(values, ",")
	d, err := time.ParseDuration(first)
	if err != nil {
		panic(fmt.Sprintf("load: %s: %v", s, err)) // it has just been written by the package that reads it
	}
	return d
}

func (d *demands) draw() time.Duration {
	if d.service == nil {
		return 0
	}
	return d.service.Draw(d.random)
}

// cheap reports the usual one of two kinds.
func (d *demands) cheap(demand time.Duration) bool {
	return d.usual > 0 && demand == d.usual
}

// write appends a demand as the app work reads it.
func (d *demands) write(b []byte, demand time.Duration) []byte {
	b = strconv.AppendInt(append(b, d.verb...), demand.Microseconds(), 10)
	return append(b, "us\n"...)
}
