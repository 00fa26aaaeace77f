//go:build linux

package drive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"prefork/bench/load"
	"prefork/bench/many"
	"prefork/bench/result"
	"prefork/internal/sys"
)

const (
	// prepareTime is how long an agent may take to be ready; it tries to reach the target.
	prepareTime = 8 * time.Second
	// leadTime is from when the word is given to when all begin: within it, all must have
	// heard.
	leadTime = 60 * time.Millisecond
	wordTime = time.Second
	// outcomeTime is how long after a part's last answer could have come its outcome may.
	outcomeTime = 2 * time.Second
)

// Load implements many.Parties.
func (d *drive) Load(ctx context.Context, o load.Order) (*many.Loaded, error) {
	loaded, err := d.load(ctx, o)
	if lost := (*many.LostPart)(nil); errors.As(err, &lost) {
		d.o.Say(lost.Why + "; the part is done again")
	}
	return loaded, err
}

func (d *drive) load(ctx context.Context, o load.Order) (*many.Loaded, error) {
	if err := d.again(ctx); err != nil {
		return nil, err
	}
	o.Tail += d.tail()
	processors := make([]int, len(d.agents))
	for i, p := range d.agents {
		processors[i] = p.cpus
	}
	shares, err := split(o, processors)
	if err != nil {
		return nil, err
	}
	d.parts++
	heard := d.ear.begin(d.parts, len(d.agents))
	if err := d.prepare(shares); err != nil {
		d.drop()
		return nil, err
	}
	if err := d.start(o); err != nil {
		d.drop()
		return nil, lost(err)
	}
	loaded, err := d.await(ctx, heard, o)
	if err != nil {
		d.drop()
	}
	return loaded, err
}

// drop has whoever is at a part give it up.
func (d *drive) drop() { _ = d.tell(many.Drop) } // or their leases end

// tail is how much longer all load than they measure: as much as one may measure later
// than another. So while any measures all load, and what they measure is the whole load.
func (d *drive) tail() (most time.Duration) {
	for _, p := range d.agents {
		_, off := p.clock.ahead()
		most = max(most, off)
	}
	return 2 * most
}

// prepare has all agents make ready. Until then none loads anything.
func (d *drive) prepare(shares []load.Order) error {
	err := d.each(d.agents, func(p *peer) error {
		at := slices.Index(d.agents, p)
		return d.ask(p, many.Prepare, many.Order{Run: d.run, Part: d.parts, Order: shares[at]}, nil, prepareTime)
	})
	if err == nil || errors.As(err, new(*silence)) {
		return lost(err)
	}
	if all, ok := err.(*several); ok && len(all.errs) < len(d.agents) {
		return fmt.Errorf("%w; the others are ready", err) // it is not the target alone
	}
	return err
}

// start tells everybody when to begin, each by his own clock.
func (d *drive) start(o load.Order) error {
	at := sys.Monotonic() + leadTime
	if d.server != nil {
		if err := d.server.watch(at+o.Warmup, at+o.Warmup+o.Length); err != nil {
			return fmt.Errorf("%s: %w", d.server.peer.name, err)
		}
		at = max(at, sys.Monotonic()+leadTime/2)
	}
	d.starts = map[string]time.Duration{}
	for _, p := range d.agents {
		ahead, _ := p.clock.ahead()
		d.starts[p.id] = at + ahead
	}
	return d.each(d.agents, func(p *peer) error {
		return d.ask(p, many.Go, many.Start{Run: d.run, Part: d.parts, At: d.starts[p.id]}, nil, wordTime)
	})
}

// await waits for what each agent's part has come to, and adds it up.
func (d *drive) await(ctx context.Context, heard <-chan many.Outcome, o load.Order) (*many.Loaded, error) {
	missing := map[string]*peer{}
	for _, p := range d.agents {
		missing[p.id] = p
	}
	sum := sum{o: o, rows: map[*peer]result.AgentRound{}}
	late := time.NewTimer(leadTime + o.Warmup + o.Length + o.Tail + o.Timeout + outcomeTime)
	defer late.Stop()
	silent := time.NewTicker(many.Beat)
	defer silent.Stop()
	for gone := time.Duration(0); len(missing) > 0; {
		select {
		case outcome := <-heard:
			p := missing[outcome.Agent]
			if p == nil {
				continue // nobody of ours, or twice
			}
			if err := sum.add(p, d.starts[p.id], outcome); err != nil {
				return nil, &many.LostPart{Why: fmt.Sprintf("agent %s: %v", p.name, err)}
			}
			delete(missing, outcome.Agent)
		case <-silent.C:
			if gone += many.Beat; d.conn.IsConnected() {
				gone = 0
			}
			if gone >= many.Lease { // by now all have given up
				return nil, &many.LostPart{Why: fmt.Sprintf("NATS was gone for %s in mid-part", gone)}
			}
			if p := d.whoIsGone(missing); p != nil {
				return nil, &many.LostPart{Why: fmt.Sprintf("agent %s is gone in mid-part", p.name)}
			}
		case <-late.C:
			return nil, &many.LostPart{Why: fmt.Sprintf("agent %s has not said in time what it saw", names(missing))}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return sum.loaded(d.agents), nil
}

// whoIsGone is an agent that nobody answers for any more; nil if there is none. A question
// to one that is gone is answered at once by NATS: there are no responders.
func (d *drive) whoIsGone(among map[string]*peer) *peer {
	for _, p := range among {
		var t many.Time
		if err := d.ask(p, many.Ping, nil, &t, many.Beat); errors.Is(err, errGone) {
			return p
		}
	}
	return nil
}

func names(peers map[string]*peer) string {
	var all []string
	for _, p := range peers {
		all = append(all, p.name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// lost is an error of parties that were late or did not answer.
func lost(err error) error {
	if err == nil {
		return nil
	}
	return &many.LostPart{Why: err.Error()}
}
