package drive

import (
	"fmt"
	"time"
)

// clock bounds how far another machine's CLOCK_MONOTONIC is ahead of ours. Each question
// and answer bounds it: what was read there was read between our asking and our hearing of
// it (Cristian, "Probabilistic Clock Synchronization", 1989), so the difference is known
// to half the round trip. All of them together bound it by the quickest, and contradict each
// other where a clock is none.
//
//	ours    sent ────────────────── received
//	theirs          read
//	        read − received ≤ difference ≤ read − sent
type clock struct {
	low, high time.Duration // of the difference
	at        time.Duration // our clock when they were known
	known     bool
}

// drift is how far apart two clocks may run, in parts: crystals are within 100 in a
// million, and are not slewed by more than 500 (adjtimex(2)).
const drift = 600e-6

// leeway is for what two clocks read in other units of time.
const leeway = 2 * time.Microsecond

// heard takes an answer. It is an error if no clock could have given it and those before.
func (c *clock) heard(sent, received, read time.Duration) error {
	low, high := read-received-leeway, read-sent+leeway
	if c.known {
		drifted := time.Duration(drift * float64(received-c.at))
		was := [2]time.Duration{c.low - drifted, c.high + drifted}
		if low > was[1] || high < was[0] {
			return fmt.Errorf("its clock is none: it was %s ahead of ours, and %s later %s (a machine that was suspended, or an agent that is not ours)",
				middle(was[0], was[1]).Round(time.Microsecond), (received - c.at).Round(time.Millisecond), middle(low, high).Round(time.Microsecond))
		}
		low, high = max(low, was[0]), min(high, was[1])
	}
	c.low, c.high, c.at, c.known = low, high, received, true
	return nil
}

func middle(low, high time.Duration) time.Duration { return low + (high-low)/2 }

// ahead is the best guess of the difference, and off how wrong that may be.
func (c *clock) ahead() (ahead, off time.Duration) {
	return middle(c.low, c.high), (c.high - c.low) / 2
}
