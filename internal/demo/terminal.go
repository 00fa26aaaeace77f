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
	Still  bool // the cursor stays where it is: nothing can be drawn over
	ASCII  bool // it shows no other characters
	Brief  bool // only pictures and numbers
	// Guess reads a line that the reader types: a guess, "" for none, or Enter alone
	// to go on. It fails with io.EOF when there will be no more; nil does not wait.
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
	rows    int      // lines since the reader has last typed something
	err     error
}

// NewTerminal makes one that writes to w.
func NewTerminal(w io.Writer, look Look) *Terminal {
	if look.Width <= 0 || look.Width > widest {
		look.Width = widest
	}
	if look.ASCII {
		w = plain{w}
	}
	return &Terminal{w: w, look: look, paint: ink.Paint(look.Colour)}
}

// widest is as wide as text gets, however wide the terminal: it is to be read.
const widest = 80

// wordy are the events around pictures and numbers.
var wordy = []Kind{SayKind, AskKind, WhyKind, ReadKind}

// Tell writes what an event says. Where somebody reads at a terminal, it waits for
// Enter before what would push the last picture off the screen, and before the next
// scene.
func (t *Terminal) Tell(ctx context.Context, e Event) error {
	if e.Kind != NumberKind && len(t.numbers) > 0 {
		t.block(ctx, t.tellNumbers)
	}
	if t.look.Brief && slices.Contains(wordy, e.Kind) {
		return t.err
	}
	switch e.Kind {
	case AskKind:
		return t.ask(ctx, e)
	case PictureKind:
		t.turn(ctx, len(t.drawing(e.Picture)))
		t.gap()
		t.reveal(ctx, e.Picture)
	case NumberKind:
		t.numbers = append(t.numbers, *e.Number)
	case SceneKind:
		if t.begun {
			t.pause(ctx, "Enter for the next scene, "+e.Scene)
		}
		t.heading(e)
	default:
		t.block(ctx, func() { t.words(e) })
	}
	return t.err
}

// words writes an event that is nothing but words.
func (t *Terminal) words(e Event) {
	t.gap()
	switch e.Kind {
	case SayKind:
		t.paragraph("", e.Text)
	case WhyKind:
		t.paragraph("why", e.Text)
	case ReadKind:
		t.paragraph("read", e.Text)
	case LeftOutKind:
		t.paragraph("", "– left out: "+e.Text)
	case EndKind:
		t.end(e)
	case SummaryKind:
		t.summary(e.Summary)
	}
}

// line writes a line; after the first error nothing more.
func (t *Terminal) line(text string) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.w, strings.TrimRight(text, " "))
	}
	t.blank = text == ""
	t.rows++
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
	switch e.Outcome {
	case AsPredicted:
		t.line(t.paint.Bold("✓ as predicted") + ": every number is within its bounds")
	case Skipped:
		t.line(t.paint.Bold("– skipped"))
		t.paragraph("", e.Text)
	default:
		t.line(t.paint.Alarm("✗ " + string(e.Outcome)))
		t.paragraph("", e.Text)
	}
}

func (t *Terminal) summary(s *Summary) {
	text := fmt.Sprintf("%d played, %d as predicted, %d skipped", s.Played, s.AsPredicted, s.Skipped)
	if s.LeftOut > 0 {
		text += fmt.Sprintf("; %d left out in part", s.LeftOut)
	}
	t.line(t.paint.Bold(text))
}
