package result

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestParseThreshold(t *testing.T) {
	for _, c := range []struct {
		text  string
		phase string
		name  string
		arm   string
		limit float64
		right string
	}{
		{"p99(dispatch/round-robin) > 2ms", "", "p99", "dispatch/round-robin", 2000, ""},
		{" P99 ( shared/blocking@32#2 )>=150us ", "", "p99", "shared/blocking@32#2", 150, ""},
		{"closed.p99(shared/blocking) > 1.5s", "closed", "p99", "shared/blocking", 1.5e6, ""},
		{"normal_after(reuseport/hash) > 500ms", "", "normal_after", "reuseport/hash", 0.5, ""},
		{"normal_after(reuseport/hash) > 3s", "", "normal_after", "reuseport/hash", 3, ""},
		{"lost(shared/blocking) > 0", "", "lost", "shared/blocking", 0, ""},
		{"jain(my peer) < 9e-1", "", "jain", "my peer", 0.9, ""},
		{"throughput(a) < 0.9 * throughput(b)", "", "throughput", "a", 0.9, "throughput(b)"},
		{"open.p99(a) > 2*closed.p50(b)", "open", "p99", "a", 2, "closed.p50(b)"},
		{"p99(a) > p99(b)", "", "p99", "a", 1, "p99(b)"},
		{"p99(a) > 1.1 * old.p99(a)", "", "p99", "a", 1.1, "old.p99(a)"},
		{"p99(a) > old.closed.p99(a)", "", "p99", "a", 1, "old.closed.p99(a)"},
		{"surely p99(a) > 2ms", "", "p99", "a", 2000, ""},
	} {
		got, err := ParseThreshold(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		right := ""
		if got.right != nil {
			right = got.right.String()
		}
		if got.left.phase != c.phase || got.left.metric.Name != c.name || got.left.arm != c.arm || got.limit != c.limit || right != c.right {
			t.Errorf("%s: got %+v, right side %q", c.text, got, right)
		}
	}
}

func TestParseThresholdErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "write it like"},
		{"p99 > 2ms", "write it like"},
		{"p99(a) = 2ms", "write it like"},
		{"p99() > 2ms", "of which arm?"},
		{"p98(a) > 2ms", `unknown metric "p98" (did you mean "p99"?); there are: throughput, cpu_server`},
		{"opne.p99(a) > 2ms", `unknown phase "opne" (did you mean "open"?); there are: closed, open`},
		{"throughput(a) < 2ms", "throughput is no time"},
		{"p99(a) > -2ms", "below 0"},
		{"p99(a) > 2", "p99 is a time: give 2 a unit, such as 2ms or 2us"},
		{"normal_after(a) > 1.5", "normal_after is a time: give 1.5 a unit"},
		{"p99(a) > -2", "no number of 0 or more"},
		{"p99(a) > NaN", "no number"},
		{"p99(a) > Inf", "no number"},
		{"p99(a) > 1e400", "no number"},
		{"p99(a) > fast", "no number"},
		{"p99(a) >", "no number"},
		{"throughput(a) < 90%", "0.9 * throughput(ARM)"},
		{"throughput(a) < 2 * p99(b)", "different units"},
		{"throughput(a) < e * throughput(b)", "no number"},
		{"surely lost(a) > 0", `lost has no interval to be sure by: leave out "surely"`},
		{"surely normal_after(a) > 1s", "has no interval"},
	} {
		if _, err := ParseThreshold(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
}

func TestThresholdNamesAnArm(t *testing.T) {
	arms := []string{"shared/blocking", "dispatch/round-robin"}
	for text, want := range map[string]string{
		"p99(shared/blocking) > 0":                        "",
		"p99(shared/bloking) > 0":                         `(did you mean "shared/blocking"?); there are: shared/blocking, dispatch/round-robin`,
		"p99(shared/blocking) > 2 * p99(reuseport/hash)":  `unknown arm "reuseport/hash"`,
		"p99(shared/blocking) > old.p99(shared/blocking)": "old. is for prefork compare",
	} {
		err := parsed(t, text).Check(arms, nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func parsed(t *testing.T, text string) Threshold {
	t.Helper()
	threshold, err := ParseThreshold(text)
	if err != nil {
		t.Fatal(err)
	}
	return threshold
}

func TestCrossed(t *testing.T) {
	r := simulated(steadyTruths(), 10, 1)
	median := func(metric, phase string) float64 {
		s, ok := r.SummaryOf("shared/blocking", phase, metric)
		if !ok {
			t.Fatalf("no %s", metric)
		}
		return s.Median
	}
	throughput, p99, p99Closed := median("throughput", Closed), median("p99", Open), median("p99", Closed)
	for text, want := range map[string]bool{
		fmt.Sprintf("throughput(shared/blocking) > %v", throughput*0.99):       true,
		fmt.Sprintf("throughput(shared/blocking) > %v", throughput):            false,
		fmt.Sprintf("throughput(shared/blocking) >= %v", throughput):           true,
		fmt.Sprintf("throughput(shared/blocking) <= %v", throughput):           true,
		fmt.Sprintf("throughput(shared/blocking) < %v", throughput):            false,
		fmt.Sprintf("closed.p99(shared/blocking) < %vus", p99Closed*1.01):      true,
		fmt.Sprintf("p99(shared/blocking) > %vus", p99*0.99):                   true,
		"throughput(dispatch/round-robin) < 0.7 * throughput(shared/blocking)": true,
		"throughput(dispatch/round-robin) < 0.5 * throughput(shared/blocking)": false,
		"lost(shared/blocking) > 0":                                            false,
		"throughput(shared/blocking) > open.throughput(shared/blocking)":       true,
	} {
		crossed, value, err := parsed(t, text).Crossed(r, nil)
		if err != nil || crossed != want {
			t.Errorf("%s: got %v (%s), %v", text, crossed, value, err)
		}
	}
}

// A condition may hold the newer of two results against the older.
func TestCrossedAgainstOld(t *testing.T) {
	old, slow := simulated(steadyTruths(), 10, 1), steadyTruths()
	slow[0].throughput = 0.5
	r := simulated(slow, 10, 1)
	for text, want := range map[string]bool{
		"throughput(shared/blocking) < 0.7 * old.throughput(shared/blocking)": true,
		"throughput(reuseport/hash) < 0.7 * old.throughput(reuseport/hash)":   false,
		"old.throughput(shared/blocking) < throughput(shared/blocking)":       false,
	} {
		if crossed, value, err := parsed(t, text).Crossed(r, old); err != nil || crossed != want {
			t.Errorf("%s: got %v (%s), %v", text, crossed, value, err)
		}
	}
}

// Doubtful numbers do not count, and where no other are there nothing is known.
func TestCrossedNeedsMeasurements(t *testing.T) {
	r := simulated(steadyTruths(), 10, 1)
	for _, text := range []string{"cheap_p99(shared/blocking) > 1us", "normal_after(shared/blocking) > 1s", "p99(nobody) > 1us"} {
		if _, _, err := parsed(t, text).Crossed(r, nil); !errors.Is(err, ErrNotMeasured) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for i := range r.Rounds {
		r.Rounds[i].Doubts = spoilt("late")
	}
	if _, _, err := parsed(t, "p99(shared/blocking) > 0").Crossed(r, nil); !errors.Is(err, ErrNotMeasured) {
		t.Errorf("no sound round: got %v", err)
	}
}

// A condition on latencies knows nothing of what was lost, in its own phase.
func TestUnanswered(t *testing.T) {
	r := simulated(steadyTruths(), 2, 1)
	for i, round := range r.Rounds {
		if round.Arm == "shared/blocking" && round.Phase == Open {
			r.Rounds[i].Errors = map[string]int{"reset": 3}
		}
	}
	for text, want := range map[string]string{
		"p99(shared/blocking) > 1h":                           "shared/blocking lost 6 in the open loop",
		"p99(reuseport/hash) > 0.1 * mean(shared/blocking)":   "shared/blocking lost 6 in the open loop",
		"closed.p99(shared/blocking) > 1h":                    "",
		"p99(reuseport/hash) > 1h":                            "",
		"lag_p99(shared/blocking) > 1h":                       "",
		"lost(shared/blocking) > 1000":                        "",
		"throughput(shared/blocking) < 1":                     "",
		"open.p50(shared/blocking) > old.p50(reuseport/hash)": "shared/blocking lost 6 in the open loop",
	} {
		if got := strings.Join(parsed(t, text).Unanswered(r, r), "; "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// What was never normal again was not normal within any time.
func TestNeverNormalCrosses(t *testing.T) {
	r := stuck(10, 1)
	for text, want := range map[string]bool{
		"normal_after(reuseport/hash) > 1h":  true,
		"normal_after(shared/blocking) > 1s": false,
	} {
		if crossed, value, err := parsed(t, text).Crossed(r, nil); err != nil || crossed != want {
			t.Errorf("%s: got %v (%s), %v", text, crossed, value, err)
		}
	}
}

// What is read is finite and above nothing, and reads the same when written.
func FuzzParseThreshold(f *testing.F) {
	for _, text := range []string{"p99(a) > 2ms", "closed.p50(a/b#2) <= 0.5 * p99(c@32)", "lost(x)<0", "p99(", "µ.p99(a)>1", "p99(a)>1µs"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseThreshold(text)
		if err != nil {
			return
		}
		if first.limit < 0 || math.IsInf(first.limit, 0) || math.IsNaN(first.limit) || first.left.arm == "" {
			t.Errorf("%q: %+v", text, first)
		}
		again, err := ParseThreshold(first.String())
		if err != nil || again.limit != first.limit || again.left.String() != first.left.String() || again.above != first.above || again.equal != first.equal {
			t.Errorf("%q: %+v and then %+v, %v", text, first, again, err)
		}
	})
}
