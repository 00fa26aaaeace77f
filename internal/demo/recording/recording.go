// Package recording is a run of the lab as a file: what its viewers were told, and
// when. The page that shows the lab plays it again.
//
// The file is text. Its first line says what it is and what the rest has to be; each
// further line is an event: when it was (ms since the recording began), what kind it is
// of, and what viewers were told:
//
//	{"schema":"prefork.recording/v1","started":1764150000000,…,"events":412,"bytes":83211,"crc32":"5d1f0c9a"}
//	[0,"state",{"settings":{"rate":200,…},…}]
//	[101,"frame",[[20,19,0,[0],[5,5,0,1,…]],…]]
//
// A frame is written without names (see Panel), for there are ten of them a second.
package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Schema is what is written, and all that can be read.
const Schema = kind + "v1"

const kind = "prefork.recording/"

// Header is the first line.
type Header struct {
	Schema   string `json:"schema"`
	Prefork  string `json:"prefork,omitempty"` // the version that has made it
	Kernel   string `json:"kernel"`
	CPUs     int    `json:"cpus"`
	CPUModel string `json:"cpu_model"`
	Started  int64  `json:"started"`       // ms since 1970
	Cut      bool   `json:"cut,omitempty"` // it is not the whole run: there was no room for more
	Events   int    `json:"events"`
	Bytes    int    `json:"bytes"` // of all lines but the first
	CRC32    string `json:"crc32"` // likewise, IEEE, in hexadecimal
}

// Event is something that viewers were told.
type Event struct {
	At   int64 // ms since the recording began
	Kind string
	Data json.RawMessage
}

// Recording is a run of the lab.
type Recording struct {
	Header Header
	Events []Event
}

// Panel is what has happened in one panel since the frame before. Its JSON is what
// viewers get; a file has the same values without their names.
type Panel struct {
	Arrived  int      `json:"a"`
	Answered int      `json:"d"`
	Lost     int      `json:"l"`
	Queues   []int    `json:"q"` // how many wait in each
	Workers  []Worker `json:"w"`
}

// Worker is one worker in a frame: taken and finished since the frame before, open
// now, and its state.
type Worker [4]int

// What a worker's state can be.
const (
	Gone = iota
	Awake
	Asleep // stopped
)

// bare is a panel of a frame as the file has it.
func (p Panel) bare() []any {
	workers := make([]int, 0, len(p.Workers)*len(Worker{}))
	for _, w := range p.Workers {
		workers = append(workers, w[:]...)
	}
	queues := p.Queues
	if queues == nil {
		queues = []int{}
	}
	return []any{p.Arrived, p.Answered, p.Lost, queues, workers}
}

// Frame is an event of the kind "frame", by panel.
func (e Event) Frame() ([]Panel, error) {
	var all []json.RawMessage
	if err := json.Unmarshal(e.Data, &all); err != nil {
		return nil, err
	}
	panels := make([]Panel, len(all))
	for i, one := range all {
		p, workers := &panels[i], []int{}
		values := []any{&p.Arrived, &p.Answered, &p.Lost, &p.Queues, &workers}
		if err := json.Unmarshal(one, &values); err != nil {
			return nil, err
		}
		for len(workers) >= len(Worker{}) {
			p.Workers = append(p.Workers, Worker(workers[:len(Worker{})]))
			workers = workers[len(Worker{}):]
		}
	}
	return panels, nil
}

// Write writes it, and says in the first line how much that is.
func (r *Recording) Write(w io.Writer) error {
	var lines bytes.Buffer
	for _, e := range r.Events {
		line, err := json.Marshal([]any{e.At, e.Kind, e.Data})
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
	}
	h := r.Header
	h.Schema, h.Events, h.Bytes, h.CRC32 = Schema, len(r.Events), lines.Len(), checksum(lines.Bytes())
	first, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(first, '\n')); err != nil {
		return err
	}
	_, err = w.Write(lines.Bytes())
	return err
}

// WriteFile writes it to a file, which has its name once it is whole.
func (r *Recording) WriteFile(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".prefork-recording-")
	if err != nil {
		return err
	}
	err = errors.Join(r.Write(file), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

func checksum(b []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(b)) }

// Read reads a recording, if it is whole and as it was written.
func Read(from io.Reader) (*Recording, error) {
	in := bufio.NewReader(from)
	first, _ := in.ReadBytes('\n')
	r := &Recording{}
	err := json.Unmarshal(first, &r.Header)
	h := r.Header
	if err != nil || !strings.HasPrefix(h.Schema, kind) {
		return nil, errors.New("this is no recording of the lab: its first line does not say so")
	}
	if h.Schema != Schema {
		return nil, fmt.Errorf("this is a recording of another version (%q, and this prefork reads %q): make it anew", h.Schema, Schema)
	}
	lines, err := io.ReadAll(in)
	switch {
	case err != nil:
		return nil, err
	case len(lines) < h.Bytes:
		return nil, fmt.Errorf("this recording is cut short: %d of %d bytes are there", len(lines), h.Bytes)
	case len(lines) != h.Bytes || checksum(lines) != h.CRC32:
		return nil, errors.New("this recording was changed after it was made")
	}
	for line := range bytes.Lines(lines) {
		var e Event
		if err := json.Unmarshal(line, &[]any{&e.At, &e.Kind, &e.Data}); err != nil {
			return nil, fmt.Errorf("event %d: %w", len(r.Events)+1, err)
		}
		r.Events = append(r.Events, e)
	}
	if len(r.Events) != h.Events {
		return nil, fmt.Errorf("this recording says that it has %d events, and has %d", h.Events, len(r.Events))
	}
	return r, nil
}
