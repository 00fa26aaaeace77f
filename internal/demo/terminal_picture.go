package demo

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"prefork/internal/ink"
)

// A picture grows before the eyes of whoever is asked for guesses: what it shows
// has happened already, faster than one can see.
const (
	frame   = 30 * time.Millisecond
	growing = time.Second // at most
)

// drawing is a picture and the note below it, as lines.
func (t *Terminal) drawing(p *Picture) []string {
	g := t.measure(p)
	all := t.drawn(p, g, g.dots)
	if p.Note != "" {
		for _, line := range ink.Fold(p.Note, t.look.Width-2) {
			all = append(all, "  "+t.paint.Dim(line))
		}
	}
	return all
}

// reveal draws a picture, dot by dot if somebody watches and it fits: what has left
// the screen cannot be drawn over.
func (t *Terminal) reveal(ctx context.Context, p *Picture) {
	all := t.drawing(p)
	if t.look.Guess != nil && !t.look.Still && (t.look.Height == 0 || len(all) < t.look.Height) {
		rows := t.rows
		t.grow(ctx, p, t.measure(p))
		t.rows = rows
	}
	for _, line := range all {
		t.line(line)
	}
}

// grow draws the picture as it grows, and takes each away for the next.
func (t *Terminal) grow(ctx context.Context, p *Picture, g grid) {
	const back = "\r\x1b[%dA\x1b[J" // to the first column, up, and clear all below
	step := max(1, g.dots*int(frame)/int(growing))
	for shown := 0; shown < g.dots && ctx.Err() == nil && t.err == nil; shown += step {
		lines := t.drawn(p, g, shown)
		for _, line := range lines {
			t.line(line)
		}
		select {
		case <-ctx.Done():
		case <-time.After(frame):
		}
		_, _ = fmt.Fprintf(t.w, back, len(lines))
	}
}

// grid is how wide the columns of a picture are. Notes that have no room beside
// their lanes stand below them.
type grid struct {
	heads, dots int
	below       bool
}

// measure finds the widths; dots that do not fit will be cut.
func (t *Terminal) measure(p *Picture) (g grid) {
	const least = 10 // dots, beside notes
	notes := 0
	for _, lane := range p.Lanes {
		g.heads = max(g.heads, utf8.RuneCountInString(lane.head()))
		g.dots = max(g.dots, utf8.RuneCountInString(lane.Dots))
		notes = max(notes, utf8.RuneCountInString(lane.Note))
	}
	room := t.look.Width - 2 - g.heads - 2
	if g.below = room-2-notes < min(g.dots, least); !g.below {
		room -= 2 + notes
	}
	g.dots = min(g.dots, max(1, room))
	return g
}

// drawn are the lines of a picture, as far as it has grown. Counts come last.
func (t *Terminal) drawn(p *Picture, g grid, shown int) []string {
	var lines []string
	head := "  " + t.paint.Bold(t.paint.Strategy(p.Strategy, p.Strategy)) + t.paint.Dim(" · ")
	for _, title := range ink.Fold(p.Title, t.look.Width-utf8.RuneCountInString("  "+p.Strategy+" · ")) {
		lines = append(lines, head+title)
		head = "    "
	}
	for _, lane := range p.Lanes {
		lines = append(lines, t.lane(p.Strategy, lane, g, shown)...)
	}
	return lines
}

// lane are the lines of one lane.
func (t *Terminal) lane(strategy string, lane Lane, g grid, shown int) []string {
	dots := []rune(lane.Dots)
	if len(dots) > g.dots {
		dots = append(dots[:g.dots-1], '…')
	}
	dots = dots[:min(len(dots), shown)]
	line := "  " + t.paint.Strategy(strategy, lane.head()) + pad(lane.head(), g.heads) + "  " + t.dots(strategy, dots)
	switch {
	case shown < g.dots || lane.Note == "":
		return []string{line}
	case !g.below:
		return []string{line + pad(string(dots), g.dots) + "  " + t.paint.Dim(lane.Note)}
	}
	lines := []string{line}
	for _, note := range ink.Fold(lane.Note, t.look.Width-4) {
		lines = append(lines, "    "+t.paint.Dim(note))
	}
	return lines
}

// head is the shape and the name that a lane begins with. The lanes behind a
// master begin further to the right.
func (l Lane) head() string {
	switch l.What {
	case WorkerLane:
		return "▣ " + l.Label
	case MasterLane:
		return "▌" + l.Label + "▐"
	}
	return "  " + l.Label
}

// dots paints each run of the same glyph.
func (t *Terminal) dots(strategy string, runes []rune) string {
	var painted strings.Builder
	for from := 0; from < len(runes); {
		to := from + 1
		for to < len(runes) && runes[to] == runes[from] {
			to++
		}
		painted.WriteString(t.run(strategy, runes[from], string(runes[from:to])))
		from = to
	}
	return painted.String()
}

func (t *Terminal) run(strategy string, glyph rune, text string) string {
	switch glyph {
	case Lost, Woken:
		return t.paint.Alarm(text)
	case Nothing:
		return t.paint.Dim(text)
	}
	return t.paint.Strategy(strategy, text)
}
