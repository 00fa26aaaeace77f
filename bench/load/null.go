//go:build linux

package load

import "time"

// null stands for a server that has room for everybody: what is begun is answered when
// the demand that was drawn for it is over, and no connection is made. It is a heap by
// the time of the answers.
type null struct{ answers []nullAnswer }

// nullAnswer is one that will come.
type nullAnswer struct {
	at, begun time.Duration
	slot      int32
}

// simulate begins what no server hears of.
func (e *engine) simulate(slot int32, c *conn) {
	c.state, c.reused, c.inTime, c.pid = simulated, false, false, 0
	e.await(slot, c)
	e.sockets++
	e.null.push(nullAnswer{e.now + c.demand, c.begun, slot})
}

// answerSimulated has the answers come that are due.
func (e *engine) answerSimulated() {
	for len(e.null.answers) > 0 && e.null.answers[0].at <= e.now {
		a := e.null.pop()
		c := e.slots.at(a.slot)
		if c.state != simulated || c.begun != a.begun {
			continue // it was given up, and the slot may be another's
		}
		e.waiting.remove(a.slot)
		e.tally.answered(c, e.now, c.cheap)
		e.tally.closed(c)
		e.release(a.slot, c)
	}
}

func (n *null) push(a nullAnswer) {
	n.answers = append(n.answers, a)
	for i := len(n.answers) - 1; i > 0; {
		parent := (i - 1) / 2
		if n.answers[parent].at <= n.answers[i].at {
			return
		}
		n.answers[parent], n.answers[i] = n.answers[i], n.answers[parent]
		i = parent
	}
}

func (n *null) pop() nullAnswer {
	first, last := n.answers[0], len(n.answers)-1
	n.answers[0] = n.answers[last]
	n.answers = n.answers[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if n.answers[child].at < n.answers[least].at {
				least = child
			}
		}
		if least == i {
			return first
		}
		n.answers[i], n.answers[least] = n.answers[least], n.answers[i]
		i = least
	}
}
