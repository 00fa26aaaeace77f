//go:build linux

package load

import (
	"testing"
	"time"
)

// Who is given up as late is not answered later, nor is whoever has his place by then.
func TestNullLate(t *testing.T) {
	e, err := newEngine(Order{Null: true, Clients: 1, Length: time.Second, Timeout: 50 * time.Millisecond}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	begin := func(demand time.Duration) { e.begin(appointment{e.now, demand}) }
	begin(60 * time.Millisecond)
	e.now = 51 * time.Millisecond
	e.giveUpLate()
	begin(40 * time.Millisecond)
	e.now = 61 * time.Millisecond
	e.answerSimulated()
	if c := e.tally.counts; c.Failed != 1 || c.Answered != 0 || e.slots.used != 1 || e.sockets != 1 {
		t.Errorf("one was late, one is to be answered at 91 ms, and it is 61: %+v, %d open", c, e.sockets)
	}
	e.now = 91 * time.Millisecond
	e.answerSimulated()
	if c := e.tally.counts; c.Answered != 1 || e.slots.used != 0 || e.sockets != 0 {
		t.Errorf("it is 91 ms: %+v, %d open", c, e.sockets)
	}
}

// Answers come in the order of their times.
func TestNullOrder(t *testing.T) {
	var n null
	for i := range 1000 {
		n.push(nullAnswer{at: time.Duration(i * 7919 % 1000)})
	}
	for i := range 1000 {
		if a := n.pop(); a.at != time.Duration(i) {
			t.Fatalf("answer %d comes at %d", i, a.at)
		}
	}
}
