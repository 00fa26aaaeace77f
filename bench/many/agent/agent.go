//go:build linux

// Package agent is a machine's part in a load that comes from many: it makes ready, begins
// when its clock says so, and tells what it saw. The load itself comes from a generator, a
// process of its own, as it does on one machine.
package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"prefork/bench/load"
	"prefork/bench/many"
	"prefork/bench/many/party"
)

// agent is one at work.
type agent struct {
	many.AgentOptions
	party *party.Party

	mu  sync.Mutex
	job *job // nil while there is none
}

// Run is an agent until ctx ends. Nothing is left running then.
func Run(ctx context.Context, o many.AgentOptions) error {
	a := &agent{AgentOptions: o}
	var err error
	if a.party, err = party.Join(o.Link, many.AgentService, o.Say, func(why string) { a.drop(errors.New(why)) }); err != nil {
		return err
	}
	defer a.drop(errDropped)
	defer a.party.Leave()
	if err := a.listen(); err != nil {
		return err
	}
	o.Say(fmt.Sprintf("agent %s is there, and may load %s", o.Name, a.allowed()))
	<-ctx.Done()
	return nil
}

func (a *agent) listen() error {
	if err := a.party.Answer(many.Prepare, a.prepare); err != nil {
		return err
	}
	if err := a.party.Answer(many.Go, a.begin); err != nil {
		return err
	}
	_, err := a.party.Conn.Subscribe(many.Subject(a.Prefix, "run", "*", many.Drop), func(m *nats.Msg) {
		if a.party.For(party.RunOf(m.Subject)) == nil {
			a.drop(errDropped)
		}
	})
	return errors.Join(err, a.party.Conn.Flush())
}

// prepare makes ready for a part, and returns when only the word is missing.
func (a *agent) prepare(data []byte) (any, error) {
	var o many.Order
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, fmt.Errorf("an order that cannot be read: %w", err)
	}
	if err := a.party.For(o.Run); err != nil {
		return nil, err
	}
	if err := a.may(o.Order); err != nil {
		return nil, err
	}
	if err := reach(o.Order); err != nil {
		return nil, err
	}
	a.drop(errDropped) // what is left of another part
	j := newJob(o, a.Prefork)
	a.mu.Lock()
	a.job = j
	a.mu.Unlock()
	go a.tell(j)
	select {
	case <-j.ready:
	case <-j.over:
		if j.ctx.Err() != nil { // it was told to end, which says nothing against the part
			return nil, fmt.Errorf("%w: %w", party.ErrFree, j.err)
		}
		return nil, j.err
	}
	// The lease may have ended meanwhile, and with it the job.
	return nil, a.party.For(o.Run)
}

// begin gives the word.
func (a *agent) begin(data []byte) (any, error) {
	var s many.Start
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("a start that cannot be read: %w", err)
	}
	if err := a.party.For(s.Run); err != nil {
		return nil, err
	}
	a.mu.Lock()
	j := a.job
	a.mu.Unlock()
	if j == nil || j.Part != s.Part {
		return nil, errors.New("it is not ready for this part")
	}
	return nil, j.begin(s.At)
}

// tell runs a job and tells what has come of it.
func (a *agent) tell(j *job) {
	outcome := j.run(func(c load.Counts) {
		a.publish(j, many.Counts, many.Count{Agent: a.party.ID(), Part: j.Part, Counts: c})
	})
	outcome.Agent = a.party.ID()
	a.publish(j, many.Done, outcome)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.job == j {
		a.job = nil
	}
}

// publish says something to a job's coordinator.
func (a *agent) publish(j *job, matter string, what any) {
	data, err := json.Marshal(what)
	if most := a.party.Conn.MaxPayload(); err == nil && most > 0 && int64(len(data)) > most {
		data, err = json.Marshal(many.Outcome{Agent: a.party.ID(), Part: j.Part, Error: fmt.Sprintf("what it saw is %d bytes, and NATS carries %d at most (max_payload)", len(data), most)})
	}
	if err == nil {
		err = a.party.Conn.Publish(many.Subject(a.Prefix, "run", j.Run, matter), data)
	}
	if err != nil {
		a.Say("what it saw cannot be told: " + err.Error())
	}
}

var errDropped = errors.New("the part was given up")

// drop ends what is under way, and waits for that.
func (a *agent) drop(why error) {
	a.mu.Lock()
	j := a.job
	a.mu.Unlock()
	if j != nil {
		j.cancel(why)
		<-j.over
	}
}

func (a *agent) allowed() string {
	var all []string
	for _, prefix := range a.Allow {
		all = append(all, prefix.String())
	}
	return strings.Join(all, ", ")
}
