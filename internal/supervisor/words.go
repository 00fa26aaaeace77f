//go:build linux

package supervisor

import (
	"io"
	"os"
	"strings"
	"time"
)

// lastWordsSize is how much of what a worker says at the end is kept.
const lastWordsSize = 2 << 10

// words are what a worker writes to stderr, read over its shoulder.
type words struct {
	from *os.File // owned
	kept chan string
}

// capture is where a worker's stderr goes, which the caller closes if it was wanted,
// and what it said, which is passed on to to. Words are only kept when asked for: a
// pipe would break when the master dies, and with it a worker that is to carry on.
func capture(wanted bool, to io.Writer) (stderr *os.File, w *words, err error) {
	if !wanted {
		return os.Stderr, nil, nil
	}
	from, stderr, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	return stderr, listenTo(from, to), nil
}

func listenTo(from *os.File, to io.Writer) *words {
	w := &words{from: from, kept: make(chan string, 1)}
	go func() {
		var t tail
		_, _ = io.Copy(io.MultiWriter(to, &t), from)
		_ = from.Close()
		w.kept <- strings.TrimSpace(string(t.last))
	}()
	return w
}

// last is the end of what was said, to be asked once, when the worker has ended.
func (w *words) last() string {
	if w == nil {
		return ""
	}
	// What a grandchild holds open must not keep us waiting.
	_ = w.from.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	return <-w.kept
}

// tail keeps the end of what is written to it.
type tail struct{ last []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.last = append(t.last, b...)
	if extra := len(t.last) - lastWordsSize; extra > 0 {
		t.last = t.last[extra:]
	}
	return len(b), nil
}

// fd is the descriptor that is read, which stays theirs; -1 where there is none.
func (w *words) fd() (fd int) {
	fd = -1
	if w == nil {
		return fd
	}
	// Not Fd: that would make reads block, and they have a deadline.
	if raw, err := w.from.SyscallConn(); err == nil {
		_ = raw.Control(func(n uintptr) { fd = int(n) })
	}
	return fd
}
