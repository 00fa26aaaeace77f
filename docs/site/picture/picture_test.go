package picture

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"prefork/internal/demo/recording"
)

// recorded is a second of a lab: in reuseport five wait for worker 1, which is stopped, and
// the master of shared is dead.
func recorded() *recording.Recording {
	r := &recording.Recording{}
	add := func(at int64, kind, data string) {
		r.Events = append(r.Events, recording.Event{At: at, Kind: kind, Data: []byte(data)})
	}
	add(0, "state", `{"facts":[{"name":"shared"},{"name":"reuseport"},{"name":"dispatch"}]}`)
	for i := range 30 {
		waiting := max(0, min(5, i-10))
		state := 1
		if i >= 10 {
			state = 2
		}
		if i == 10 {
			add(1000, "mark", `{"do":"stop","text":"worker 1 stopped"}`)
		}
		add(int64(100*i), "frame", fmt.Sprintf(`[[3,3,0,[0],[1,1,0,1,2,2,0,1]],[3,2,0,[0,%d],[2,2,0,1,0,0,0,%d]],[3,3,0,[0,0,200],[2,2,0,1,1,1,0,1]]]`, waiting, state))
		if i%10 == 9 {
			add(int64(100*i), "second", `{"panels":[{"recent":{"p99":4200},"phase":"masterless"},{"recent":{"p99":123456},"phase":"running"},{"recent":{"p99":2000000},"phase":"running"}]}`)
		}
	}
	return r
}

// wellFormed wants a picture that every reader of SVG can read.
func wellFormed(t *testing.T, picture string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A picture of a moment has as many rings as wait, or says how many more there are, and
// says in words what it shows.
func TestStill(t *testing.T) {
	got, err := Still(recorded(), 2500, "a <title>")
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, got)
	drawn, more := row(box{0, 0, 276, 67}, 2)[0].shown(200)
	if n := strings.Count(got, `class="ring"`); n != 5+drawn {
		t.Errorf("%d rings, want 5 of reuseport and %d of dispatch", n, drawn)
	}
	for _, want := range []string{
		fmt.Sprintf("+%d<", more), "‖ 1", "× master dead", "a &lt;title&gt;",
		"shared: 0 wait, 99th percentile 4.2 ms, the master is dead.",
		"reuseport: 5 wait, 99th percentile 123 ms, worker 1 is stopped.",
		"dispatch: 200 wait, 99th percentile 2.0 s.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it has no %q", want)
		}
	}
	if before, _ := Still(recorded(), 500, ""); strings.Contains(before, "‖") {
		t.Error("a worker is stopped before it was")
	}
}

// Each dot lives one life at a time, and none goes on after the picture has begun anew.
func TestMoving(t *testing.T) {
	for _, layout := range []Layout{Wide, Narrow} {
		got, err := Moving(recorded(), Whole(recorded(), layout, 1, "title", "words"))
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, got)
		for _, want := range []string{"prefers-reduced-motion", ">words<", ">Worker 2 is stopped. Who waits?<", `class="dot`} {
			if !strings.Contains(got, want) {
				t.Errorf("it has no %q", want)
			}
		}
	}
	f, err := read(recorded())
	if err != nil {
		t.Fatal(err)
	}
	all, _ := Wide.rooms(f.names, f.frames[0].panels, 0)
	// Of reuseport: 2 a frame to worker 0, and five that come to wait.
	lives, waits := 0, 0
	for _, l := range f.lives(1, all[1], 0, 3000, 1) {
		if len(l) == 2 {
			waits++
		} else {
			lives++
		}
		for i := 1; i < len(l); i++ {
			if l[i].at <= l[i-1].at {
				t.Errorf("a dot goes back in time: %v", l)
			}
		}
	}
	if lives != 60 || waits != 4 { // the first of five is on its way, and not in a queue
		t.Errorf("%d are served and %d come to wait, want 60 and 4", lives, waits)
	}
}

// Of nothing there is no picture.
func TestNoPicture(t *testing.T) {
	r := recorded()
	r.Events = r.Events[:1]
	if _, err := Still(r, 0, ""); err == nil {
		t.Error("there is a picture of a recording without a frame")
	}
	if _, err := Moving(recorded(), Seconds{From: 9000, To: 9900, Layout: Wide}); err == nil {
		t.Error("there is a picture of seconds that were not recorded")
	}
	r.Events[0].Data = []byte(`[]`)
	if _, err := Still(r, 0, ""); err == nil || !strings.Contains(err.Error(), "event 1 (state)") {
		t.Errorf("error %v", err)
	}
}
