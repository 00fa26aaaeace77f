package result

import (
	"errors"
	"strings"
	"testing"
)

// spread is a result of two arms whose rounds are two values in turn each.
func spread(rounds int, ours, theirs [2]float64) *Result {
	r := simulated(steadyTruths()[:2], rounds, 1)
	each(r, func(x *Round) {
		values := theirs
		if x.Arm == hash {
			values = ours
		}
		x.Throughput = values[x.Round%2]
	})
	r.Summarise()
	return r
}

// What the median says is sure only if all of the interval says so.
func TestSurely(t *testing.T) {
	wide, narrow := [2]float64{60, 240}, [2]float64{118, 122}
	for _, c := range []struct {
		text          string
		ours          [2]float64
		plain, surely bool
		says          string
	}{
		{"throughput(reuseport/hash) > 100", wide, true, false, ""},
		{"throughput(reuseport/hash) > 100", narrow, true, true, "surely above 11"},
		{"throughput(reuseport/hash) < 150", wide, false, false, ""},
		{"throughput(reuseport/hash) < 150", narrow, true, true, "surely below 12"},
		{"throughput(reuseport/hash) > 1.1 * throughput(shared/blocking)", wide, true, false, ""},
		{"throughput(reuseport/hash) > 1.1 * throughput(shared/blocking)", narrow, true, true, "times throughput(shared/blocking), surely above 1.1"},
		{"throughput(reuseport/hash) > 1.1 * old.throughput(shared/blocking)", narrow, true, true, "times old.throughput(shared/blocking), surely above 1.1"},
	} {
		r := spread(8, c.ours, [2]float64{99, 101})
		for text, want := range map[string]bool{c.text: c.plain, "surely " + c.text: c.surely} {
			got, value, err := parsed(t, text).Crossed(r, r)
			if err != nil || got != want || strings.HasPrefix(text, surely) && !strings.Contains(value, c.says) {
				t.Errorf("%v: '%s' is %v (%s, %v), want %v", c.ours, text, got, value, err, want)
			}
		}
	}
	if _, _, err := parsed(t, "surely throughput(reuseport/hash) > 1").Crossed(spread(1, narrow, narrow), nil); !errors.Is(err, ErrNotMeasured) {
		t.Errorf("of one round: %v", err)
	}
}
