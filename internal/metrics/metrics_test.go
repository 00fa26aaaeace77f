//go:build linux

package metrics

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"prefork/internal/control"
)

// full is a status in which everything is said.
func full() *control.Status {
	queued, overflows := 3, uint64(7)
	return &control.Status{
		Schema: control.StatusSchema, PID: 42, Version: `v1 "quoted" back\slash`, State: control.Running,
		Started: 1795694124.356, Uptime: 60, Strategy: "reuseport", Generation: 3,
		Workers: control.Workers{Wanted: 3, Ready: 2, Held: 1}, Reloads: control.Reloads{Done: 2, Failed: 1, Upgrades: 1},
		Listeners:       []control.Listener{{Address: "/run/a b.sock", Queued: 5, Limit: 4096, Sockets: 1}},
		ListenOverflows: &overflows,
		Slots: []control.Slot{
			{Slot: 0, State: control.SlotReady, PID: 43, Age: 10, CPU: 1.5, Queued: &queued,
				Connections: &control.Connections{Accepted: 1 << 40, Finished: 9, Cut: 1, Open: 2, Wakeups: 12},
				Restarts:    map[string]uint64{"crash": 2, "reload": 1}},
			{Slot: 1, State: control.SlotHeld},
		},
	}
}

// The conventions of Prometheus hold, and its parser reads what is meant.
func TestWhatIsWrittenIsRead(t *testing.T) {
	text := plain.write(full())
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	read, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if len(read) != len(families) {
		t.Errorf("%d families are read, of %d", len(read), len(families))
	}
	for name, want := range map[string]string{
		`prefork_connections_accepted_total{slot="0"}`:           "1.099511627776e+12",
		`prefork_worker_restarts_total{reason="crash",slot="0"}`: "2",
		`prefork_queue_connections{listener="/run/a b.sock"}`:    "5",
		`prefork_workers_wanted`:                                 "2",
		`prefork_state{state="paused"}`:                          "0",
		`prefork_reloads_total{result="failed"}`:                 "1",
		`prefork_listen_overflows_total`:                         "7",
		`prefork_slot_queue_connections{slot="0"}`:               "3",
		`prefork_worker_start_time_seconds{slot="0"}`:            "1.795694174356e+09",
	} {
		if !strings.Contains(string(text), "\n"+name+" "+want+"\n") {
			t.Errorf("%s is not %s in:\n%s", name, want, text)
		}
	}
	for _, l := range read["prefork_build_info"].GetMetric()[0].GetLabel() {
		if l.GetName() == "version" && l.GetValue() != full().Version {
			t.Errorf("the version is read as %q", l.GetValue())
		}
	}
}

// OpenMetrics differs in the names of families, and ends with a line that says so.
func TestOpenMetrics(t *testing.T) {
	text := string(formatFor("application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1").write(full()))
	for _, part := range []string{"# TYPE prefork_reloads counter\nprefork_reloads_total{", "# TYPE prefork_workers_ready gauge\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
	if !strings.HasSuffix(text, "\n# EOF\n") {
		t.Error("it does not end with # EOF")
	}
	for _, family := range families {
		if isTotal := strings.HasSuffix(family.name, "_total"); isTotal != (family.kind == counter) {
			t.Errorf("%s is a %s", family.name, family.kind)
		}
	}
}

// What a program as worker does not count is not told, rather than 0.
func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	text := string(plain.write(&control.Status{State: control.Starting, Slots: []control.Slot{{Slot: 0}}}))
	for _, name := range []string{"prefork_connections", "_overflows", "_cpu", "_queue", "_worker_start"} {
		if strings.Contains(text, name) {
			t.Errorf("%q is told in:\n%s", name, text)
		}
	}
}

func TestReady(t *testing.T) {
	for _, test := range []struct {
		state       control.State
		ready, held int
		least       int
		want        bool
	}{
		{control.Running, 3, 0, 0, true},
		{control.Running, 2, 0, 0, false},
		{control.Running, 2, 1, 0, true}, // of the three, one is drained
		{control.Running, 2, 0, 2, true},
		{control.Running, 1, 0, 2, false},
		{control.Reloading, 3, 0, 0, true},
		{control.Upgrading, 3, 0, 0, true},
		{control.Starting, 3, 0, 0, false},
		{control.Paused, 3, 0, 0, false},
		{control.Stopping, 3, 0, 1, false},
	} {
		s := &control.Status{State: test.state, Workers: control.Workers{Wanted: 3, Ready: test.ready, Held: test.held}}
		if err := Ready(s, test.least); (err == nil) != test.want {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

const patience = 30 * time.Second

// listen starts a server for a master that is as lively as it is told.
func listen(t *testing.T, status Status) *Server {
	t.Helper()
	s, err := Listen("127.0.0.1:0", 0, status)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(); _ = s.Close() })
	return s
}

func get(t *testing.T, s *Server, path string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + s.Addr() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func TestAnswers(t *testing.T) {
	var dead atomic.Bool
	s := listen(t, func(ctx context.Context) (*control.Status, bool) {
		if dead.Load() {
			<-ctx.Done()
			return nil, false
		}
		return full(), true
	})
	for path, want := range map[string]struct {
		code int
		part string
	}{
		"/metrics": {200, "prefork_generation 3\n"}, "/healthz": {200, "ok\n"}, "/readyz": {200, "ok\n"},
		"/": {200, "<a href"}, "/other": {404, ""},
	} {
		if code, text := get(t, s, path); code != want.code || !strings.Contains(text, want.part) {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	dead.Store(true)
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		if code, text := get(t, s, path); code != 503 || !strings.Contains(text, "has not answered") {
			t.Errorf("%s of a master that hangs: %d %s", path, code, text)
		}
	}
}

// Those who connect and say nothing, and those who do not read, keep nobody out.
func TestSlowClientsAreInNobodysWay(t *testing.T) {
	s := listen(t, func(context.Context) (*control.Status, bool) { return full(), true })
	for n := range 3 * maxConns {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if n%2 == 0 {
			_, _ = io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") // and never reads
		}
	}
	if code, _ := get(t, s, "/metrics"); code != 200 {
		t.Errorf("%d", code)
	}
}

// What comes while it is stopped waits for the next start, and the socket can be handed on.
func TestStoppedAndHandedOn(t *testing.T) {
	status := func(context.Context) (*control.Status, bool) { return full(), true }
	s := listen(t, status)
	s.Stop()
	var clients sync.WaitGroup
	for range 5 {
		clients.Go(func() {
			if code, _ := get(t, s, "/healthz"); code != 200 {
				t.Errorf("%d", code)
			}
		})
	}
	next := Resume(dup(s.FD()), 0, status)
	if err := next.Start(); err != nil {
		t.Fatal(err)
	}
	clients.Wait()
	next.Stop()
	_ = next.Close()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	get(t, s, "/healthz")
}

func TestAnAddressThatIsTaken(t *testing.T) {
	s := listen(t, nil)
	if _, err := Listen(s.Addr(), 0, nil); err == nil {
		t.Error("two listen at", s.Addr())
	}
}

func BenchmarkWrite256(b *testing.B) {
	s := full()
	one := s.Slots[0]
	s.Slots = nil
	for n := range 256 {
		one.Slot = n
		s.Slots = append(s.Slots, one)
	}
	for b.Loop() {
		_ = plain.write(s)
	}
	b.ReportMetric(float64(len(plain.write(s))), "bytes")
}
