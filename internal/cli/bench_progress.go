//go:build linux

package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"prefork/bench"
	"prefork/bench/load"
	"prefork/bench/result"
)

// progress shows how far a run has come: one line that is written over in a
// terminal, a line for each round elsewhere.
type progress struct {
	w     io.Writer
	quiet bool

	mu   sync.Mutex // of what follows: agents elsewhere tell when they like
	last string     // phase and round of the line before
	line string     // the present one, in a terminal
}

func newProgress(w io.Writer, quiet bool) *progress { return &progress{w: w, quiet: quiet} }

func (p *progress) tell(now bench.Progress) {
	if now.LeftOut != nil { // which is no progress, and told in any case
		p.note(now.LeftOut.String())
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	round, width := roundOf(now), columns(p.w)
	switch {
	case p.quiet:
	case width > 0:
		p.line = progressLine(now, width-1) // in the last column some terminals wrap
		fmt.Fprint(p.w, "\r\033[K", p.line)
	case round != p.last:
		fmt.Fprintf(p.w, "%s, %s\n", round, left(now))
	}
	p.last = round
}

// note tells what is no progress, on a line of its own.
func (p *progress) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
	fmt.Fprintln(p.w, folded(p.w, "prefork: "+text))
}

// live shows how far agents elsewhere are in the present part.
func (p *progress) live(c load.Counts) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if width := columns(p.w); width > 0 && !p.quiet {
		fmt.Fprint(p.w, "\r\033[K", cut(fmt.Sprintf("%s · %s answered", p.line, result.Thousands(int(c.Answered))), width-1))
	}
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
	if now.Load != "" {
		round += " at " + now.Load
	}
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
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
}

func (p *progress) wipe() {
	if columns(p.w) > 0 && !p.quiet {
		fmt.Fprint(p.w, "\r\033[K")
	}
}
