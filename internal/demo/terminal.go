package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"prefork/internal/ink"
)

// Look is how a terminal is to be written to.
type Look struct {
	Width  int // columns; 0 is 80
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
	guess   string
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
		return t.ask(ctx, e.Text)
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

// legend explains the glyphs.
const legend = "● served   ○ waiting   × lost   ▣ a worker   ▌master▐ where it is in the way"

func (t *Terminal) heading(e Event) {
	if !t.begun && !t.look.Brief {
		t.line(t.paint.Dim(legend))
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

// ask asks, and waits for a guess if there is somebody to make one.
func (t *Terminal) ask(ctx context.Context, question string) error {
	t.gap()
	t.paragraph("guess", question)
	t.guess = ""
	if t.look.Guess == nil || t.err != nil {
		return t.err
	}
	if _, err := fmt.Fprint(t.w, strings.Repeat(" ", margin)+t.paint.Dim("your number, or just Enter: ")); err != nil {
		return err
	}
	guess, err := t.look.Guess(ctx)
	if err != nil { // nobody has ended the line
		t.line("")
	}
	if errors.Is(err, io.EOF) {
		t.look.Guess, err = nil, nil
	}
	t.blank = false
	t.guess = strings.TrimSpace(guess)
	return err
}

// verdict compares a guess with what came out; "" if there was none.
func verdict(guess string, n Number) string {
	if guess == "" {
		return ""
	}
	value, err := strconv.ParseFloat(strings.TrimRight(strings.ReplaceAll(guess, ",", "."), " %ms"), 64)
	came := n.text(n.Got)
	switch {
	case err != nil:
		return fmt.Sprintf("you said %q; it came out as %s", guess, came)
	case n.text(value) == came:
		return fmt.Sprintf("you guessed %s, and so it was", guess)
	case value >= n.Low && value <= n.High:
		return fmt.Sprintf("you guessed %s; it came out as %s, which is as good", guess, came)
	}
	return fmt.Sprintf("you guessed %s; it came out as %s", guess, came)
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
