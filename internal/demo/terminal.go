package demo

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"prefork/internal/ink"
)

// Look is how a terminal is to be written to.
type Look struct {
	Width  int // columns; 0 is 80
	Height int // rows; 0 is more than any picture has
	Colour bool
	Brief  bool // only pictures and numbers
	// Guess reads the reader's guess, "" for none, and fails with io.EOF when there
	// will be no more; nil does not wait for one.
	Guess func(context.Context) (string, error)
}

// Terminal tells scenes as text.
type Terminal struct {
	w       io.Writer
	look    Look
	paint   ink.Paint
	guess   *guess
	numbers []Number // told together, once all are there
	begun   bool     // something has been written
	blank   bool     // the last line was empty
	err     error
}

// NewTerminal makes one that writes to w.
func NewTerminal(w io.Writer, look Look) *Terminal {
	if look.Width <= 0 || look.Width > widest {
		look.Width = widest
	}
	return &Terminal{w: w, look: look, paint: ink.Paint(look.Colour)}
}

// widest is as wide as text gets, however wide the terminal: it is to be read.
const widest = 80

// wordy are the events around pictures and numbers.
var wordy = []Kind{SayKind, AskKind, WhyKind, ReadKind}

// Tell writes what an event says.
func (t *Terminal) Tell(ctx context.Context, e Event) error {
	if e.Kind != NumberKind {
		t.tellNumbers()
	}
	if t.look.Brief && slices.Contains(wordy, e.Kind) {
		return t.err
	}
	switch e.Kind {
	case SceneKind:
		t.heading(e)
	case SayKind:
		t.gap()
		t.paragraph("", e.Text)
	case AskKind:
		return t.ask(ctx, e)
	case PictureKind:
		t.gap()
		t.reveal(ctx, e.Picture)
	case NumberKind:
		t.numbers = append(t.numbers, *e.Number)
	case WhyKind:
		t.gap()
		t.paragraph("why", e.Text)
	case ReadKind:
		t.paragraph("read", e.Text)
	case LeftOutKind:
		t.gap()
		t.paragraph("", "– left out: "+e.Text)
	case EndKind:
		t.end(e)
	case SummaryKind:
		t.summary(e.Summary)
	}
	return t.err
}

// line writes a line; after the first error nothing more.
func (t *Terminal) line(text string) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.w, strings.TrimRight(text, " "))
	}
	t.blank = text == ""
}

// gap leaves one line empty.
func (t *Terminal) gap() {
	if !t.blank {
		t.line("")
	}
}

// glue is a space at which no line is broken.
const glue = "\u00a0"

// legend explains the glyphs.
func legend() string {
	return strings.NewReplacer("  ", glue+glue+" ", " ", glue).Replace("● served  ○ waiting  × lost  ▣ a worker  ▌master▐ where it is in the way")
}

func (t *Terminal) heading(e Event) {
	if !t.begun && !t.look.Brief {
		for _, line := range ink.Fold(legend(), t.look.Width) {
			t.line(t.paint.Dim(strings.TrimRight(strings.ReplaceAll(line, glue, " "), " ")))
		}
	}
	if t.begun || !t.look.Brief {
		t.gap()
	}
	t.begun = true
	rule := strings.Repeat("─", max(0, t.look.Width-len(e.Scene)-4))
	t.line(t.paint.Dim("── ") + t.paint.Bold(e.Scene) + " " + t.paint.Dim(rule))
	if !t.look.Brief {
		t.paragraph("", sentence(e.Text))
	}
}

// sentence makes one of a line in a list.
func sentence(text string) string {
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// margin is the room for the word that a paragraph begins with.
const margin = 6

// indented writes text below the paragraph that it belongs to.
func (t *Terminal) indented(text string) {
	for _, line := range ink.Fold(text, t.look.Width-margin) {
		t.line(strings.Repeat(" ", margin) + line)
	}
}

// paragraph writes text beside a word that says what it is.
func (t *Terminal) paragraph(word, text string) {
	indent := strings.Repeat(" ", margin)
	if word == "" {
		indent = ""
	}
	first := indent
	if word != "" {
		first = t.paint.Bold(word) + strings.Repeat(" ", margin-len(word))
	}
	for _, line := range ink.Fold(text, t.look.Width-len(indent)) {
		t.line(first + line)
		first = indent
	}
}

func (t *Terminal) end(e Event) {
	t.gap()
	switch e.Outcome {
	case Proved:
		t.line(t.paint.Bold("✓ proved") + ": every number is as predicted")
	case Skipped:
		t.line(t.paint.Bold("– skipped"))
		t.paragraph("", e.Text)
	default:
		t.line(t.paint.Alarm("✗ " + string(e.Outcome)))
		t.paragraph("", e.Text)
	}
}

func (t *Terminal) summary(s *Summary) {
	text := fmt.Sprintf("%d played, %d proved, %d skipped", s.Played, s.Proved, s.Skipped)
	if s.LeftOut > 0 {
		text += fmt.Sprintf("; %d left out in part", s.LeftOut)
	}
	t.gap()
	t.line(t.paint.Bold(text))
}
