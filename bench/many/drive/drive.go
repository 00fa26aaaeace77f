//go:build linux

// Package drive is the coordinator of a run whose clients are on other machines: it finds
// the parties, keeps them to itself, has them load at the same time, and adds up what they
// saw. Where a part comes to nothing it says whose doing that was, and the run goes on.
package drive

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"prefork/bench/many"
	"prefork/bench/many/link"
	"prefork/bench/result"
	"prefork/internal/sys"
)

// countEvery is how often agents tell how far they are.
const countEvery = time.Second

// drive is a coordinator with its parties.
type drive struct {
	o    many.DriveOptions
	conn *nats.Conn
	run  string // names it in subjects
	from string // and for people

	met    map[string]*peer // all that ever answered, by ID
	agents []*peer
	server *server                  // nil if none was asked for
	parts  int                      // tries of parts so far
	starts map[string]time.Duration // of the present one, by agent's ID and clock

	beating  sync.WaitGroup
	stopBeat chan struct{}
	ear      *ear
}

// Connect finds the parties and has them work for this run, until Close.
func Connect(ctx context.Context, o many.DriveOptions) (many.Parties, error) {
	conn, err := link.Dial(o.Link, func(error) { o.Say("the connection to NATS is lost; it is tried again") }, func() { o.Say("NATS is there again") })
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	d := &drive{o: o, conn: conn, run: rand.Text(), from: fmt.Sprintf("%s, process %d", host, os.Getpid()), met: map[string]*peer{}, stopBeat: make(chan struct{})}
	if d.ear, err = newEar(conn, o.Prefix, d.run, o.Live); err != nil {
		conn.Close()
		return nil, err
	}
	d.beating.Go(d.beat)
	if err := d.assemble(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// assemble waits until all parties are there.
func (d *drive) assemble(ctx context.Context) (err error) {
	if d.o.Server {
		all, err := d.gather(ctx, many.ServerService, "serve-agent", "prefork bench serve-agent --nats URL", 1)
		if err != nil {
			return err
		}
		d.server = &server{drive: d, peer: all[0]}
	}
	d.agents, err = d.gather(ctx, many.AgentService, "agent", "prefork bench agent --nats URL", d.o.Agents)
	if err != nil {
		return err
	}
	return d.each(d.all(), func(p *peer) error { return d.readClock(p, firstPings) })
}

// again has all parties there before a part: those that were gone may be back.
func (d *drive) again(ctx context.Context) error {
	claim := many.Claim{Run: d.run, From: d.from}
	err := d.each(d.all(), func(p *peer) error {
		if err := d.ask(p, many.Hold, claim, nil, holdTime); err != nil {
			return err
		}
		return d.readClock(p, fewPings)
	})
	if err == nil {
		return nil
	}
	if errors.As(err, new(*falseClock)) {
		return err
	}
	d.o.Say(err.Error() + "; waiting for all to be there")
	return d.assemble(ctx)
}

// all are the agents, and the server's party.
func (d *drive) all() []*peer {
	if d.server == nil {
		return d.agents
	}
	return append([]*peer{d.server.peer}, d.agents...)
}

// each asks parties at the same time, and names those who fail.
func (d *drive) each(parties []*peer, do func(*peer) error) error {
	errs := make([]error, len(parties))
	var asked sync.WaitGroup
	for i, p := range parties {
		asked.Go(func() {
			if err := do(p); err != nil {
				errs[i] = fmt.Errorf("%s: %w", p.name, err)
			}
		})
	}
	asked.Wait()
	return together(errs)
}

// Pings by which a clock is read: the quickest counts.
const (
	firstPings = 12
	fewPings   = 4
	pingTime   = 2 * time.Second
)

// falseClock is that a party's clock is none.
type falseClock struct{ error }

// readClock asks a party what time it is there.
func (d *drive) readClock(p *peer, pings int) error {
	for range pings {
		var t many.Time
		sent := sys.Monotonic()
		if err := d.ask(p, many.Ping, nil, &t, pingTime); err != nil {
			return err
		}
		if err := p.clock.heard(sent, sys.Monotonic(), t.Mono); err != nil {
			return &falseClock{err}
		}
	}
	return nil
}

// beat says that the coordinator lives.
func (d *drive) beat() {
	ticker := time.NewTicker(many.Beat)
	defer ticker.Stop()
	for {
		_ = d.tell(many.Heartbeat) // who misses it gives up by himself
		select {
		case <-d.stopBeat:
			return
		case <-ticker.C:
		}
	}
}

// tell says something to all parties of the run. It is not kept for later: what was not
// heard in time means nothing afterwards.
func (d *drive) tell(matter string) error {
	if !d.conn.IsConnected() {
		return nats.ErrDisconnected
	}
	return d.conn.Publish(many.Subject(d.o.Prefix, "run", d.run, matter), nil)
}

// Server implements many.Parties.
func (d *drive) Server() many.Server {
	if d.server == nil {
		return nil
	}
	return d.server
}

// Close implements many.Parties.
func (d *drive) Close() {
	close(d.stopBeat)
	d.beating.Wait()
	if d.tell(many.Release) == nil {
		_ = d.conn.FlushTimeout(time.Second) // or their leases end
	}
	d.conn.Close()
}

// Hosts implements many.Parties.
func (d *drive) Hosts() (hosts []result.Host) {
	add := func(p *peer, role string) {
		_, off := p.clock.ahead()
		hosts = append(hosts, result.Host{
			Name: p.name, Role: role, Kernel: p.kernel, CPUs: p.cpus, CPUModel: p.model,
			StealPct: 100 * p.stolen, ControlPct: 100 * p.control, ClockErrorUS: float64(off.Nanoseconds()) / 1e3,
		})
	}
	if d.server != nil {
		add(d.server.peer, result.ServerHost)
	}
	for _, p := range d.agents {
		add(p, result.AgentHost)
	}
	return hosts
}
