//go:build linux

package supervisor

import (
	"time"

	"prefork/internal/scoreboard"
)

// Deadline is when the machine wants a Tick at the latest; the zero time means
// that only an event can change anything.
func (m *Machine) Deadline() time.Time {
	d := deadline{now: m.now}
	for i := range m.slots {
		s := &m.slots[i]
		d.by(s.retryAt)
		if !s.retiredAt.IsZero() {
			d.by(s.retiredAt.Add(m.limits.Settle))
		}
		if m.limits.Programs && s.queue.known && s.in(scoreboard.Ready) && (m.phase == stopping || m.settled(i)) {
			d.by(s.queue.at.Add(lookEvery))
		}
	}
	m.eachWorker(func(i, _ int, s *seat) {
		switch {
		case s.state == scoreboard.Ready && !m.everReady:
			d.by(s.since.Add(healthyAfter))
		case s.state == scoreboard.Starting:
			for _, after := range []time.Duration{m.limits.ReadyAfter, m.limits.StartTimeout, slowStart} {
				if after > 0 {
					d.by(s.since.Add(after))
				}
			}
		}
		if s.rest {
			d.by(s.looked.Add(lookEvery))
		}
		if at, ok := m.killAt(i, s); ok {
			d.by(at)
		}
	})
	if m.phase == stopping && !m.pumpEnded && !m.gaveUpPump {
		d.by(m.stopBegan.Add(m.limits.Graceful))
	}
	if m.phase == running && !m.leavingAt.IsZero() {
		d.by(m.leavingAt.Add(m.limits.DrainDelay))
	}
	if m.probing {
		d.by(m.probeBegan.Add(probeTime))
	}
	return d.next
}

// deadline is the earliest of several times to come.
type deadline struct{ now, next time.Time }

func (d *deadline) by(t time.Time) {
	if t.After(d.now) && (d.next.IsZero() || t.Before(d.next)) {
		d.next = t
	}
}
