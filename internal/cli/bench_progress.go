//go:build linux

package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"prefork/bench"
)

// progress shows how far a run has come: one line that is written over in a
// terminal, a line for each round elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	quiet    bool
	last     string // phase and round of the line before
}

func newProgress(w io.Writer, quiet bool) *progress {
	return &progress{w: w, terminal: columns(w) > 0, quiet: quiet}
}

func (p *progress) tell(now bench.Progress) {
	round := fmt.Sprintf("%s loop, round %d", now.Phase, now.Round)
	left := now.Left.Round(time.Second)
	switch {
	case p.quiet:
	case p.terminal:
		const width = 20
		filled := width * now.Done / max(now.Total, 1)
		fmt.Fprintf(p.w, "\r\033[K%s%s %s · %s · %s left", strings.Repeat("█", filled), strings.Repeat("░", width-filled), round, now.Arm, left)
	case round != p.last:
		fmt.Fprintf(p.w, "%s, %s left\n", round, left)
	}
	p.last = round
}

// end leaves the terminal clean.
func (p *progress) end() {
	if p.terminal && !p.quiet {
		fmt.Fprint(p.w, "\r\033[K")
	}
}
