//go:build linux

package load_test

import (
	"errors"
	"testing"
	"time"

	"prefork/bench/load"
	"prefork/internal/sys"
)

// A simulated server answers each request after the demand that was drawn for it, in a
// closed loop as in an open one.
func TestNull(t *testing.T) {
	const service = 20 * time.Millisecond
	for name, change := range map[string]func(*load.Order){
		"closed": func(o *load.Order) { o.Clients, o.Threads = 7, 2 },
		"open":   func(o *load.Order) { o.Rate, o.Threads = 400, 2 },
	} {
		t.Run(name, func(t *testing.T) {
			o := load.Order{Null: true, Service: "fixed:20ms", Warmup: 100 * time.Millisecond, Length: 400 * time.Millisecond, Seed: 1}
			change(&o)
			r, err := load.Start(t.Context(), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Requests == 0 || len(r.Errors) > 0 || r.Conns != r.Requests {
				t.Fatalf("%d requests on %d connections, errors %v", r.Requests, r.Conns, r.Errors)
			}
			if least := time.Duration(r.Response.Min()) * time.Microsecond; least < service-service/100 {
				t.Errorf("an answer came after %s, and was to take %s", least, service)
			}
			// A client that waits for 20 ms makes 20 requests in 400 ms and no more.
			if o.Clients > 0 && r.Requests > 7*(20+1) {
				t.Errorf("%d requests of 7 clients", r.Requests)
			}
			if o.Clients > 0 && r.MaxOpen != 7 {
				t.Errorf("%d open at most", r.MaxOpen)
			}
		})
	}
}

// The load goes on after the measured time, and what is due then is in no count but those
// that are told meanwhile.
func TestTail(t *testing.T) {
	o := load.Order{Null: true, Rate: 1000, Length: 200 * time.Millisecond, Tail: 300 * time.Millisecond, Slice: 100 * time.Millisecond, Every: time.Millisecond, Seed: 3}
	var last load.Counts
	r, err := load.StartAs(t.Context(), "/proc/self/exe", o, load.Ears{Counts: func(c load.Counts) { last = c }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Seconds != 0.2 || r.Due < 100 || r.Due > 300 || r.Begun > r.Due || int(r.Response.TotalCount()) != r.Begun {
		t.Errorf("%d due in %g s, %d begun, %d answered", r.Due, r.Seconds, r.Begun, r.Response.TotalCount())
	}
	if len(r.Timeline) != 5 || r.Timeline[4].Answered == 0 {
		t.Errorf("the timeline ends too early: %+v", r.Timeline)
	}
	if last.Begun < int64(r.Due)*3/2 || last.Answered > last.Begun {
		t.Errorf("%d were due in the measured time, and in all there have been %+v", r.Due, last)
	}
}

// A generator that is asked waits for the word, and begins when it says.
func TestBegin(t *testing.T) {
	o := load.Order{Null: true, Rate: 1000, Warmup: 50 * time.Millisecond, Length: 100 * time.Millisecond}
	var at time.Duration
	r, err := load.StartAs(t.Context(), "/proc/self/exe", o, load.Ears{Begin: func() (time.Duration, error) {
		at = sys.Monotonic() + 200*time.Millisecond
		return at, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r.From != at+o.Warmup {
		t.Errorf("it measured from %s after it was to", r.From-at-o.Warmup)
	}
	refused := errors.New("not today")
	if _, err = load.StartAs(t.Context(), "/proc/self/exe", o, load.Ears{Begin: func() (time.Duration, error) { return 0, refused }}); !errors.Is(err, refused) {
		t.Errorf("refused: %v", err)
	}
	if _, err = load.StartAs(t.Context(), "/proc/self/exe", o, load.Ears{Begin: func() (time.Duration, error) { return sys.Monotonic() - time.Second, nil }}); err == nil {
		t.Error("it began before it was told to")
	}
}
