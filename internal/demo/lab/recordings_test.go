//go:build linux

package lab_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"prefork/internal/demo"
	"prefork/internal/demo/lab"
	"prefork/internal/demo/recording"
)

var (
	recordings = flag.String("recordings", "", "record the scenes, and the picture of the README, into this `directory`")
	only       = flag.String("only", "", "record only those whose names match this `expression`")
)

// TestRecordings makes the recordings of the site: make recordings.
func TestRecordings(t *testing.T) {
	if *recordings == "" {
		t.Skip("-recordings says where to")
	}
	chosen := regexp.MustCompile(*only)
	for _, scene := range demo.Scenes {
		if chosen.MatchString(scene.Name) {
			record(t, scene.Name, "/?tour="+scene.Name, func(b *tab) { b.takeTour(scene.Name) })
		}
	}
	if chosen.MatchString("first-screen") {
		record(t, "first-screen", "/", (*tab).firstScreen)
	}
}

// record plays something in a lab of its own, until it comes out as predicted.
func record(t *testing.T, name, page string, play func(*tab)) {
	const tries = 5
	for try := 1; try <= tries; try++ {
		var r *recording.Recording
		whole := t.Run(name, func(t *testing.T) {
			recorder := lab.Recorder("")
			l := openRecorded(t, "127.0.0.1:0", recorder)
			b := browse(t, l.url+page, 1280, 800)
			play(b)
			b.Check()
			r = recorder.Recording()
		})
		if !whole {
			return
		}
		if off := slices.IndexFunc(r.Events, unpredicted); off >= 0 {
			fmt.Printf("%-18s not as predicted: %s\n", name, r.Events[off].Data)
			continue
		}
		path := filepath.Join(*recordings, name+".jsonl")
		if err := r.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("%-18s %5.1f s  %4d kB\n", name, float64(r.Events[len(r.Events)-1].At)/1000, info.Size()/1000)
		return
	}
	t.Errorf("%s: not as predicted, %d times: is this machine busy?", name, tries)
}

// unpredicted is whether an event tells of a number that did not come out as predicted.
func unpredicted(e recording.Event) bool {
	return e.Kind == "tour" && regexp.MustCompile(`"ok":false`).Match(e.Data)
}

// takeTour takes a tour up to its last numbers, and guesses what is right. Before each
// guess it lets a moment pass, so that one sees how things were.
func (b *tab) takeTour(id string) {
	b.T.Helper()
	for last := false; !last; {
		b.Await("a guess can be made", guessable)
		b.settle(`{}`, 1)
		b.guess(1)
		b.Await("the numbers are there", revealed)
		b.settle(`{}`, 1) // what is told last is recorded too
		if last = ask[bool](b, `document.querySelector("#tour-next").textContent == "To the end"`); !last {
			b.Click("#tour-next")
			b.Await("there is a next step", `!document.querySelector("#guide table")`)
		}
	}
}

// firstScreen stops a worker of each for some seconds.
func (b *tab) firstScreen() {
	b.T.Helper()
	b.settle(`{"rate":60,"service":"exp:20ms"}`, 4)
	for _, one := range []struct {
		do      string
		seconds int
	}{{"stop", 4}, {"continue", 3}} {
		ask[bool](b, fmt.Sprintf(`(fetch("act", {method: "POST", body: '{"do":%q,"worker":2}'}), true)`, one.do))
		b.settle(`{}`, one.seconds)
	}
}
