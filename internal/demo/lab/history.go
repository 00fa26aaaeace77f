package lab

import (
	"sync"
	"time"
)

// How much of the past a new viewer is told of.
const (
	maxPoints = 180 // seconds
	maxMarks  = 60
)

// Mark is something that was done.
type Mark struct {
	At    int64  `json:"at"` // ms since 1970
	Do    string `json:"do"`
	Panel string `json:"panel,omitempty"` // "" if it was done to all
	Text  string `json:"text"`
	By    string `json:"by,omitempty"` // as whoever wanted it is called
}

// history is what the chart shows: for each second, when it was, and each panel's
// median and 99th percentile in µs.
type history struct {
	mu     sync.Mutex
	points [][]int64
	marks  []Mark
}

func (h *history) point(at time.Time, quantiles ...int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.points = append(h.points, append([]int64{at.UnixMilli()}, quantiles...))
	h.points = h.points[max(0, len(h.points)-maxPoints):]
}

func (h *history) mark(m Mark) Mark {
	h.mu.Lock()
	defer h.mu.Unlock()
	m.At = time.Now().UnixMilli()
	h.marks = append(h.marks, m)
	h.marks = h.marks[max(0, len(h.marks)-maxMarks):]
	return m
}

// all is a copy.
func (h *history) all() (points [][]int64, marks []Mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([][]int64{}, h.points...), append([]Mark{}, h.marks...)
}
