//go:build linux

package servertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// Log collects what a master says, and tells who waits for a line.
type Log struct {
	mu      sync.Mutex
	changed *sync.Cond
	text    bytes.Buffer
	closed  bool
}

// Record is one line of the log.
type Record map[string]any

// String is an attribute of the record.
func (r Record) String(key string) string {
	text, _ := r[key].(string)
	return text
}

// Int is an attribute of the record.
func (r Record) Int(key string) int {
	number, _ := r[key].(float64)
	return int(number)
}

func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.changed.Broadcast()
	return l.text.Write(b)
}

func (l *Log) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.changed.Broadcast()
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *Log) await(message string, n int) (Record, error) {
	late := false
	timer := time.AfterFunc(patience, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		late = true
		l.changed.Broadcast()
	})
	defer timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if record, ok := find(l.text.Bytes(), message, n); ok {
			return record, nil
		}
		if l.closed {
			return nil, errors.New("the master has ended")
		}
		if late {
			return nil, errors.New("it took too long")
		}
		l.changed.Wait()
	}
}

func find(text []byte, message string, n int) (Record, bool) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var record Record
		if json.Unmarshal(lines.Bytes(), &record) != nil || record.String("msg") != message {
			continue
		}
		if n--; n == 0 {
			return record, true
		}
	}
	return nil, false
}
