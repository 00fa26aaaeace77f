//go:build linux

package supervisor_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/control"
	"prefork/internal/servertest"
)

// asker asks a server's --metrics.
type asker struct {
	t    *testing.T
	addr string
}

func metricsOf(t *testing.T, s *servertest.Server) asker {
	t.Helper()
	return asker{t, s.Await("metrics are served", 1).String("address")}
}

func (a asker) get(path string) (int, string) {
	a.t.Helper()
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get("http://" + a.addr + path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// value is a number of a scrape.
func (a asker) value(name string) (v float64) {
	a.t.Helper()
	_, text := a.get("/metrics")
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if rest, found := strings.CutPrefix(lines.Text(), name+" "); found {
			if _, err := fmt.Sscan(rest, &v); err != nil {
				a.t.Fatal(err)
			}
			return v
		}
	}
	a.t.Fatalf("no %s in:\n%s", name, text)
	return 0
}

// A scrape tells the truth, while workers come and go and after an upgrade.
func TestMetricsWhileWorkersComeAndGo(t *testing.T) {
	eachStrategy(t, func(t *testing.T, strategy string) {
		s := servertest.Start(t, "-s", strategy, "-w", "2", "--metrics", "127.0.0.1:0")
		m := metricsOf(t, s)
		c := s.Control()
		load := s.StartLoad(3)
		load.More(t, 50)
		for range 3 {
			order(t, c, "reload", "", control.Done)
			m.get("/metrics")
			order(t, c, "workers", "+1", control.Done)
			m.get("/metrics")
			order(t, c, "upgrade", "", control.Done)
			m.get("/metrics")
			order(t, c, "workers", "-1", control.Done)
		}
		never(t, load)
		servertest.Eventually(t, "all are counted", func() bool {
			finished := m.value(`prefork_connections_finished_total{slot="0"}`) + m.value(`prefork_connections_finished_total{slot="1"}`)
			return finished > 50 && m.value("prefork_workers_ready") == 2
		})
		for name, want := range map[string]float64{
			"prefork_workers_wanted": 2, "prefork_upgrades_total": 3, `prefork_reloads_total{result="done"}`: 6,
			"prefork_generation": 7, `prefork_state{state="running"}`: 1,
		} {
			if got := m.value(name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		_ = unix.Kill(s.Workers()[1], unix.SIGKILL)
		servertest.Eventually(t, "the crash is counted", func() bool {
			_, text := m.get("/metrics")
			return strings.Contains(text, `prefork_worker_restarts_total{reason="crash",slot="1"} 1`)
		})
	})
}

// A balancer hears that the server goes before anybody is turned away.
func TestNotReadyBeforeItStops(t *testing.T) {
	s := servertest.Start(t, "-w", "2", "--metrics", "127.0.0.1:0", "--drain-delay", "1h")
	m := metricsOf(t, s)
	if code, text := m.get("/readyz"); code != 200 {
		t.Errorf("ready: %d %s", code, text)
	}
	load := s.StartLoad(2)
	s.Signal(syscall.SIGTERM)
	s.Await("stopping soon: balancers are to notice first", 1)
	if code, text := m.get("/readyz"); code != 503 || !strings.Contains(text, "stopping") {
		t.Errorf("leaving: %d %s", code, text)
	}
	if code, _ := m.get("/healthz"); code != 200 {
		t.Errorf("it lives: %d", code)
	}
	load.More(t, 100)
	never(t, load)
	c := s.Control()
	order(t, c, "reload", "", control.Refused)
	if code := s.Stop(syscall.SIGTERM); code != 0 { // again: now
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestReadyWhileEnoughAre(t *testing.T) {
	s := servertest.Start(t, "-w", "3", "--metrics", "127.0.0.1:0", "--ready-min", "2")
	m := metricsOf(t, s)
	c := s.Control()
	order(t, c, "drain", "2", control.Done)
	if code, text := m.get("/readyz"); code != 200 {
		t.Errorf("two of three: %d %s", code, text)
	}
	order(t, c, "pause", "", control.Done)
	if code, text := m.get("/readyz"); code != 503 || !strings.Contains(text, "paused") {
		t.Errorf("paused: %d %s", code, text)
	}
	order(t, c, "resume", "", control.Done)
	if code, text := m.get("/readyz"); code != 200 {
		t.Errorf("resumed: %d %s", code, text)
	}
}

// A master that hangs is not healthy.
func TestAStoppedMasterIsNotAlive(t *testing.T) {
	s := servertest.Start(t, "-w", "1", "--metrics", "127.0.0.1:0")
	m := metricsOf(t, s)
	s.Signal(syscall.SIGSTOP)
	client := http.Client{Timeout: 300 * time.Millisecond}
	if r, err := client.Get("http://" + m.addr + "/healthz"); err == nil {
		t.Errorf("it answers %s", r.Status)
	}
	s.Signal(syscall.SIGCONT)
	if code, _ := m.get("/healthz"); code != 200 {
		t.Errorf("it goes on: %d", code)
	}
}

// Many who ask and do not read delay nobody: a worker that dies is replaced.
func TestSlowScrapersDelayNobody(t *testing.T) {
	s := servertest.Start(t, "-w", "4", "--metrics", "127.0.0.1:0")
	m := metricsOf(t, s)
	for n := range 200 {
		conn, err := net.Dial("tcp", m.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if n%2 == 0 {
			_, _ = io.WriteString(conn, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 20))
		}
	}
	killed := s.Workers()[0]
	_ = unix.Kill(killed, unix.SIGKILL)
	servertest.Eventually(t, "it is replaced", func() bool { now := s.Workers(); return len(now) == 4 && now[0] != killed })
	m.get("/healthz")
}
