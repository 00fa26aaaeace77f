package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"prefork/bench/result"
)

func changesOf(t *testing.T, old, new *result.Result, o TableOptions) string {
	t.Helper()
	var out strings.Builder
	if err := Changes(&out, old, new, result.Changes(old, new), result.ChangesOfHarm(old, new), result.Confounders(old, new), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestChangesTable(t *testing.T) {
	old, new := made(8, sharedArm, dispatchArm), made(8, sharedArm, dispatchArm)
	for i := range new.Rounds {
		round := &new.Rounds[i]
		round.Throughput *= 2
		if round.Arm == dispatchArm.Name && round.Phase == result.Open {
			round.Errors = map[string]int{"reset": 1}
		}
	}
	new.Environment.Kernel = "6.1"
	text := changesOf(t, old, new, TableOptions{})
	for _, want := range []string{
		"throughput", "2.00 × (1.9", "better", "CPU per connection", "1.00 × (0.9", "same within 10 %",
		"lost (open)", "✗ 8/240,008", "0.0 %", "another kernel: 6.18.0 and 6.1", "not made side by side", "same is where",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "throughput"); n != 2 {
		t.Errorf("throughput stands %d times, want once for each arm:\n%s", n, text)
	}
	for line := range strings.Lines(changesOf(t, everything(), everything(), TableOptions{})) {
		if n := utf8.RuneCountInString(line) - 1; n > 100 {
			t.Errorf("a line of %d: %s", n, line)
		}
	}
}

func TestChangesOfNothing(t *testing.T) {
	if text := changesOf(t, made(8, sharedArm), made(8, dispatchArm), TableOptions{}); !strings.Contains(text, "nothing to compare") {
		t.Errorf("got\n%s", text)
	}
}
