// Package picture draws recordings of the lab as SVG: a moment of one, or seconds of it
// that move. Nothing of it is made up: queues, states and numbers are the recording's,
// and a dot stands for as many connections as the picture says.
package picture

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"prefork/internal/demo/recording"
)

// film is what a picture has to know of a recording.
type film struct {
	names   []string // of the panels
	frames  []frame
	seconds []second
	marks   []mark
}

// frame is what has happened by a time (ms) since the frame before.
type frame struct {
	at     int64
	panels []recording.Panel
}

// second is what was measured at a time (ms), by panel.
type second struct {
	at     int64
	p99    []int64 // µs, of the last ten seconds
	master []bool  // whether it lives
}

type mark struct {
	at   int64
	do   string
	text string
}

// read takes a recording apart.
func read(r *recording.Recording) (*film, error) {
	f := &film{}
	for i, e := range r.Events {
		if err := f.take(e); err != nil {
			return nil, fmt.Errorf("event %d (%s): %w", i+1, e.Kind, err)
		}
	}
	if len(f.names) == 0 || len(f.frames) == 0 || len(f.seconds) == 0 {
		return nil, errors.New("this recording has nothing to draw: record some seconds of the lab")
	}
	return f, nil
}

func (f *film) take(e recording.Event) error {
	switch e.Kind {
	case "state":
		return f.takeState(e)
	case "frame":
		panels, err := e.Frame()
		f.frames = append(f.frames, frame{e.At, panels})
		return err
	case "second":
		return f.takeSecond(e)
	case "mark":
		var m struct{ Do, Text string }
		err := json.Unmarshal(e.Data, &m)
		f.marks = append(f.marks, mark{e.At, m.Do, m.Text})
		return err
	}
	return nil
}

func (f *film) takeState(e recording.Event) error {
	var state struct{ Facts []struct{ Name string } }
	err := json.Unmarshal(e.Data, &state)
	f.names = nil
	for _, fact := range state.Facts {
		f.names = append(f.names, fact.Name)
	}
	return err
}

func (f *film) takeSecond(e recording.Event) error {
	var all struct {
		Panels []struct {
			Recent struct{ P99 int64 }
			Phase  string
		}
	}
	err := json.Unmarshal(e.Data, &all)
	s := second{at: e.At}
	for _, p := range all.Panels {
		s.p99 = append(s.p99, p.Recent.P99)
		s.master = append(s.master, p.Phase != "masterless")
	}
	f.seconds = append(f.seconds, s)
	return err
}

// frameAt is the last frame by a time.
func (f *film) frameAt(at int64) frame {
	i, _ := slices.BinarySearchFunc(f.frames, at+1, func(f frame, at int64) int { return int(f.at - at) })
	return f.frames[max(0, i-1)]
}

// secondAt is the last one that was measured by a time.
func (f *film) secondAt(at int64) second {
	i, _ := slices.BinarySearchFunc(f.seconds, at+1, func(s second, at int64) int { return int(s.at - at) })
	return f.seconds[max(0, i-1)]
}

// between are the frames of some time.
func (f *film) between(from, to int64) (some []frame) {
	for _, one := range f.frames {
		if one.at >= from && one.at < to {
			some = append(some, one)
		}
	}
	return some
}
