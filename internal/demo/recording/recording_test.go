package recording

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// heard is a small recording: a state, a frame, a mark.
func heard(t *testing.T) *Recording {
	t.Helper()
	rec, began := NewRecorder(Header{Kernel: "6.18", CPUs: 2, CPUModel: "a <processor>"}), time.UnixMilli(1_700_000_000_000)
	for i, e := range [][2]string{
		{"state", `{"settings":{"rate":200}}`},
		{"frame", `[{"a":3,"d":2,"l":1,"q":[4,0],"w":[[1,1,0,1],[2,1,1,2]]},{"a":0,"d":0,"l":0,"q":null,"w":[]}]`},
		{"mark", `{"at":1,"do":"stop","text":"worker 2 stopped"}`},
	} {
		rec.hear(began.Add(time.Duration(i)*120*time.Millisecond), e[0], []byte(e[1]))
	}
	return rec.Recording()
}

func written(t *testing.T, r *Recording) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// What is read is what was heard, and when.
func TestRecordingIsReadAgain(t *testing.T) {
	text := written(t, heard(t))
	r, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if h := r.Header; h.Started != 1_700_000_000_000 || h.CPUModel != "a <processor>" || h.Events != 3 {
		t.Errorf("its header is %+v", h)
	}
	if strings.Contains(text, "<") {
		t.Error("it cannot be put into a page: it has a <")
	}
	if at, kind := r.Events[2].At, r.Events[2].Kind; at != 240 || kind != "mark" {
		t.Errorf("the last event is %s at %d ms", kind, at)
	}
	frame, err := r.Events[1].Frame()
	want := []Panel{{Arrived: 3, Answered: 2, Lost: 1, Queues: []int{4, 0}, Workers: []Worker{{1, 1, 0, Awake}, {2, 1, 1, Asleep}}}, {Queues: []int{}}}
	if err != nil || !reflect.DeepEqual(frame, want) {
		t.Errorf("the frame is %+v (%v), want %+v", frame, err, want)
	}
}

// What is not whole, or was changed, is not read.
func TestRecordingIsRefused(t *testing.T) {
	text := written(t, heard(t))
	first, rest, _ := strings.Cut(text, "\n")
	for name, c := range map[string]struct{ text, why string }{
		"nothing":         {"", "no recording"},
		"something else":  {"{\"rate\":200}\n", "no recording"},
		"another version": {strings.Replace(text, "recording/v1", "recording/v9", 1), "another version"},
		"cut short":       {text[:len(text)-9], "cut short"},
		"a number edited": {strings.Replace(text, "[3,2,1,", "[3,3,0,", 1), "was changed"},
		"a line added":    {text + "[999,\"mark\",{}]\n", "was changed"},
		"a line dropped":  {first + "\n" + strings.SplitAfterN(rest, "\n", 2)[1], "cut short"},
	} {
		if r, err := Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, %v; want an error with %q", name, r, err, c.why)
		}
	}
}

// Who forgets a recorder fills neither memory nor disk.
func TestRecordingEnds(t *testing.T) {
	rec, began := NewRecorder(Header{}), time.Now()
	rec.hear(began, "state", []byte("{}"))
	rec.hear(began.Add(maxLength), "mark", []byte("{}"))
	rec.hear(began.Add(maxLength+time.Second), "mark", []byte("{}"))
	if r := rec.Recording(); len(r.Events) != 2 || !r.Header.Cut {
		t.Errorf("%d events, cut: %v", len(r.Events), r.Header.Cut)
	}
	big, _ := json.Marshal(strings.Repeat("x", maxBytes))
	rec = NewRecorder(Header{})
	for range 3 {
		rec.hear(began, "mark", big)
	}
	if r := rec.Recording(); len(r.Events) != 1 || !r.Header.Cut {
		t.Errorf("%d events, cut: %v", len(r.Events), r.Header.Cut)
	}
}

// A file that was there stays until the new one is whole, and nothing is left beside it.
func TestRecordingWritesFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.jsonl")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := &Recording{Events: []Event{{Data: json.RawMessage("{")}}}
	if err := broken.WriteFile(path); err == nil {
		t.Error("what is no JSON was written")
	}
	if text, _ := os.ReadFile(path); string(text) != "before" {
		t.Errorf("what was there is %q", text)
	}
	if err := heard(t).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := Read(file); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%d files are there", len(left))
	}
}
