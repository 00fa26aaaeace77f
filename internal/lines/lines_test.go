package lines_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"prefork/internal/lines"
)

// outlet is a reader that can stall and that can leave.
type outlet struct {
	mu   sync.Mutex
	open *sync.Cond
	shut bool // writes wait
	gone bool // writes fail
	got  []string
}

func newOutlet() *outlet {
	o := &outlet{}
	o.open = sync.NewCond(&o.mu)
	return o
}

func (o *outlet) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.shut {
		o.open.Wait()
	}
	if o.gone {
		return 0, errors.New("nobody reads")
	}
	o.got = append(o.got, string(text))
	return len(text), nil
}

func (o *outlet) set(shut, gone bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.shut, o.gone = shut, gone
	o.open.Broadcast()
}

func (o *outlet) lines() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.got...)
}

const patience = 10 * time.Second

func TestLinesComeInTheirOrder(t *testing.T) {
	o := newOutlet()
	w := lines.NewWriter(o, func(uint64) { t.Error("told of drops where there were none") })
	for i := range 100 {
		fmt.Fprintf(w, "%d", i)
	}
	w.Flush(patience)
	for i, got := range o.lines() {
		if got != fmt.Sprint(i) {
			t.Fatalf("line %d is %q", i, got)
		}
	}
	if n := len(o.lines()); n != 100 {
		t.Errorf("%d lines came, want 100", n)
	}
}

// A reader that stalls: nobody waits, and afterwards every line is either there or
// counted.
func TestAReaderThatStallsHoldsNobody(t *testing.T) {
	o := newOutlet()
	o.set(true, false)
	var dropped uint64
	told := make(chan struct{})
	w := lines.NewWriter(o, func(n uint64) { dropped += n; close(told) })
	const all = 5000
	for i := range all {
		fmt.Fprintf(w, "%d", i) // would never return if it waited
	}
	w.Flush(time.Millisecond) // which gives up
	o.set(false, false)
	<-told
	w.Flush(patience)
	if got := uint64(len(o.lines())); got+dropped != all || dropped == 0 {
		t.Errorf("%d lines came and %d were told as dropped, of %d", got, dropped, all)
	}
}

// A reader that leaves: lines are dropped, and told of once somebody reads again.
func TestAReaderThatLeavesIsToldOfAfterwards(t *testing.T) {
	o := newOutlet()
	o.set(false, true)
	told := make(chan uint64, 1)
	w := lines.NewWriter(o, func(n uint64) { told <- n })
	for range 3 {
		fmt.Fprint(w, "lost")
	}
	w.Flush(patience)
	o.set(false, false)
	fmt.Fprint(w, "heard")
	if n := <-told; n != 3 {
		t.Errorf("told of %d lines, want 3", n)
	}
	w.Flush(patience)
	if got := o.lines(); len(got) != 1 || got[0] != "heard" {
		t.Errorf("got %q, want the line after the return alone", got)
	}
}
