//go:build linux

package lab_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"prefork/internal/demo/lab"
	"prefork/internal/demo/recording"
)

// A recording begins with the first viewer, and has what that one was told.
func TestRecorded(t *testing.T) {
	recorder := lab.Recorder("")
	l := openRecorded(t, "127.0.0.1:0", recorder)
	if events := recorder.Recording().Events; len(events) > 0 {
		t.Errorf("before anybody looks it has %d events", len(events))
	}
	v := view(t, l.url)
	arrived, seen := 0, 0
	v.await("frame", func(data string) bool {
		arrived += frames(data)[0].A
		seen++
		return arrived > 50
	})
	const told = `{"tour":"herd","step":1,"what":"told","came":2,"numbers":[{"label":"wakeups","want":"7","got":"7.1","ok":true}]}`
	post204(t, l.url, "/told", told)
	v.await("tour", func(data string) bool { return data == told })
	events := recorder.Recording().Events
	if events[0].Kind != "state" || !strings.Contains(string(events[0].Data), `"recording":true`) {
		t.Errorf("it begins with %s %s", events[0].Kind, events[0].Data)
	}
	recorded := 0
	for _, e := range events {
		if e.Kind == "frame" && seen > 0 {
			recorded += frameOf(t, e)[0].Arrived
			seen--
		}
	}
	if recorded != arrived {
		t.Errorf("recorded are %d arrivals, told were %d", recorded, arrived)
	}
	if last := events[len(events)-1]; last.Kind != "tour" && last.Kind != "frame" && last.Kind != "second" {
		t.Errorf("it ends with %s", last.Kind)
	}
}

func frameOf(t *testing.T, e recording.Event) []recording.Panel {
	t.Helper()
	panels, err := e.Frame()
	if err != nil {
		t.Fatal(err)
	}
	return panels
}

// As a command it writes the recording when it is told to stop, whoever was there.
func TestRecordCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	cmd, url := command(t, func(cmd *exec.Cmd) {
		cmd.Args = append(cmd.Args[:1:1], "demo", "--record", path, "--web", "127.0.0.1:0")
	})
	v := view(t, url)
	v.await("second", func(string) bool { return true })
	v.leave()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := recording.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if kinds := r.Events[len(r.Events)-1].Kind; r.Events[0].Kind != "state" || r.Header.CPUs == 0 || r.Header.Prefork == "" {
		t.Errorf("it has %+v, begins with %s and ends with %s", r.Header, r.Events[0].Kind, kinds)
	}
}

// What a page says of its tour is taken where it is recorded, and makes sense.
func TestToldInVain(t *testing.T) {
	recorded, not := openRecorded(t, "127.0.0.1:0", lab.Recorder("")).url, open(t)
	for _, c := range []struct {
		url, body, why string
		code           int
	}{
		{not, `{"tour":"herd","step":0,"what":"asked"}`, "nothing is recorded", http.StatusConflict},
		{recorded, `{"tour":"herd","step":0,"what":"ask"}`, "want asked, guessed, told or left", http.StatusBadRequest},
		{recorded, `{"tour":"herd","step":"one"}`, "step: want a whole number", http.StatusBadRequest},
		{recorded, `[]`, "want one JSON object", http.StatusBadRequest},
	} {
		if code, answer := post(t, c.url, "/told", c.body); code != c.code || !strings.Contains(answer, c.why) {
			t.Errorf("%s: %d %s, want %d and %q", c.body, code, answer, c.code, c.why)
		}
	}
	v := view(t, not)
	v.await("state", func(data string) bool {
		var state struct{ Recording bool }
		if err := json.Unmarshal([]byte(data), &state); err != nil || state.Recording {
			t.Errorf("where nothing is recorded the page is told %v (%v)", state.Recording, err)
		}
		return true
	})
}

// Who has recorded something plays it in the lab's own page; a file that is none can be
// put right by another.
func TestRecordingIsPlayedByTheLab(t *testing.T) {
	recorder := lab.Recorder("")
	l := openRecorded(t, "127.0.0.1:0", recorder)
	v := view(t, l.url)
	for range 3 {
		v.await("second", func(string) bool { return true })
	}
	v.leave()
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "run.jsonl"), filepath.Join(dir, "notes.txt")
	if err := recorder.Recording().WriteFile(good); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bad, []byte("buy milk\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := browse(t, l.url+"/recorded.html", 1280, 800)
	b.Await("a file can be chosen", `!document.querySelector("#choose").hidden`)
	b.Do(chromedp.SetUploadFiles("#file", []string{bad}))
	b.Await("it says that this is none", `document.querySelector("#notice").innerText.includes("no recording")`)
	b.Do(chromedp.SetUploadFiles("#file", []string{good}))
	b.Await("the other one plays", answered("shared")+` > 0 && document.querySelector("#notice").hidden`)
	b.Check()
}
