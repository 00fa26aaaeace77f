//go:build linux

package load_test

import (
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"prefork/bench/load"
)

// liveLoad starts one live load.
func liveLoad(t *testing.T) (*load.Live, <-chan load.Report) {
	t.Helper()
	runtime.LockOSThread() // for good: the generator ends with the thread
	reports := make(chan load.Report, 1000)
	live, err := load.StartLive(1, func(r load.Report) { reports <- r })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(live.Close)
	return live, reports
}

// total adds up reports until f is satisfied with it.
func total(t *testing.T, reports <-chan load.Report, f func(load.Report) bool) (all load.Report) {
	t.Helper()
	all.Lost, all.Workers = map[string]int{}, map[int]int{}
	late := time.After(30 * time.Second)
	for {
		select {
		case r := <-reports:
			all.Begun, all.Done, all.Open, all.Changes = all.Begun+r.Begun, all.Done+r.Done, r.Open, r.Changes
			for kind, n := range r.Lost {
				all.Lost[kind] += n
			}
			for pid, n := range r.Workers {
				all.Workers[pid] += n
			}
			if r.Times != nil {
				all.Times = r.Times
			}
			if f(all) {
				return all
			}
		case <-late:
			t.Fatalf("by now %+v", all)
		}
	}
}

func TestLive(t *testing.T) {
	address := listen(t, func(conn net.Conn) { _, _ = fmt.Fprint(conn, "Hello from 77\n") })
	live, reports := liveLoad(t)
	want := func(w load.Want) {
		t.Helper()
		w.Address = address
		if err := live.Set(0, w); err != nil {
			t.Fatal(err)
		}
	}

	want(load.Want{Burst: 10})
	r := total(t, reports, func(r load.Report) bool { return r.Done >= 10 })
	if r.Begun != 10 || r.Done != 10 || r.Workers[77] != 10 || len(r.Lost) > 0 {
		t.Errorf("ten at once: %+v", r)
	}

	want(load.Want{Rate: 500, Seed: 1})
	r = total(t, reports, func(r load.Report) bool { return r.Done > 500 && r.Times.Recent.N > 300 })
	if q := r.Times.Recent; q.P50 <= 0 || q.P99 < q.P50 || q.P99 > 5e6 {
		t.Errorf("times: %+v", q)
	}

	want(load.Want{Clients: 3})
	total(t, reports, func(r load.Report) bool { return r.Done > 500 })

	want(load.Want{})
	total(t, reports, func(r load.Report) bool { return r.Changes == 4 && r.Open == 0 })
	r = total(t, reports, func(r load.Report) bool { return r.Times != nil })
	if r.Begun > 0 {
		t.Errorf("at rest it has begun %d connections", r.Begun)
	}
}

func TestLiveLosses(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0") // whom nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	live, reports := liveLoad(t)
	w := load.Want{Address: listener.Addr().String(), Burst: 5, Timeout: 100 * time.Millisecond}
	if err := live.Set(0, w); err != nil {
		t.Fatal(err)
	}
	r := total(t, reports, func(r load.Report) bool { return r.Lost[load.Late] == 5 && r.Times != nil && r.Times.Recent.N == 5 })
	if r.Times.Recent.P50 < 90_000 {
		t.Errorf("those that were late after 100 ms count as %d µs", r.Times.Recent.P50)
	}
	_ = listener.Close()
	w.Burst = 3
	if err := live.Set(0, w); err != nil {
		t.Fatal(err)
	}
	total(t, reports, func(r load.Report) bool { return r.Lost[load.Refused] == 3 })
}

// Who waits counts with his age so far: while nobody answers, every second is slower
// than the one before.
func TestLiveCountsThoseWhoWait(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0") // whom nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	live, reports := liveLoad(t)
	const burst = 20
	if err := live.Set(0, load.Want{Address: listener.Addr().String(), Burst: burst, Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	var last load.Times
	for range 3 {
		now := *total(t, reports, func(r load.Report) bool { return r.Times != nil && r.Times.Second.N > 0 && r.Open == burst }).Times
		if now.Second.N != burst || now.Recent.N != burst {
			t.Errorf("%d wait, and %+v counts others", burst, now)
		}
		if now.Second.P50 <= last.Second.P50 || now.Second.P99 <= last.Second.P99 || now.Recent.P99 <= last.Recent.P99 {
			t.Errorf("first it was %+v and then, while all wait, %+v", last, now)
		}
		last = now
	}
}

func TestLiveWantsSense(t *testing.T) {
	live, _ := liveLoad(t)
	for _, w := range []load.Want{
		{}, {Address: "nowhere"}, {Address: "127.0.0.1:1", Rate: -1}, {Address: "127.0.0.1:1", Rate: 1, Clients: 1},
		{Address: "127.0.0.1:1", Service: "soon"}, {Address: "127.0.0.1:1", Burst: -1},
	} {
		if live.Set(0, w) == nil {
			t.Errorf("%+v was taken", w)
		}
	}
}
