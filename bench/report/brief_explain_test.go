package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"prefork/bench/result"
)

// Explained, a brief says what each of its columns is, in what a terminal holds; and the
// table above is what it is without.
func TestExplain(t *testing.T) {
	for name, r := range tables() {
		brief, text := briefOf(t, r, BriefOptions{}), briefOf(t, r, BriefOptions{Explain: true})
		how, ok := strings.CutPrefix(text, brief)
		if !ok {
			t.Errorf("%s: the table is another one:\n%s", name, text)
		}
		words := strings.Join(strings.Fields(how), " ")
		for _, column := range r.Brief().Columns {
			metric, _ := result.LookupMetric(column.Metric)
			if want := strings.Join(column.Title[:], " ") + ": " + metric.Means; !strings.Contains(words, strings.TrimSpace(want)) {
				t.Errorf("%s: no %q in:\n%s", name, want, how)
			}
		}
		for _, line := range strings.Split(briefOf(t, r, BriefOptions{Explain: true, Width: 60}), "\n") {
			if utf8.RuneCountInString(line) > 60 {
				t.Errorf("%s: %q is too wide", name, line)
			}
		}
	}
}
