//go:build linux

package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"prefork/strategies"
)

// refusal is the error for a server that does not start as wanted, in its own
// words.
type refusal struct {
	Panel  string `json:"panel"`
	Reason string `json:"reason"`
}

func (r *refusal) Error() string { return r.Panel + ": " + r.Reason }

// refused makes one of an error of package subject, which ends with what prefork
// has logged: its last record says why it has failed.
func refused(panel string, err error) *refusal {
	for _, line := range slices.Backward(strings.Split(err.Error(), "\n")) {
		var record struct{ Error string }
		if json.Unmarshal([]byte(line), &record) == nil && record.Error != "" {
			return &refusal{panel, record.Error}
		}
	}
	return &refusal{panel, err.Error()}
}

// note puts a mark on the timeline, and has viewers told.
func (l *Lab) note(m Mark) {
	if m.Text != "" {
		m = l.history.mark(m)
	}
	l.hub.send("mark", encode(m))
}

// change changes settings, all of them or, if a server does not start like that,
// none.
func (l *Lab) change(ctx context.Context, p patch) error {
	l.acting.Lock()
	defer l.acting.Unlock()
	was := l.settings // changed by those alone who hold acting
	now, err := was.with(p)
	if err != nil || reflect.DeepEqual(was, now) {
		return err
	}
	anew := func(p *panel) bool { return !now.sameServer(was, p.strategy) }
	l.set(now)
	if err := l.startAll(ctx, now, anew); err != nil {
		l.set(was)
		return l.refuse(err, l.startAll(ctx, was, anew))
	}
	l.resetAll()
	if text := difference(was, now); text != "" {
		l.note(Mark{Do: "set", Text: text, By: p.By})
	}
	return l.pressAll(0)
}

// set makes settings those that hold. The caller holds acting.
func (l *Lab) set(s Settings) {
	l.mu.Lock()
	l.settings = s
	l.mu.Unlock()
	l.hub.send("settings", encode(s))
}

// refuse tells viewers why a panel has not started, and that it is again what it
// was.
func (l *Lab) refuse(why, again error) error {
	var r *refusal
	if errors.As(why, &r) {
		l.note(Mark{Do: "start", Panel: r.Panel}) // its counts have begun anew
		l.hub.send("refusal", encode(r))
	}
	return errors.Join(why, again)
}

// difference is what the timeline says of a change.
func difference(was, now Settings) string {
	var all []string
	say := func(changed bool, format string, values ...any) {
		if changed {
			all = append(all, fmt.Sprintf(format, values...))
		}
	}
	say(was.Clients != now.Clients && now.Clients > 0, "%d clients", now.Clients)
	say(now.Clients == 0 && (was.Rate != now.Rate || was.Clients > 0), "%g/s", now.Rate)
	say(was.Service != now.Service, "%s", now.Service)
	say(was.Workers != now.Workers, "%d workers", now.Workers)
	say(was.Paused != now.Paused, "%s", map[bool]string{true: "paused", false: "resumed"}[now.Paused])
	for _, s := range strategies.Strategies {
		before, after := was.Ways[s.Name], now.Ways[s.Name]
		say(before.Accept != after.Accept, "%s %s", s.Name, after.Accept)
		say(before.Steer != after.Steer, "%s %s", s.Name, after.Steer)
		say(before.Policy != after.Policy, "%s %s", s.Name, after.Policy)
	}
	return strings.Join(all, ", ")
}
