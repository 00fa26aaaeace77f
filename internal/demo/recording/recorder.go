package recording

import (
	"encoding/json"
	"sync"
	"time"
)

// What a recorder keeps at most: who forgets it runs out of neither memory nor disk.
const (
	maxLength = 10 * time.Minute
	maxBytes  = 16 << 20
)

// Recorder gathers a recording. It begins with the first event.
type Recorder struct {
	mu    sync.Mutex
	r     Recording
	began time.Time
	bytes int
}

// NewRecorder is one that has heard nothing yet. What is in the header of where it is
// made (versions, kernel, processors) is the caller's to say.
func NewRecorder(made Header) *Recorder { return &Recorder{r: Recording{Header: made}} }

// Hear takes in an event, as JSON, of which a frame is an array of Panel.
func (rec *Recorder) Hear(kind string, data []byte) {
	rec.hear(time.Now(), kind, data)
}

func (rec *Recorder) hear(now time.Time, kind string, data []byte) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.began.IsZero() {
		rec.began, rec.r.Header.Started = now, now.UnixMilli()
	}
	since := now.Sub(rec.began)
	if since > maxLength || rec.bytes > maxBytes {
		rec.r.Header.Cut = true
		return
	}
	if kind == "frame" {
		data = bare(data)
	}
	rec.bytes += len(data)
	rec.r.Events = append(rec.r.Events, Event{At: since.Milliseconds(), Kind: kind, Data: data})
}

// bare is a frame without names; one that is none stays as it is.
func bare(data []byte) []byte {
	var panels []Panel
	if json.Unmarshal(data, &panels) != nil {
		return data
	}
	all := make([][]any, len(panels))
	for i, p := range panels {
		all[i] = p.bare()
	}
	short, err := json.Marshal(all)
	if err != nil {
		return data
	}
	return short
}

// Recording is what was heard so far.
func (rec *Recorder) Recording() *Recording {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return &Recording{Header: rec.r.Header, Events: append([]Event{}, rec.r.Events...)}
}
