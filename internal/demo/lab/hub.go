package lab

import (
	"fmt"
	"sync"

	"prefork/internal/demo/recording"
)

// behind is how many events a viewer may be behind. One who is further behind is
// sent away, and comes back to a full state.
const behind = 64

// hub hands events on to the viewers.
type hub struct {
	mu      sync.Mutex
	viewers map[chan []byte]bool
	changed chan struct{} // gets a value when the number of viewers has changed
	closed  bool

	recorder *recording.Recorder // nil, or told what viewers are told; set before the first of them comes
	begun    bool                // it was
}

func newHub() *hub {
	return &hub{viewers: make(map[chan []byte]bool), changed: make(chan struct{}, 1)}
}

// join adds a viewer. Its channel is closed when it must go. It is called with what
// the viewer has to know first.
func (h *hub) join(first func() []byte) chan []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	events := make(chan []byte, behind)
	if h.closed {
		close(events)
		return events
	}
	state := first()
	events <- append([]byte("retry: 1000\n"), message("state", state)...) // ms, to come back after
	if h.recorder != nil && !h.begun {
		h.begun = true
		h.recorder.Hear("state", state)
	}
	h.viewers[events] = true
	h.tell()
	return events
}

func (h *hub) leave(events chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(events)
}

func (h *hub) drop(events chan []byte) {
	if h.viewers[events] {
		delete(h.viewers, events)
		close(events)
		h.tell()
	}
}

func (h *hub) tell() {
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.viewers)
}

// send is for all viewers.
func (h *hub) send(event string, data []byte) {
	said := message(event, data)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.begun {
		h.recorder.Hear(event, data)
	}
	for events := range h.viewers {
		select {
		case events <- said:
		default:
			h.drop(events)
		}
	}
}

// message is an event as a browser reads it.
func message(event string, data []byte) []byte {
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, data)
}

// close sends all viewers away, and lets no more in.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for events := range h.viewers {
		h.drop(events)
	}
}
