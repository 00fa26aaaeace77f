package dispatch

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/quick"
)

// crew is the loads that a policy asks about. A negative load has no room.
type crew []int

func (c crew) Slots() int         { return len(c) }
func (c crew) Room(slot int) bool { return c[slot] >= 0 }
func (c crew) Load(slot int) int  { return c[slot] }

func picker(t *testing.T, name string) Picker {
	t.Helper()
	i := slices.IndexFunc(Policies, func(p Policy) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no policy %q", name)
	}
	return Policies[i].New(rand.New(rand.NewPCG(1, 2)))
}

// picks is how often each slot is picked while nothing changes.
func picks(pick Picker, loads Loads, n int) []int {
	got := make([]int, loads.Slots())
	for range n {
		got[pick(loads)]++
	}
	return got
}

// Every policy picks a slot with room, and -1 if and only if there is none,
// whatever it remembers of crews that were larger or smaller.
func TestPicksOnlyWhereThereIsRoom(t *testing.T) {
	for _, policy := range Policies {
		t.Run(policy.Name, func(t *testing.T) {
			pick := picker(t, policy.Name)
			right := func(loads []int8) bool {
				var c crew
				for _, load := range loads {
					c = append(c, int(load))
				}
				slot := pick(c)
				if slot < 0 {
					return slot == -1 && !slices.ContainsFunc(c, func(load int) bool { return load >= 0 })
				}
				return slot < len(c) && c.Room(slot)
			}
			for _, none := range [][]int8{nil, {-1}, {-1, -1, -1}} {
				if !right(none) {
					t.Errorf("wrong where none has room: %v", none)
				}
			}
			if err := quick.Check(right, &quick.Config{MaxCount: 2000}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRoundRobinIsExact(t *testing.T) {
	pick := picker(t, "round-robin")
	loads := crew{9, 0, 3, 0} // however busy they are
	for i := range 20 {
		if got := pick(loads); got != i%len(loads) {
			t.Fatalf("pick %d is slot %d", i, got)
		}
	}
}

func TestRoundRobinPassesOverTheFull(t *testing.T) {
	pick := picker(t, "round-robin")
	for i, want := range []int{1, 3, 1, 3} {
		if got := pick(crew{-1, 0, -1, 0}); got != want {
			t.Errorf("pick %d is slot %d, want %d", i, got, want)
		}
	}
	if got := pick(crew{0, 0, 0, 0}); got != 0 {
		t.Errorf("it goes on with slot %d, want 0, the one after the last", got)
	}
}

func TestLeastConnPicksTheLeast(t *testing.T) {
	pick := picker(t, "least-conn")
	least := func(loads []uint8) bool {
		var c crew
		for _, load := range loads {
			c = append(c, int(load))
		}
		slot := pick(c)
		return len(c) == 0 && slot == -1 || c[slot] == slices.Min(c)
	}
	if err := quick.Check(least, nil); err != nil {
		t.Error(err)
	}
}

// From a fixed start, an idle crew's connections would all go to one worker.
func TestLeastConnTakesTurnsAmongEquals(t *testing.T) {
	for _, loads := range []crew{{0, 0, 0, 0}, {2, 7, 2, 2, 9}} {
		equals := 0
		for _, load := range loads {
			if load == slices.Min(loads) {
				equals++
			}
		}
		for slot, n := range picks(picker(t, "least-conn"), loads, 10*equals) {
			if want := 10; loads[slot] == slices.Min(loads) && n != want {
				t.Errorf("%v: slot %d was picked %d times, want %d", loads, slot, n, want)
			}
		}
	}
}

// The most loaded of all can never be the better of two.
func TestP2CNeverPicksTheWorst(t *testing.T) {
	pick := picker(t, "p2c")
	for n := 2; n <= 5; n++ {
		loads := make(crew, n)
		for worst := range n {
			clear(loads)
			loads[worst] = 1
			if got := picks(pick, loads, 500); got[worst] > 0 {
				t.Errorf("%v: the most loaded was picked %d times", loads, got[worst])
			}
		}
	}
	if got := picks(pick, crew{-1, 5, -1}, 50); got[1] != 50 {
		t.Errorf("the only one with room was picked %d times in 50", got[1])
	}
}

func TestP2CDrawsUniformlyAmongEquals(t *testing.T) {
	const draws, p = 20000, 0.2
	// Five standard deviations; the seed is fixed besides.
	slack := 5 * math.Sqrt(draws*p*(1-p))
	for slot, got := range picks(picker(t, "p2c"), make(crew, 1/p), draws) {
		if math.Abs(float64(got)-draws*p) > slack {
			t.Errorf("slot %d was picked %d times, want %.0f ± %.0f", slot, got, draws*p, slack)
		}
	}
}
