package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// block writes lines that belong together, on the next screen if there is no room
// for them on this one.
func (t *Terminal) block(ctx context.Context, write func()) {
	var text bytes.Buffer
	w, rows := t.w, t.rows
	t.w = &text
	write()
	lines := t.rows - rows
	t.w, t.rows = w, rows
	t.turn(ctx, lines)
	if t.err == nil {
		_, t.err = t.w.Write(text.Bytes())
	}
	t.rows += lines
}

// turn waits for Enter if so many lines more would push off the screen what has not
// been read.
func (t *Terminal) turn(ctx context.Context, lines int) {
	const prompt = 1
	if t.look.Height > 0 && t.rows > 0 && t.rows+lines+prompt > t.look.Height {
		t.pause(ctx, "Enter to go on")
	}
}

// pause waits for Enter, if there is somebody to press it.
func (t *Terminal) pause(ctx context.Context, what string) {
	if t.look.Guess == nil || t.err != nil {
		return
	}
	if _, t.err = fmt.Fprint(t.w, t.paint.Dim("── "+what+" ")); t.err != nil {
		return
	}
	if _, err := t.read(ctx); err != nil {
		t.err = err
		return
	}
	if !t.look.Still && t.look.Guess != nil { // Enter has ended the line: take it away
		_, t.err = fmt.Fprint(t.w, "\r\x1b[1A\x1b[J")
	}
}

// read returns a line that is typed; after the end of the input nobody is asked again.
// Whoever types has read what is above.
func (t *Terminal) read(ctx context.Context) (typed string, err error) {
	typed, err = t.look.Guess(ctx)
	if err != nil { // nobody has ended the line
		t.line("")
	}
	if errors.Is(err, io.EOF) {
		t.look.Guess, err = nil, nil
	}
	t.blank, t.rows = false, 0
	return typed, err
}
