//go:build linux

package cli_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"prefork/bench"
	"prefork/bench/result"
	"prefork/internal/cli"
)

// A line that wraps would stay when it is drawn again.
func TestProgressFitsTheTerminal(t *testing.T) {
	now := bench.Progress{
		Done: 3, Total: 10, Round: 3, Rounds: 10, Phase: result.Closed, Left: 12 * time.Second,
		Arm: "reuseport/least-loaded --stuck-after 100ms --backlog 1024@32 (again)",
	}
	for width := range 200 {
		line := cli.ProgressLine(now, width)
		if n := utf8.RuneCountInString(line); n > width {
			t.Errorf("%d of %d columns: %s", n, width, line)
		}
		if width > 40 && !strings.Contains(line, "round 3 of 10") || width > 50 && !strings.Contains(line, "reuse") {
			t.Errorf("%d columns: %s", width, line)
		}
	}
	if line := cli.ProgressLine(now, 150); line != "██████░░░░░░░░░░░░░░ closed loop, round 3 of 10 · "+now.Arm+" · 12s left" {
		t.Errorf("where all has room: %s", line)
	}
}
