//go:build linux

package load_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"prefork/bench/load"
	"prefork/internal/servertest"
)

// order is a short one against a server.
func order(s *servertest.Server) load.Order {
	return load.Order{Address: s.Addr, Length: 300 * time.Millisecond, Timeout: 10 * time.Second, Seed: 1}
}

func carryOut(t *testing.T, o load.Order) *load.Result {
	t.Helper()
	result, err := load.Start(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// sum is how many connections all workers have together.
func sum(workers map[int]int) (n int) {
	for _, count := range workers {
		n += count
	}
	return n
}

// What the generator counts is what the workers count, worker by worker.
func TestCountsAgreeWithTheServer(t *testing.T) {
	s := servertest.Start(t, "-w", "3")
	for name, change := range map[string]func(*load.Order){
		"closed": func(o *load.Order) { o.Clients = 8 },
		"open":   func(o *load.Order) { o.Rate = 500 },
	} {
		t.Run(name, func(t *testing.T) {
			before := finished(s)
			o := order(s)
			change(&o)
			r := carryOut(t, o)
			if r.Conns == 0 || len(r.Errors) > 0 {
				t.Fatalf("%d answers, errors %v", r.Conns, r.Errors)
			}
			late := int(r.Response.TotalCount()) - r.Requests // answered after the measured time
			servertest.Eventually(t, "the workers have counted them", func() bool {
				return beyond(r.Workers, served(before, finished(s))) == late
			})
			if sum(r.Workers) != r.Conns {
				t.Errorf("%d connections of all workers, want %d", sum(r.Workers), r.Conns)
			}
		})
	}
}

// beyond is how many connections the workers have served beyond those that were counted
// for each of them; negative if one has served fewer.
func beyond(counted, served map[int]int) (n int) {
	for pid, own := range counted {
		if served[pid] < own {
			return -1
		}
	}
	return sum(served) - sum(counted)
}

// finished is how many connections each worker has served.
func finished(s *servertest.Server) map[int]int {
	counts := map[int]int{}
	for slot := range s.Workers() {
		sum := s.Scores().Slot(slot)
		counts[sum.PID] = int(sum.Finished)
	}
	return counts
}

func served(before, after map[int]int) map[int]int {
	diff := map[int]int{}
	for pid, n := range after {
		if n > before[pid] {
			diff[pid] = n - before[pid]
		}
	}
	return diff
}

// A demand takes at least as long as it asks for, and a closed loop of as many
// clients as workers keeps them all busy.
func TestDemandsAreMet(t *testing.T) {
	s := servertest.Start(t, "-w", "2", "--app", "work")
	o := order(s)
	o.Clients, o.Service = 2, "fixed:20ms"
	r := carryOut(t, o)
	if shortest := r.Service.Min(); shortest < 19_900 {
		t.Errorf("a demand of 20 ms was met in %d µs", shortest)
	}
	if len(r.Workers) != 2 {
		t.Errorf("answers came from %d workers, want 2", len(r.Workers))
	}
}

// Open-loop arrivals come from the seed, whatever the server does with them.
func TestArrivalsComeFromTheSeed(t *testing.T) {
	fast, slow := servertest.Start(t, "-w", "2"), servertest.Start(t, "-w", "2", "--app", "work")
	o := order(fast)
	o.Rate = 300
	a, b := carryOut(t, o), carryOut(t, o)
	o.Address, o.Service = slow.Addr, "fixed:1ms"
	c := carryOut(t, o)
	if counts := []int{a.Due, b.Due, c.Due}; counts[0] == 0 || slices.Min(counts) != slices.Max(counts) {
		t.Errorf("%v connections with one seed, want the same number each time", counts)
	}
}

func TestErrorsAreTold(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := load.Order{Address: l.Addr().String(), Clients: 2, Length: 50 * time.Millisecond, Timeout: 100 * time.Millisecond}
	if r := carryOut(t, silent); r.Errors[load.Late] < 2 || r.Conns != 0 {
		t.Errorf("a server that says nothing: %d answers, errors %v; want only late ones", r.Conns, r.Errors)
	}
	_ = l.Close()
	if r := carryOut(t, silent); r.Errors[load.Refused] == 0 || r.Conns != 0 || r.First[load.Refused] != "connection refused" {
		t.Errorf("no server: %d answers, errors %v, first %v; want refusals", r.Conns, r.Errors, r.First)
	}
	if _, err := load.Start(context.Background(), load.Order{Address: "nowhere", Clients: 1}, nil); err == nil {
		t.Error("an address that is none was taken")
	}
}
