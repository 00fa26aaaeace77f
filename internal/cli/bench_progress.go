//go:build linux

package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"prefork/bench"
)

// progress shows how far a run has come: one line that is written over in a
// terminal, a line for each round elsewhere.
type progress struct {
	w     io.Writer
	quiet bool
	last  string // phase and round of the line before
}

func newProgress(w io.Writer, quiet bool) *progress { return &progress{w: w, quiet: quiet} }

func (p *progress) tell(now bench.Progress) {
	if now.LeftOut != nil { // which is no progress, and told in any case
		p.end()
		fmt.Fprintln(p.w, folded(p.w, fmt.Sprintf("prefork: %v", now.LeftOut)))
		return
	}
	round, width := roundOf(now), columns(p.w)
	switch {
	case p.quiet:
	case width > 0:
		fmt.Fprint(p.w, "\r\033[K", progressLine(now, width-1)) // in the last column some terminals wrap
	case round != p.last:
		fmt.Fprintf(p.w, "%s, %s\n", round, left(now))
	}
	p.last = round
}

func roundOf(now bench.Progress) string {
	switch now.Use {
	case bench.Trial:
		return "trying whether all work"
	case bench.Sounding:
		return "a short closed loop for the rate"
	}
	return fmt.Sprintf("%s loop, round %d of %d", now.Phase, now.Round, now.Rounds)
}

// left is how long it will take, and may take at most where much has to be done again.
func left(now bench.Progress) string {
	text := now.Left.Round(time.Second).String() + " left"
	if most := now.Most.Round(time.Second); most > now.Left.Round(time.Second) {
		text += fmt.Sprintf(" (at most %s)", most)
	}
	if now.Try > 1 {
		text += ", disturbed: again"
	}
	return text
}

// progressLine is what fits into a line: the arm's name is cut, and before it goes
// altogether the bar does.
func progressLine(now bench.Progress, width int) string {
	const barWidth, shortest = 20, 8
	filled := barWidth * now.Done / max(now.Total, 1)
	bar := strings.Repeat("█", filled) + strings.Repeat("░", barWidth-filled) + " "
	round, left := roundOf(now), " · "+left(now)
	room := width - utf8.RuneCountInString(bar+round+" · "+left)
	if room < shortest {
		bar, room = "", room+barWidth+1
	}
	if arm := cut(now.Arm, room); arm != "" {
		round += " · " + arm
	}
	return cut(bar+round+left, width)
}

// cut shortens a text to a width, which it says by an ellipsis.
func cut(text string, width int) string {
	runes := []rune(text)
	switch {
	case len(runes) <= width:
		return text
	case width < 2:
		return ""
	}
	return string(runes[:width-1]) + "…"
}

// end leaves the terminal clean.
func (p *progress) end() {
	if columns(p.w) > 0 && !p.quiet {
		fmt.Fprint(p.w, "\r\033[K")
	}
}
