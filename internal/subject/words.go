//go:build linux

package subject

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// How much of what a server says is kept, in bytes, and in lines.
const (
	keptWords = 4 << 10
	keptLines = 10
)

// words is what a server says on stderr: the last of it, for errors, and what prefork's
// own records say of it: that it is ready, or why it has failed.
type words struct {
	mu      sync.Mutex
	foreign bool     // records are nobody's of ours
	last    []string // lines, but for our records
	line    []byte
	failure string
	address string
	ready   chan string   // gets the address, once
	over    chan struct{} // closed when nobody is left to say anything
}

func newWords(foreign bool) *words {
	return &words{foreign: foreign, ready: make(chan string, 1), over: make(chan struct{})}
}

// hearOut waits for the last words, but no longer than this.
func (w *words) hearOut(patience time.Duration) {
	select {
	case <-w.over:
	case <-time.After(patience):
	}
}

func (w *words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = append(w.line, b...)
	for {
		line, rest, found := bytes.Cut(w.line, []byte("\n"))
		if !found {
			w.line = w.line[max(0, len(w.line)-keptWords):]
			return len(b), nil
		}
		w.read(line)
		w.line = rest
	}
}

func (w *words) read(line []byte) {
	var record struct {
		Level, Msg     string
		Address, Error string
		Exit           int // of a prefork that has failed
	}
	if w.foreign || json.Unmarshal(line, &record) != nil || record.Level == "" {
		w.keep(string(line))
		return
	}
	if record.Exit != 0 {
		w.failure = record.Error
	}
	switch record.Msg {
	case "listening":
		w.address = record.Address
	case "ready":
		select {
		case w.ready <- w.address:
		default:
		}
	}
}

func (w *words) keep(line string) {
	w.last = append(w.last, line[:min(len(line), keptWords)])
	w.last = w.last[max(0, len(w.last)-keptLines):]
}

// quoted is the last of what was said, to be put at the end of an error. Why a prefork
// has failed has the words of its workers in it.
func (w *words) quoted() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.line) > 0 {
		w.keep(string(w.line))
		w.line = nil
	}
	said := strings.TrimSpace(strings.Join(w.last, "\n"))
	switch {
	case w.failure != "":
		said = w.failure
	case said == "":
		return "; it said nothing"
	}
	return "; it said:\n  " + strings.ReplaceAll(said, "\n", "\n  ")
}

// Said is the last of what the server has said, to be put at the end of an error.
func (s *Server) Said() string { return s.words.quoted() }
