//go:build linux

package load_test

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"prefork/bench/load"
	"prefork/internal/servertest"
)

// silent is a server that says nothing until the client leaves.
func silent(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 1))
}

// slow is a server that takes its time: it answers when that has come, which is what
// the generator is to measure.
func slow(d time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		<-time.After(d)
		_, _ = fmt.Fprint(conn, "Hello from 5\n")
	}
}

func TestStalled(t *testing.T) {
	for name, test := range map[string]struct {
		serve   func(net.Conn)
		timeout time.Duration
		stall   time.Duration
		all     bool
	}{
		"answered late":       {slow(50 * time.Millisecond), time.Minute, 20 * time.Millisecond, true},
		"answered in time":    {slow(0), time.Minute, 10 * time.Second, false},
		"never answered":      {silent, 100 * time.Millisecond, 50 * time.Millisecond, true},
		"given up before":     {silent, 100 * time.Millisecond, time.Minute, false},
		"nothing is too long": {slow(50 * time.Millisecond), time.Minute, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := carryOut(t, load.Order{Address: listen(t, test.serve), Rate: 200, Length: 100 * time.Millisecond, Timeout: test.timeout, Stall: test.stall})
			want := 0
			if test.all {
				want = r.Begun
			}
			if r.Begun == 0 || r.Stalled != want {
				t.Errorf("%d of %d stalled, want %d", r.Stalled, r.Begun, want)
			}
		})
	}
}

// The timeline has every request in it, those of the warm-up too, and none twice.
func TestTimeline(t *testing.T) {
	busy := servertest.Start(t, "-w", "2")
	for name, test := range map[string]struct {
		change func(*load.Order)
		slices int
	}{
		"closed":              {func(o *load.Order) { o.Clients = 4 }, 6},
		"open":                {func(o *load.Order) { o.Rate = 1000 }, 6},
		"two threads":         {func(o *load.Order) { o.Clients, o.Threads = 4, 2 }, 6},
		"nobody answers":      {func(o *load.Order) { o.Rate, o.Timeout, o.Address = 500, 50*time.Millisecond, listen(t, silent) }, 6},
		"too many to be kept": {func(o *load.Order) { o.Rate, o.Slice = 1000, 900*time.Microsecond }, 167},
		"wider than the time": {func(o *load.Order) { o.Rate, o.Slice = 1000, time.Hour }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := order(busy)
			o.Slice, o.Stall = 50*time.Millisecond, time.Millisecond
			test.change(&o)
			r := carryOut(t, o)
			answered, failed, stalled := 0, 0, 0
			for i, s := range r.Timeline {
				answered, failed, stalled = answered+s.Answered, failed+s.Failed, stalled+s.Stalled
				if (s.Answered == 0) != (s.P50 == 0) || s.P99 < s.P50 || i > 0 && s.At <= r.Timeline[i-1].At {
					t.Errorf("slice %+v", s)
				}
			}
			if n := int(r.Response.TotalCount()); answered != n || failed != sumOf(r.Errors) || answered+failed == 0 {
				t.Errorf("%d answered and %d failed, want %d and %d", answered, failed, n, sumOf(r.Errors))
			}
			if stalled != r.Stalled || stalled < failed {
				t.Errorf("%d stalled, want %d, the %d that failed among them", stalled, r.Stalled, failed)
			}
			if len(r.Timeline) != test.slices {
				t.Errorf("%d slices, want %d", len(r.Timeline), test.slices)
			}
		})
	}
	t.Run("warm-up", func(t *testing.T) {
		o := order(busy)
		o.Rate, o.Warmup, o.Slice = 1000, o.Length, o.Length
		r := carryOut(t, o)
		if len(r.Timeline) != 2 || r.Timeline[0].Answered == 0 || r.Timeline[1].Answered != int(r.Response.TotalCount()) {
			t.Errorf("%+v, want the %d answers of the measured time in the second", r.Timeline, r.Response.TotalCount())
		}
	})
}

func sumOf[K comparable](counts map[K]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}

// However many event loops there are, an open loop asks for the same.
func TestOpenLoopIsOneStream(t *testing.T) {
	var streams []stream
	for threads := range 4 {
		s, r := openStream(t, threads)
		for tries := 0; r.Begun < r.Due && tries < 10; tries++ { // the machine is busy
			s, r = openStream(t, threads)
		}
		if r.Threads != max(1, threads) || r.Begun != r.Due || int(r.Response.TotalCount()) != r.Due {
			t.Fatalf("%d threads: %+v", threads, r)
		}
		streams = append(streams, s)
	}
	for threads, s := range streams {
		if first := streams[0]; s.due != first.due || s.due < 150 || !slices.Equal(s.demands, first.demands) {
			t.Errorf("%d threads: %d connections asked for %d demands, unlike the %d of one", threads, s.due, len(s.demands), first.due)
		}
	}
}

// stream is what an open loop asks for.
type stream struct {
	due     int
	demands []string // sorted
}

func openStream(t *testing.T, threads int) (s stream, r *load.Result) {
	var mu sync.Mutex
	o := load.Order{Rate: 1000, Length: 200 * time.Millisecond, Timeout: 10 * time.Second, Seed: 7, Service: "exp:2ms", Threads: threads}
	o.Address = listen(t, func(conn net.Conn) {
		demand, _ := bufio.NewReader(conn).ReadString('\n')
		mu.Lock()
		s.demands = append(s.demands, demand)
		mu.Unlock()
		_, _ = fmt.Fprint(conn, "Hello from 5\n")
	})
	r = carryOut(t, o)
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(s.demands)
	s.due = r.Due
	return s, r
}

// The clients of a closed loop are divided among the event loops, and none is
// lost.
func TestClientsAreDivided(t *testing.T) {
	for threads, want := range map[int]int{2: 2, 3: 3, 9: 5} {
		r := carryOut(t, load.Order{Address: listen(t, silent), Clients: 5, Threads: threads, Length: 50 * time.Millisecond, Timeout: 200 * time.Millisecond})
		if r.Threads != want || r.MaxOpen != 5 || r.Errors[load.Late] != 5 {
			t.Errorf("%d threads for 5 clients: %d loops with %d connections, errors %v", threads, r.Threads, r.MaxOpen, r.Errors)
		}
	}
}

// Of two kinds of demands the usual ones are told apart.
func TestCheap(t *testing.T) {
	s := servertest.Start(t, "-w", "4", "--app", "work")
	o := order(s)
	o.Rate, o.Service = 300, "bimodal:1ms,30ms,10%"
	r := carryOut(t, o)
	if n, all := r.Cheap.TotalCount(), r.Response.TotalCount(); n < all*3/4 || n >= all {
		t.Errorf("%d cheap ones of %d, want about 90 %%", n, all)
	}
	if slow := r.Service.Max(); slow < 30_000 {
		t.Errorf("the slowest took %d µs, want the 30 ms that it asked for", slow)
	}
	o.Service = "fixed:1ms"
	if r := carryOut(t, o); r.Cheap != nil {
		t.Error("cheap ones among demands that are all the same")
	}
}

func TestSources(t *testing.T) {
	var mu sync.Mutex
	from := map[string]int{}
	o := load.Order{Rate: 500, Length: 100 * time.Millisecond, Timeout: 10 * time.Second, Sources: 5, FIN: true, Threads: 2}
	o.Address = listen(t, func(conn net.Conn) {
		host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
		mu.Lock()
		from[host]++
		mu.Unlock()
		_, _ = fmt.Fprint(conn, "Hello from 5\n")
	})
	r := carryOut(t, o)
	for i := 1; i <= o.Sources; i++ {
		if n := from[fmt.Sprint("127.0.0.", i)]; math.Abs(float64(n)-float64(r.Begun)/5) > 2 {
			t.Errorf("%v, want %d connections over 127.0.0.1 to .5", from, r.Begun)
			break
		}
	}
}

func TestOrdersThatAreNone(t *testing.T) {
	good := load.Order{Address: "127.0.0.1:1", Clients: 1, Length: time.Millisecond, Timeout: time.Second}
	for want, change := range map[string]func(*load.Order){
		"closed, with clients, or open":                func(o *load.Order) { o.Rate = 5 },
		"negative":                                     func(o *load.Order) { o.Sources = -1 },
		`protocol "gopher"`:                            func(o *load.Order) { o.Protocol = "gopher" },
		"want protocol http":                           func(o *load.Order) { o.Requests = 2 },
		"to the app work alone":                        func(o *load.Order) { o.Protocol, o.Service = load.HTTP, "exp:1ms" },
		"want an IP address without a zone and a port": func(o *load.Order) { o.Address = "nowhere" },
		"no such kind":                                 func(o *load.Order) { o.Service = "often" },
	} {
		o := good
		change(&o)
		if _, err := load.Start(context.Background(), o, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
