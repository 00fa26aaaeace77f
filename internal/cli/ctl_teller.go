//go:build linux

package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"prefork/internal/control"
)

// patienceOfUsers is after how long somebody who waits wants to know what for.
const patienceOfUsers = time.Second

// teller tells of what is under way, once it takes long. On a terminal each line takes
// the place of the one before.
type teller struct {
	to     io.Writer
	asJSON bool
	lines  io.Writer // where JSON goes, at once

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	last  string
	long  bool // it takes long
	shown bool
}

func (t *teller) begin() {
	t.timer = time.AfterFunc(patienceOfUsers, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.long = true
		t.show()
	})
}

func (t *teller) progress(a control.Answer) {
	if t.asJSON {
		_, _ = t.lines.Write(a.Line())
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = printable(a.Text)
	if t.long {
		t.show()
	}
}

// show writes the last line; mu is held.
func (t *teller) show() {
	switch {
	case t.last == "":
	case columns(t.to) > 0:
		fmt.Fprintf(t.to, "\r\x1b[K%s …", t.last)
	default:
		fmt.Fprintln(t.to, t.last, "…")
	}
	t.shown = t.shown || t.last != ""
}

// end removes what is shown on a terminal, for the last word comes now.
func (t *teller) end() {
	if t.timer == nil {
		return
	}
	t.timer.Stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.long = false
	if t.shown && columns(t.to) > 0 {
		fmt.Fprint(t.to, "\r\x1b[K")
	}
}
