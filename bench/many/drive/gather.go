//go:build linux

package drive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"prefork/bench/many"
)

// peer is another party as the coordinator knows it.
type peer struct {
	id      string
	stated  string // its name for itself
	name    string // the same, told apart from others
	cpus    int
	kernel  string
	model   string
	boot    string
	clock   clock
	stolen  float64 // the most there was of a part, as a share
	control float64 // what the agent itself took, on an average of its parts
	parts   int     // that it had
}

// roll is who is there.
type roll struct {
	able   []*peer
	others []string // who cannot be used, and why
}

const (
	// answerTime is how long discovery listens for answers, once a few have come.
	answerTime = 300 * time.Millisecond
	askAgain   = 500 * time.Millisecond
	// patienceSilent is how long nothing is said of those who are missing.
	patienceSilent = 2 * time.Second
)

// call has all services of a name say who they are.
func (d *drive) call(service string) (r roll, err error) {
	subject, err := micro.ControlSubject(micro.InfoVerb, service, "")
	if err != nil {
		return r, err
	}
	inbox := d.conn.NewRespInbox()
	answers, err := d.conn.SubscribeSync(inbox)
	if err != nil {
		return r, err
	}
	defer func() { _ = answers.Unsubscribe() }()
	if err := d.conn.PublishRequest(subject, inbox, nil); err != nil {
		return r, err
	}
	for until := time.Now().Add(answerTime); ; {
		m, err := answers.NextMsg(time.Until(until))
		switch {
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, nats.ErrNoResponders):
			return r, nil
		case err != nil:
			return r, err
		}
		var info micro.Info
		if json.Unmarshal(m.Data, &info) == nil {
			r.take(info, d.o.Link)
		}
	}
}

// take adds who has answered.
func (r *roll) take(info micro.Info, l many.Link) {
	meta := info.Metadata
	name := meta[many.MetaName]
	switch {
	case meta[many.MetaPrefix] != l.Prefix:
	case meta[many.MetaSchema] != many.Schema:
		r.others = append(r.others, fmt.Sprintf("%s speaks %s and this is %s: use one release on all machines", name, orNothing(meta[many.MetaSchema]), many.Schema))
	case release(meta[many.MetaVersion]) != release(l.Version):
		r.others = append(r.others, fmt.Sprintf("%s is prefork %s and this is %s: use one release on all machines", name, release(meta[many.MetaVersion]), release(l.Version)))
	default:
		cpus, _ := strconv.Atoi(meta[many.MetaCPUs])
		r.able = append(r.able, &peer{id: info.ID, stated: name, name: name, cpus: max(1, cpus), kernel: meta[many.MetaKernel], model: meta[many.MetaCPUModel], boot: meta[many.MetaBoot]})
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing known"
	}
	return s
}

// release is a version without platform and compiler, which may differ.
func release(version string) string {
	name, _, _ := strings.Cut(version, " ")
	return name
}

// gather waits for so many services of a name that work for this run, and returns them by
// name.
func (d *drive) gather(ctx context.Context, service, what, command string, want int) (held []*peer, err error) {
	begun, said := time.Now(), ""
	for {
		there, err := d.call(service)
		if err != nil {
			return nil, err
		}
		held, refused := d.hold(d.known(there.able), want)
		if len(held) >= want {
			return named(held), nil
		}
		state := fmt.Sprintf("%d of %d %ss there", len(held), want, what)
		for _, p := range held {
			state += ", " + p.name
		}
		for _, other := range append(there.others, refused...) {
			state += "; " + other
		}
		if time.Since(begun) > d.o.Patience {
			return nil, fmt.Errorf("%s after %s: start %s on each machine, or ask for fewer", state, d.o.Patience, command)
		}
		if state != said && time.Since(begun) > patienceSilent {
			d.o.Say(state + "; waiting for the others")
			said = state
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(askAgain):
		}
	}
}

// named orders parties, and tells those of one name apart. It is the same for every part,
// so that each agent keeps its share of the arrivals.
func named(all []*peer) []*peer {
	slices.SortFunc(all, func(a, b *peer) int { return strings.Compare(a.stated+"\x00"+a.id, b.stated+"\x00"+b.id) })
	seen := map[string]int{}
	for _, p := range all {
		seen[p.stated]++
		if p.name = p.stated; seen[p.stated] > 1 {
			p.name = fmt.Sprintf("%s#%d", p.stated, seen[p.stated])
		}
	}
	return all
}

// known are parties, those met before as they were met: with their clocks.
func (d *drive) known(all []*peer) []*peer {
	for i, p := range all {
		if before, met := d.met[p.id]; met {
			all[i] = before
		} else {
			d.met[p.id] = p
		}
	}
	return all
}

// hold claims parties, and returns those that work for this run, want at most.
func (d *drive) hold(able []*peer, want int) (held []*peer, refused []string) {
	claim := many.Claim{Run: d.run, From: d.from}
	for _, p := range named(able) {
		if len(held) == want {
			break
		}
		if err := d.ask(p, many.Hold, claim, nil, holdTime); err != nil {
			refused = append(refused, fmt.Sprintf("%s: %v", p.name, err))
			continue
		}
		held = append(held, p)
	}
	return held, refused
}

const holdTime = 2 * time.Second

// ask has a party do something, and reads its answer into body unless that is nil.
func (d *drive) ask(p *peer, matter string, what, body any, patience time.Duration) error {
	data, err := json.Marshal(what)
	if err != nil {
		return err
	}
	m, err := d.conn.Request(many.Subject(d.o.Prefix, "party", p.id, matter), data, patience)
	if err != nil {
		return &silence{err}
	}
	var answer many.Answer
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return fmt.Errorf("an answer that cannot be read: %w", err)
	}
	switch {
	case answer.Held != nil:
		return fmt.Errorf("%s, that of %s: end that one, or give each run a --nats-prefix of its own", answer.Error, answer.Held.From)
	case answer.Free:
		return &silence{errors.New(answer.Error)}
	case answer.Error != "":
		return errors.New(answer.Error)
	case body == nil:
		return nil
	}
	return json.Unmarshal(answer.Body, body)
}
