package result

import (
	"slices"
	"testing"
)

func TestNormalAfter(t *testing.T) {
	calm := Slice{Answered: 10, P99: 5000}
	slow := Slice{Answered: 10, P99: 50_000}
	stuck := Slice{Answered: 10, P99: 1e6}
	failing := Slice{Answered: 9, Failed: 1, P99: 5000}
	silent := Slice{}
	for _, c := range []struct {
		name   string
		slices []Slice // one a second; the moment is at 2 s
		want   float64 // -1 for never
	}{
		{"nothing shows", []Slice{calm, calm, calm, calm}, 0},
		{"slow for a while", []Slice{calm, calm, slow, slow, calm}, 2},
		{"failures for a while", []Slice{calm, calm, failing, calm, calm}, 1},
		{"normal in between does not count", []Slice{calm, calm, slow, slow, calm, slow, slow, calm}, 5},
		{"slow to the end", []Slice{calm, calm, slow, slow}, -1},
		{"one that is slow is chance", []Slice{calm, calm, calm, slow, calm}, 0},
		{"at the end, too", []Slice{calm, calm, calm, slow}, 0},
		{"one that fails is not", []Slice{calm, calm, calm, failing, calm}, 2},
		{"a lucky moment is no recovery", append(slices.Repeat([]Slice{calm}, 2), append(slices.Repeat([]Slice{slow}, 11), calm)...), -1},
		{"slow before, too", []Slice{slow, slow, slow, slow, calm}, 0},
		{"a stall is never normal", []Slice{stuck, stuck, stuck, stuck}, -1},
		{"nobody came in the end", []Slice{calm, calm, calm, silent}, 0},
		{"nobody came while it was slow", []Slice{calm, calm, slow, slow, silent}, -1},
		{"twice of nearly nothing", []Slice{{Answered: 1, P99: 100}, calm, {Answered: 1, P99: 1500}, calm}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i := range c.slices {
				c.slices[i].At = float64(i)
			}
			got := NormalAfter(c.slices, 2, float64(len(c.slices)), 500_000)
			if got == nil {
				got = new(float64)
				*got = -1
			}
			if *got != c.want {
				t.Errorf("normal after %g s, want %g", *got, c.want)
			}
		})
	}
}

func TestStragglersAfterTheEndDoNotCount(t *testing.T) {
	all := []Slice{{At: 0, Answered: 1, P99: 1}, {At: 1, Answered: 1, P99: 1}, {At: 2, Failed: 1}}
	if got := NormalAfter(all, 1, 2, 0); got == nil || *got != 0 {
		t.Errorf("normal after %v, want 0", got)
	}
}

// A connection that the disturbance catches was due before it.
func TestTheLastSliceBeforeTheMomentMayBeCaught(t *testing.T) {
	all := []Slice{{P99: 5000}, {P99: 5000}, {P99: 400_000}, {P99: 450_000}, {P99: 450_000}}
	for i := range all {
		all[i].At, all[i].Answered = float64(i), 1
	}
	if got := NormalAfter(all, 3, 5, 500_000); got != nil {
		t.Errorf("normal after %v, want never", *got)
	}
}
