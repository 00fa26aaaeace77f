//go:build linux

// Package party is what an agent and a server's agent have in common: they are found, work
// for one coordinator at a time, and for no longer than it is heard of.
package party

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"prefork/bench/many"
	"prefork/bench/many/link"
	"prefork/internal/kernel"
	"prefork/internal/sys"
)

// Party is one, connected.
type Party struct {
	Conn *nats.Conn
	link many.Link
	say  func(string)
	// release ends what the party does for a run. It is called without mu.
	release func(why string)
	service micro.Service
	left    chan struct{}

	mu    sync.Mutex
	claim *many.Claim // nil while nobody has claimed it
	lease *time.Timer // runs while somebody has
}

// serviceVersion is what NATS wants of a service; ours is in the metadata.
const serviceVersion = "1.0.0"

// Join connects and is found as a service from then on. say is told what people may want
// to know. The caller leaves.
func Join(l many.Link, service string, say, release func(string)) (*Party, error) {
	p := &Party{link: l, say: say, release: release, left: make(chan struct{})}
	var err error
	p.Conn, err = link.Dial(l,
		func(error) { say("the connection to NATS is lost; it is tried again") },
		func() { say("NATS is there again") })
	if err != nil {
		return nil, err
	}
	p.lease = time.AfterFunc(many.Lease, p.expired)
	p.lease.Stop()
	p.service, err = micro.AddService(p.Conn, micro.Config{
		Name: service, Version: serviceVersion, Description: "prefork bench, on many machines",
		Metadata: map[string]string{
			many.MetaSchema: many.Schema, many.MetaVersion: l.Version, many.MetaName: l.Name, many.MetaPrefix: l.Prefix,
			many.MetaKernel: kernel.Release(), many.MetaCPUs: strconv.Itoa(runtime.NumCPU()), many.MetaCPUModel: kernel.CPUModel(),
			many.MetaBoot: bootID(),
		},
	})
	if err == nil {
		err = p.listen()
	}
	if err != nil {
		p.Conn.Close()
		return nil, err
	}
	return p, nil
}

// bootID tells machines apart, and is the same in all namespaces of one.
func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}

// ID is that by which the party is asked.
func (p *Party) ID() string { return p.service.Info().ID }

// listen answers what every party does.
func (p *Party) listen() error {
	if err := p.Answer(many.Ping, func([]byte) (any, error) { return many.Time{Mono: sys.Monotonic()}, nil }); err != nil {
		return err
	}
	if err := p.endpoint(many.Hold, p.hold); err != nil {
		return err
	}
	for matter, heard := range map[string]func(run string){many.Heartbeat: p.beat, many.Release: p.letGo} {
		subject := many.Subject(p.link.Prefix, "run", "*", matter)
		if _, err := p.Conn.Subscribe(subject, func(m *nats.Msg) { heard(RunOf(m.Subject)) }); err != nil {
			return err
		}
	}
	return p.Conn.Flush()
}

// RunOf is the run that a subject is of.
func RunOf(subject string) string {
	tokens := strings.Split(subject, ".")
	return tokens[len(tokens)-2]
}

// Answer has requests about a matter answered by a function, one after the other.
func (p *Party) Answer(matter string, do func(data []byte) (any, error)) error {
	return p.endpoint(matter, func(data []byte) (a many.Answer) {
		body, err := do(data)
		if err != nil {
			a.Error, a.Free = err.Error(), errors.Is(err, ErrFree)
			return a
		}
		if a.Body, err = json.Marshal(body); err != nil {
			a.Error = err.Error()
		}
		return a
	})
}

func (p *Party) endpoint(matter string, do func([]byte) many.Answer) error {
	return p.service.AddEndpoint(matter, micro.HandlerFunc(func(r micro.Request) { _ = r.RespondJSON(do(r.Data())) }),
		micro.WithEndpointSubject(many.Subject(p.link.Prefix, "party", p.ID(), matter)), micro.WithEndpointQueueGroupDisabled())
}

// hold answers a coordinator that wants the party for its run.
func (p *Party) hold(data []byte) many.Answer {
	var claim many.Claim
	if err := json.Unmarshal(data, &claim); err != nil || claim.Run == "" {
		return many.Answer{Error: "a claim without a run"}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.claim != nil && p.claim.Run != claim.Run {
		return many.Answer{Error: "it works for another run", Held: p.claim}
	}
	if p.claim == nil {
		p.say(fmt.Sprintf("at work for %s", claim.From))
	}
	p.claim = &claim
	p.lease.Reset(many.Lease)
	return many.Answer{}
}

// ErrFree is that a party does not work for who asks it.
var ErrFree = errors.New("it does not work for this run any more")

// For is an error unless the party works for a run.
func (p *Party) For(run string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.claim == nil || p.claim.Run != run {
		return ErrFree
	}
	return nil
}

// beat is told that a run's coordinator lives.
func (p *Party) beat(run string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.claim != nil && p.claim.Run == run {
		p.lease.Reset(many.Lease)
	}
}

// letGo is told that a run wants nothing more.
func (p *Party) letGo(run string) { p.free(run, "done with it") }

// expired is called when nothing was heard of the coordinator for too long.
func (p *Party) expired() {
	p.free("", fmt.Sprintf("nothing was heard of the coordinator for %s: what it had begun is ended", many.Lease))
}

// free ends the work for a run, or for any if that is "".
func (p *Party) free(run, why string) {
	p.mu.Lock()
	held := p.claim != nil && (run == "" || p.claim.Run == run)
	if held {
		p.claim = nil
		p.lease.Stop()
	}
	p.mu.Unlock()
	if held {
		p.release(why)
		p.say(why)
	}
}

// Leave ends all work, and is found no more.
func (p *Party) Leave() {
	p.free("", "the agent was stopped")
	_ = p.service.Stop()
	p.Conn.Close()
	close(p.left)
}

// Left is closed when the party has left.
func (p *Party) Left() <-chan struct{} { return p.left }
