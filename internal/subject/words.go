//go:build linux

package subject

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// keptWords is how much of what a server says is kept, in bytes.
const keptWords = 4 << 10

// words is what a server says on stderr: the last of it, for errors, and prefork's
// own record that says that it is ready.
type words struct {
	mu      sync.Mutex
	last    []byte
	line    []byte
	address string
	ready   chan string   // gets the address, once
	over    chan struct{} // closed when nobody is left to say anything
}

func newWords() *words { return &words{ready: make(chan string, 1), over: make(chan struct{})} }

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
	w.last = append(w.last, b...)
	w.last = w.last[max(0, len(w.last)-keptWords):]
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
		Msg     string
		Address string
	}
	if json.Unmarshal(line, &record) != nil {
		return
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

// quoted is the last of what was said, to be put at the end of an error.
func (w *words) quoted() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	said := strings.TrimSpace(string(w.last))
	if said == "" {
		return "; it said nothing"
	}
	return "; it said:\n  " + strings.ReplaceAll(said, "\n", "\n  ")
}

// Said is the last of what the server has said, to be put at the end of an error.
func (s *Server) Said() string { return s.words.quoted() }
