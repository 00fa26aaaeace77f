//go:build linux

package lab_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"prefork/bench/load"
	"prefork/internal/demo/lab"
)

// event is one that a viewer gets.
type event struct{ name, data string }

// viewer is one without a browser.
type viewer struct {
	t      *testing.T
	events chan event
	leave  func()
	want   string // what an event is awaited for, to say it in vain
}

func view(t *testing.T, url string) *viewer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, url+"/events", nil)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{t: t, events: make(chan event, 1000), leave: cancel}
	go func() {
		defer close(v.events)
		defer answer.Body.Close()
		name := ""
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = text
			}
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				v.events <- event{name, text}
			}
		}
	}()
	return v
}

// await waits for an event of which f is true.
func (v *viewer) await(name string, f func(data string) bool) string {
	v.t.Helper()
	late := time.After(patience)
	for {
		select {
		case e, open := <-v.events:
			if !open {
				v.t.Fatalf("the events ended before %s", name)
			}
			if e.name == name && f(e.data) {
				return e.data
			}
		case <-late:
			v.t.Fatalf("no such %s: %s", name, v.want)
		}
	}
}

func anything(string) bool { return true }

// frame is one panel's in a frame.
type frame struct {
	A, D, L int
	Q       []int
	W       [][4]int
}

func frames(data string) (all []frame) {
	if err := json.Unmarshal([]byte(data), &all); err != nil {
		panic(err)
	}
	return all
}

func post(t *testing.T, url, path, body string) (code int, answer string) {
	t.Helper()
	r, err := http.Post(url+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(text)
}

func TestNonsenseChangesNothing(t *testing.T) {
	url := open(t)
	before := settingsOf(view(t, url))
	for _, test := range []struct{ path, body, reason string }{
		{"/settings", `{"rate":-1}`, "want 0 to 2000"},
		{"/settings", `{"rate":1e9}`, "want 0 to 2000"},
		{"/settings", `{"workers":0}`, "want 1 to 8"},
		{"/settings", `{"workers":2.5}`, "workers: want a whole number, not 2.5"},
		{"/settings", `{"workers":true}`, "workers: want a whole number, not true or false"},
		{"/settings", `{"ways":[]}`, "ways: want an object, not an array"},
		{"/settings", `{"rate":"fast"}`, "rate: want a number, not a string"},
		{"/settings", `{"workers":3,"rate":5000}`, "want 0 to 2000"},
		{"/settings", `{"service":"soon"}`, "no such kind"},
		{"/settings", `{"clients":100000}`, "want 1 to 500"},
		{"/settings", `{"ways":{"shared":{"policy":"p2c"}}}`, "it is for --strategy dispatch"},
		{"/settings", `{"ways":{"shared":{"steer":"cpu"}}}`, "it is for --strategy reuseport"},
		{"/settings", `{"ways":{"reuseport":{"steer":"p2d"}}}`, `did you mean "p2c"?`},
		{"/settings", `{"ways":{"shard":{}}}`, `did you mean "shared"?`},
		{"/settings", `{"colour":"red"}`, "unknown field"},
		{"/settings", `{"rate":10}{"rate":20}`, "nothing after it"},
		{"/settings", `{"rate":100}]`, "nothing after it"},
		{"/settings", `{"rate":100}}`, "nothing after it"},
		{"/settings", `{"rate":100} null`, "nothing after it"},
		{"/settings", `null`, "not understood: want one JSON object"},
		{"/settings", `rate=10`, "not understood"},
		{"/settings", ``, "not understood: want one JSON object"},
		{"/settings", `{"rate":`, "it ends in the middle"},
		{"/settings", `{"rate":10,"by":"` + strings.Repeat("x", 41) + `"}`, "by: want at most 40 bytes"},
		{"/settings", strings.Repeat(" ", 10_000) + `{"rate":10}`, "too large"},
		{"/act", `{"do":"explode"}`, "there are: continue"},
		{"/act", `{"do":"stop"}`, "which worker? want 0 to 7"},
		{"/act", `{"do":"stop","worker":-1}`, "want 0 to 7"},
		{"/act", `{"do":"stop","worker":8}`, "want 0 to 7"},
		{"/act", `{"do":"stop","worker":7}`, "has workers 0 to 3"},
		{"/act", `{"do":"stop","worker":1,"panel":"nginx"}`, "unknown strategy"},
		{"/act", `{"do":"send","count":1000000}`, "want 1 to 100"},
		{"/act", `[]`, "not understood: want one JSON object"},
		{"/act", `2.5`, "not understood: want one JSON object"},
	} {
		code, answer := post(t, url, test.path, test.body)
		if code != http.StatusBadRequest || !strings.Contains(answer, test.reason) || strings.Contains(answer, "lab.") {
			t.Errorf("%s %.60s: %d %q, want 400 with %q", test.path, test.body, code, answer, test.reason)
		}
	}
	if after := settingsOf(view(t, url)); after != before {
		t.Errorf("nonsense has changed the settings from\n%s to\n%s", before, after)
	}
}

// settingsOf is what a viewer is told first.
func settingsOf(v *viewer) string {
	var state struct{ Settings, Marks json.RawMessage }
	if err := json.Unmarshal([]byte(v.await("state", anything)), &state); err != nil {
		v.t.Fatal(err)
	}
	return string(state.Settings) + string(state.Marks)
}

func TestForeignersAreTurnedAway(t *testing.T) {
	url := open(t)
	for _, test := range []struct {
		host, origin string
		want         int
	}{
		{"", "", http.StatusOK},
		{"", url, http.StatusOK},
		{"evil.example", "", http.StatusForbidden},
		{"evil.example:80", "", http.StatusForbidden},
		{"", "http://evil.example", http.StatusForbidden},
		{"", "null", http.StatusForbidden},
		{"", "http://127.0.0.1:1", http.StatusForbidden}, // another server of this machine
	} {
		for _, path := range []string{"/", "/events", "/act"} {
			method, want := http.MethodGet, test.want
			if test.host == "" {
				want = http.StatusOK
			}
			if path == "/act" {
				method = http.MethodPost // only what changes something is refused
				want = map[int]int{http.StatusOK: http.StatusBadRequest, http.StatusForbidden: http.StatusForbidden}[test.want]
			}
			request, _ := http.NewRequest(method, url+path, nil)
			if test.host != "" {
				request.Host = test.host
			}
			if test.origin != "" {
				request.Header.Set("Origin", test.origin)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != want {
				t.Errorf("%s %s from host %q, origin %q: %d, want %d", method, path, test.host, test.origin, answer.StatusCode, want)
			}
		}
	}
}

// Two viewers see the same, one who comes back is told all there is to know, and a
// second lab does not disturb the first.
func TestViewersAndASecondLab(t *testing.T) {
	url, other := open(t), open(t)
	first, second, elsewhere := view(t, url), view(t, url), view(t, other)
	for _, v := range []*viewer{first, second, elsewhere} {
		v.await("frame", func(data string) bool {
			all := frames(data)
			return all[0].D > 0 && all[1].D > 0 && all[2].D > 0
		})
	}
	if code, answer := post(t, url, "/settings", `{"rate":123}`); code != http.StatusNoContent {
		t.Fatalf("%d %s", code, answer)
	}
	has123 := func(data string) bool { return strings.Contains(data, `"rate":123`) }
	first.await("settings", has123)
	second.await("settings", has123)
	first.leave()
	second.await("frame", anything)
	back := view(t, url)
	back.await("state", func(data string) bool { return has123(data) && strings.Contains(data, `"123/s"`) })
	if got := settingsOf(view(t, other)); strings.Contains(got, "123") {
		t.Error("the other lab's settings have changed too")
	}
}

// Without a viewer there is no load; the next one finds it again.
func TestIdle(t *testing.T) {
	lab.SetIdleAfter(t, 100*time.Millisecond)
	url := open(t)
	v := view(t, url)
	v.await("frame", func(data string) bool { return frames(data)[0].D > 0 })
	v.leave()
	lab.AwaitIdle(t, patience)
	v = view(t, url)
	v.await("frame", func(data string) bool { return frames(data)[0].D > 0 })
}

func TestChangesAndActs(t *testing.T) {
	url := open(t)
	v := view(t, url)
	v.await("frame", func(data string) bool { return frames(data)[0].D > 0 })
	do := func(path, body string, want int) {
		t.Helper()
		if code, answer := post(t, url, path, body); code != want {
			t.Fatalf("%s: %d %s", body, code, answer)
		}
	}
	do("/settings", `{"workers":2,"ways":{"shared":{"accept":"exclusive"},"dispatch":{"policy":"p2c"}}}`, http.StatusNoContent)
	v.await("frame", func(data string) bool { all := frames(data); return len(all[2].W) == 2 && all[0].D > 0 })
	do("/act", `{"do":"kill","panel":"shared","worker":1,"by":"me"}`, http.StatusNoContent)
	v.await("mark", func(data string) bool {
		return strings.Contains(data, "worker 1 killed") && strings.Contains(data, `"by":"me"`)
	})
	v.await("frame", func(data string) bool { return frames(data)[0].W[1][3] == 1 }) // there is another
	do("/act", `{"do":"kill-master","panel":"dispatch"}`, http.StatusNoContent)
	do("/act", `{"do":"kill-master","panel":"dispatch"}`, http.StatusConflict)
	do("/act", `{"do":"reload","panel":"dispatch"}`, http.StatusConflict)
	v.await("second", func(data string) bool { return strings.Contains(data, `"masterless"`) })
	do("/act", `{"do":"start","panel":"dispatch"}`, http.StatusNoContent)
	v.await("frame", func(data string) bool { return frames(data)[2].D > 0 })
	do("/settings", `{"clients":4}`, http.StatusNoContent)
	v.await("frame", func(data string) bool { return frames(data)[1].D > 0 })
	do("/settings", `{"clients":0,"rate":0}`, http.StatusNoContent)
	v.await("settings", func(data string) bool { return strings.Contains(data, `"rate":0`) })
	for quiet := 0; quiet < 3; { // what was under way has ended
		quiet++
		v.await("frame", func(data string) bool {
			if f := frames(data)[0]; f.A+f.D+f.W[0][2]+f.W[1][2] > 0 {
				quiet = 0
			}
			return true
		})
	}
	do("/act", `{"do":"send","count":10}`, http.StatusNoContent)
	done := 0
	v.await("frame", func(data string) bool { done += frames(data)[0].D; return done >= 10 })
	if done != 10 {
		t.Errorf("10 were sent and %d answered", done)
	}
}

// What the lab itself could not do is not charged to a strategy.
func TestOwnFault(t *testing.T) {
	begun, lost, local := lab.Counted(
		load.Report{Begun: 9, Done: 4, Lost: map[string]int{load.Local: 3, load.Late: 2}},
		load.Report{Begun: 1, Lost: map[string]int{load.Refused: 1}},
	)
	if begun != 7 || lost != 3 || local != 3 {
		t.Errorf("%d begun, %d lost and %d of our own, want 7, 3 and 3", begun, lost, local)
	}
}

// Connections that the server before has left open are not lost by this one.
func TestStaleConnections(t *testing.T) {
	begun, lost, _ := lab.Counted(
		load.Report{Begun: 1, Open: 4}, // three were open before
		load.Report{Begun: 2, Done: 1, Open: 3, Lost: map[string]int{load.Late: 2}},
		load.Report{Open: 0, Lost: map[string]int{load.Late: 3}}, // one of them is old
	)
	if begun != 3 || lost != 2 {
		t.Errorf("%d begun and %d lost, want 3 and 2", begun, lost)
	}
}

func TestListen(t *testing.T) {
	first, err := lab.Listen("127.0.0.1:0", true)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	taken := first.Addr().String()
	if _, err := lab.Listen(taken, true); err == nil {
		t.Error("a taken port that was given could be had")
	}
	next, err := lab.Listen(taken, false)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	if next.Addr().String() == taken {
		t.Errorf("%s was had twice", taken)
	}
	for _, address := range []string{"0.0.0.0:8089", ":8089", "8089", "192.0.2.1:80", "example.com:80"} {
		if l, err := lab.Listen(address, true); err == nil {
			_ = l.Close()
			t.Errorf("the lab would listen on %s", address)
		}
	}
	if got := fmt.Sprint(lab.DefaultAddress); got != "127.0.0.1:8089" {
		t.Errorf("the default is %s", got)
	}
}
