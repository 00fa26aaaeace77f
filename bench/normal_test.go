package bench

import "testing"

func TestNormalAfter(t *testing.T) {
	calm := Slice{Answered: 10, P99: 5000}
	slow := Slice{Answered: 10, P99: 50_000}
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
		{"normal in between does not count", []Slice{calm, calm, slow, calm, slow, calm}, 3},
		{"slow to the end", []Slice{calm, calm, calm, slow}, -1},
		{"slow before, too", []Slice{slow, calm, slow, calm}, 0},
		{"nobody came in the end", []Slice{calm, calm, calm, silent}, 0},
		{"nobody came while it was slow", []Slice{calm, calm, slow, silent}, -1},
		{"twice of nearly nothing", []Slice{{Answered: 1, P99: 100}, calm, {Answered: 1, P99: 1500}, calm}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i := range c.slices {
				c.slices[i].At = float64(i)
			}
			got := normalAfter(c.slices, 2, float64(len(c.slices)))
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
	slices := []Slice{{At: 0, Answered: 1, P99: 1}, {At: 1, Answered: 1, P99: 1}, {At: 2, Failed: 1}}
	if got := normalAfter(slices, 1, 2); got == nil || *got != 0 {
		t.Errorf("normal after %v, want 0", got)
	}
}
