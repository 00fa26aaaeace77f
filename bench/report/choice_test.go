package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"prefork/bench/result"
)

// An answer takes a screen, whatever was found.
func TestChoiceFits(t *testing.T) {
	arms := []result.Arm{sharedArm, reuseportArm, dispatchArm}
	more := append(arms, result.Arm{Name: "shared/exclusive", Strategy: "shared"}, result.Arm{Name: "reuseport/least-loaded", Strategy: "reuseport"})
	for _, arms := range [][]result.Arm{arms, more} {
		for _, finding := range []string{"above", "same", "unknown", ""} {
			asked := []result.Asked{
				{Name: "cheap requests", Loses: "costs {} more processor time for a cheap request"},
				{Name: "uneven requests, p99", Loses: "has the slowest 1 % of uneven requests wait {} longer"},
				{Name: "one worker stuck", Loses: "has {} wait when one worker is stuck", Waiting: true},
			}
			for i := range asked {
				for n := range arms {
					asked[i].Cells = append(asked[i].Cells, result.BriefCell{Known: true, Value: 0.1 * float64(n+1), Finding: finding})
				}
				asked[i].Cells[0].Finding = ""
			}
			for _, width := range []int{40, 80} {
				var b bytes.Buffer
				if err := Choice(&b, Answer{
					Heading: "built-in workers", Disturbed: "DISTURBED: by many", CPUs: 2,
					Arms: arms, LeftOut: []result.LeftOut{{Arm: "uring", Reason: "want of a kernel"}}, Asked: asked,
				}, BriefOptions{Width: width}); err != nil {
					t.Fatal(err)
				}
				if n := strings.Count(b.String(), "\n"); len(arms) == 3 && width == 80 && n > 24 || !strings.Contains(b.String(), "Take shared") || !strings.Contains(b.String(), "left out: uring, for") {
					t.Errorf("%d lines:\n%s", n, b.String())
				}
				for _, line := range strings.Split(b.String(), "\n") {
					if utf8.RuneCountInString(line) > width {
						t.Errorf("wider than %d: %q", width, line)
					}
				}
			}
		}
	}
}
