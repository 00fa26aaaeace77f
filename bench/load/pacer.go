//go:build linux

package load

import (
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"prefork/bench/stats"
)

// pacer decides when connections begin and what they ask for.
type pacer struct {
	clients  int                          // closed loop
	arrival  func() (time.Duration, bool) // open loop; nil in a closed one
	upcoming time.Duration                // the next arrival
	stop     func()
	service  *stats.Service // nil where nothing is asked for
	verb     string         // "sleep " or "spin "
	random   *rand.Rand     // of demands
}

// Streams of random numbers, apart from each other: a change of the rate must not
// change the demands.
const (
	arrivalStream = 1
	demandStream  = 2
)

func newPacer(o Order) (pacer, error) {
	p := pacer{clients: o.Clients, stop: func() {}, verb: "sleep ", random: rand.New(rand.NewPCG(o.Seed, demandStream))}
	if (o.Clients > 0) == (o.Rate > 0) {
		return p, errors.New("a load is closed, with clients, or open, with a rate")
	}
	if o.Rate > 0 {
		p.arrival, p.stop = iter.Pull(stats.Arrivals(o.Rate, rand.New(rand.NewPCG(o.Seed, arrivalStream))))
		p.upcoming, _ = p.arrival()
	}
	if o.Spin {
		p.verb = "spin "
	}
	if o.Service != "" {
		service, err := stats.ParseService(o.Service)
		if err != nil {
			return p, err
		}
		p.service = &service
	}
	return p, nil
}

// next is a connection that is due, and when it was.
func (p *pacer) next(now time.Duration, open int) (due time.Duration, ok bool) {
	if p.arrival == nil {
		return now, open < p.clients
	}
	if p.upcoming > now {
		return 0, false
	}
	due = p.upcoming
	p.upcoming, _ = p.arrival()
	return due, true
}

// due is when the next connection is, as far as that is known.
func (p *pacer) due() time.Duration {
	if p.arrival == nil {
		return math.MaxInt64
	}
	return p.upcoming
}

// demand writes what the next connection asks for and returns its length.
func (p *pacer) demand(line *[28]byte) int32 {
	if p.service == nil {
		return 0
	}
	b := append(line[:0], p.verb...)
	b = strconv.AppendInt(b, p.service.Draw(p.random).Microseconds(), 10)
	return int32(len(append(b, "us\n"...)))
}
