//go:build linux

package strategies_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
	"prefork/strategies"
)

// open opens a strategy as a master does, without workers.
func open(t *testing.T, strategy string, change func(*strategies.Config)) strategies.Front {
	t.Helper()
	s, err := strategies.Lookup(strategy)
	if err != nil {
		t.Fatal(err)
	}
	c := strategies.Config{
		Binds: []strategies.Bind{{Network: "tcp", Address: "127.0.0.1:0"}}, Backlog: 1000, Window: 16, Concurrency: 1,
		Random: rand.New(rand.NewPCG(1, 2)), Counts: func(int) (uint64, int, bool) { return 0, 0, false },
	}
	change(&c)
	front, err := s.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return front
}

// openSlots opens slots and says that they all have a worker.
func openSlots(t *testing.T, front strategies.Front, n int) {
	t.Helper()
	for slot := range n {
		if _, err := front.Files(slot); err != nil {
			t.Fatal(err)
		}
		check(t, front.Resume(slot))
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// connect dials a front n times; the connections are held.
func connect(t *testing.T, front strategies.Front, n int) {
	t.Helper()
	addr := front.Listeners().Addrs()[0]
	for range n {
		conn, err := net.Dial(addr.Network(), addr.String())
		check(t, err)
		t.Cleanup(func() { _ = conn.Close() })
	}
}

// queues is how many connections wait for each slot, once so many do in all: a handshake
// may end a moment after its client's.
func queues(t *testing.T, front strategies.Front, slots, n int) (each []int) {
	t.Helper()
	servertest.Eventually(t, fmt.Sprintf("%d connections wait", n), func() bool {
		each = nil
		sum := 0
		for slot := range slots {
			waiting, err := front.Queued(slot)
			check(t, err)
			each = append(each, waiting.Own)
			sum += waiting.Own
		}
		return sum == n
	})
	return each
}

// A slot without a worker gets no connections, whichever slots those are and however the
// kernel is steered; a new slot has none yet. Without any the kernel throws dice.
func TestSuspendedSlotsGetNothing(t *testing.T) {
	const slots, conns = 6, 60
	for _, steer := range strategies.Steers {
		for _, suspended := range [][]int{{0}, {3}, {5}, {1, 2}, {0, 2, 4}, {0, 1, 2, 3, 5}} {
			t.Run(fmt.Sprint(steer.Name, suspended), func(t *testing.T) {
				servertest.NeedSteer(t, steer.Name)
				front := open(t, "reuseport", func(c *strategies.Config) { c.Steer = steer.Name })
				defer func() { check(t, front.Close()) }()
				openSlots(t, front, slots)
				for _, slot := range suspended {
					check(t, front.Suspend(slot))
				}
				if _, err := front.Files(slots); err != nil { // one more, whose worker is starting
					t.Fatal(err)
				}
				connect(t, front, conns)
				each := queues(t, front, slots+1, conns)
				for slot, n := range each {
					if slices.Contains(suspended, slot) == (n > 0) && steer.Name != "cpu" && slot < slots {
						t.Errorf("queues of %v, with %v suspended", each, suspended)
					}
					if slices.Contains(suspended, slot) && n > 0 || slot == slots && n > 0 {
						t.Errorf("slot %d has no worker and got %d connections: %v", slot, n, each)
					}
				}
				for slot := range slots {
					check(t, front.Suspend(slot))
				}
				connect(t, front, 1) // which nobody turns away
			})
		}
	}
}

// Slots go, and come again.
func TestDroppedSlotsAreForgotten(t *testing.T) {
	for _, steer := range strategies.Steers {
		t.Run(steer.Name, func(t *testing.T) {
			servertest.NeedSteer(t, steer.Name)
			front := open(t, "reuseport", func(c *strategies.Config) { c.Steer = steer.Name })
			defer func() { check(t, front.Close()) }()
			openSlots(t, front, 4)
			check(t, front.Suspend(1))
			check(t, front.Suspend(3))
			check(t, front.Suspend(2))
			check(t, front.Drop(2))
			connect(t, front, 20)
			if each := queues(t, front, 4, 20); each[0] != 20 {
				t.Errorf("queues of %v, want all in the first", each)
			}
			openSlots(t, front, 4)
			connect(t, front, 60)
			each := queues(t, front, 4, 80)
			if steer.Name != "cpu" && slices.Min(each) == 0 {
				t.Errorf("queues of %v, want some in each", each)
			}
		})
	}
}

// nextImage is what a state comes to in another image of the process: JSON, and the same
// files by descriptors that exec has kept.
func nextImage(t *testing.T, state strategies.State) *strategies.State {
	t.Helper()
	text, err := json.Marshal(state)
	check(t, err)
	var next strategies.State
	check(t, json.Unmarshal(text, &next))
	kept := map[int]int{}
	for _, fd := range state.FDs() {
		kept[fd], err = unix.Dup(fd)
		check(t, err)
	}
	renumber := func(fds ...*int) {
		for _, fd := range fds {
			*fd = kept[*fd]
		}
	}
	for _, l := range next.Listeners {
		for i := range l.Sockets {
			renumber(&l.Sockets[i])
		}
	}
	if next.Steering != nil {
		renumber(&next.Steering.Board, &next.Steering.Slots, &next.Steering.Sockets)
	}
	if next.Pump != nil {
		for i := range next.Pump.Pairs {
			renumber(&next.Pump.Pairs[i].Master, &next.Pump.Pairs[i].Worker)
		}
		for i := range next.Pump.Held {
			renumber(&next.Pump.Held[i])
		}
	}
	if got := slices.Sorted(slices.Values(next.FDs())); !slices.Equal(got, slices.Sorted(maps.Values(kept))) {
		t.Fatalf("not every descriptor survives: %v of %v", got, kept)
	}
	return &next
}

// What a front is comes through exec: its address, what is queued, and which slots have
// no worker.
func TestAFrontGoesOnInTheNextImage(t *testing.T) {
	const slots, conns = 4, 40
	fronts := map[string]func(*strategies.Config){"shared": func(*strategies.Config) {}}
	for _, steer := range strategies.Steers {
		fronts["reuseport/"+steer.Name] = func(c *strategies.Config) { c.Steer = steer.Name }
	}
	for name, change := range fronts {
		t.Run(name, func(t *testing.T) {
			strategy := filepath.Dir(name)
			if strategy == "." {
				strategy = name
			} else {
				servertest.NeedSteer(t, filepath.Base(name))
			}
			front := open(t, strategy, change)
			openSlots(t, front, slots)
			check(t, front.Suspend(2))
			connect(t, front, conns)
			before := queues(t, front, slots, conns)
			next := open(t, strategy, func(c *strategies.Config) {
				change(c)
				c.State = nextImage(t, front.State())
			})
			defer func() { check(t, next.Close()) }()
			check(t, front.Close())
			if got, want := next.Listeners().Addrs(), front.Listeners().Addrs(); !reflect.DeepEqual(got, want) {
				t.Errorf("it listens on %v, want %v", got, want)
			}
			for _, fd := range next.State().FDs() {
				if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
					t.Errorf("descriptor %d is open to children: %d, %v", fd, flags, err)
				}
			}
			connect(t, next, conns)
			after := queues(t, next, slots, 2*conns)
			if strategy == "shared" {
				return
			}
			if after[2] != before[2] {
				t.Errorf("queues of %v and then %v: the suspended slot got some", before, after)
			}
			check(t, next.Resume(2))
			connect(t, next, conns)
			if last := queues(t, next, slots, 3*conns); last[2] == after[2] && filepath.Base(name) != "cpu" {
				t.Errorf("queues of %v and then %v: the slot that was resumed gets none", after, last)
			}
		})
	}
}

// The path of a Unix-domain address is the next image's to remove, or nobody's if another
// socket lies there.
func TestThePathGoesWithItsOwner(t *testing.T) {
	for _, strategy := range []string{"shared", "dispatch"} {
		path := filepath.Join(shortDir(t), "s")
		at := func(c *strategies.Config) { c.Binds = []strategies.Bind{{Network: "unix", Address: path}} }
		front := open(t, strategy, at)
		connect(t, front, 3)
		if q, err := front.Queued(0); err != nil || q.Waiting != 3 {
			t.Errorf("%s: %d queued, %v, want 3", strategy, q, err)
		}
		next := open(t, strategy, func(c *strategies.Config) {
			at(c)
			c.State = nextImage(t, front.State())
		})
		check(t, next.Close())
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("%s: the path is still there: %v", strategy, err)
		}
		check(t, os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o600))
		check(t, front.Close())
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s: what somebody else has put there is gone: %v", strategy, err)
		}
	}
}
