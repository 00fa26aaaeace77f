//go:build linux

package docs_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// scrapesOfAServer are those of a real one that serves, is reloaded, and loses a worker.
func scrapesOfAServer(t *testing.T) *scrapes {
	t.Helper()
	p := newPlace(t)
	s, err := p.start([]string{"-s", "reuseport", "-w", "3", "-b", "127.0.0.1:0", "--metrics", "127.0.0.1:0"}, "PREFORK_LOG_FORMAT=json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.end(nil); err != nil {
			t.Error(err)
		}
	}()
	var metrics, address string
	await := func(event string) {
		t.Helper()
		if err := s.await(func(line string) bool {
			var record struct{ Event, Address string }
			_ = json.Unmarshal([]byte(line), &record)
			switch record.Event {
			case "metrics.listening":
				metrics = record.Address
			case "server.listening":
				address = record.Address
			}
			return record.Event == event
		}); err != nil {
			t.Fatal(err)
		}
	}
	await("server.ready")
	all := &scrapes{}
	for n := range 8 {
		for range 30 {
			if err := ask(address, nil); err != nil {
				t.Fatal(err)
			}
		}
		if n == 5 {
			_ = s.cmd.Process.Signal(syscall.SIGHUP)
			await("reload.done")
		}
		all.add(t, scrape(t, metrics))
	}
	return all
}

func scrape(t *testing.T, address string) string {
	t.Helper()
	client := http.Client{Timeout: tooLong}
	r, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rule is an alert of alerts.yml.
type rule struct{ name, expression string }

var (
	ruleName = regexp.MustCompile(`^ *- alert: (\w+)$`)
	ruleExpr = regexp.MustCompile(`^ *expr: (.+)$`)
)

func rules(t *testing.T) (all []rule) {
	t.Helper()
	text, err := os.ReadFile("operate/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if m := ruleName.FindStringSubmatch(line); m != nil {
			all = append(all, rule{name: m[1]})
		} else if m := ruleExpr.FindStringSubmatch(line); m != nil && len(all) > 0 {
			all[len(all)-1].expression = m[1]
		}
	}
	return all
}

// Each alert is silent on a server that is well, and fires on one that is ill in its way.
func TestAlerts(t *testing.T) {
	ill := map[string]func(string) string{
		"PreforkWorkersMissing": func(s string) string {
			return strings.Replace(s, "\nprefork_workers_ready 3", "\nprefork_workers_ready 2", 1)
		},
		"PreforkWorkersCrash": func(s string) string {
			return strings.ReplaceAll(s, `reason="crash",slot="1"} 0`, `reason="crash",slot="1"} 5`)
		},
		"PreforkQueueFills": func(s string) string {
			return regexp.MustCompile(`(prefork_queue_connections\{.*\}) 0`).ReplaceAllString(s, "$1 9000")
		},
		"PreforkReloadFailed": func(s string) string {
			return strings.Replace(s, `prefork_reloads_total{result="failed"} 0`, `prefork_reloads_total{result="failed"} 1`, 1)
		},
	}
	all := rules(t)
	if len(all) != len(ill) {
		t.Fatalf("%d rules, and %d ways to be ill", len(all), len(ill))
	}
	well := scrapesOfAServer(t)
	for _, r := range all {
		if fires := well.ask(t, r.expression); len(fires) > 0 {
			t.Errorf("%s fires on a server that is well: %v", r.name, fires)
		}
	}
	for _, r := range all {
		worse := well.and(t, ill[r.name])
		if fires := worse.ask(t, r.expression); len(fires) == 0 {
			t.Errorf("%s does not fire on a server that is ill", r.name)
		}
	}
	page, err := os.ReadFile("operate/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if !strings.Contains(string(page), "`"+r.name+"`") {
			t.Errorf("metrics.md does not say what %s means", r.name)
		}
	}
}

// Each expression of the dashboard can be asked, and shows something.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("operate/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Annotations struct{ List []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	all := scrapesOfAServer(t)
	asked := 0
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			asked++
			if shown := all.ask(t, target.Expr); len(shown) == 0 {
				t.Errorf("%s: nothing is shown of %s", panel.Title, target.Expr)
			}
		}
	}
	for _, annotation := range dashboard.Annotations.List {
		asked++
		if shown := all.ask(t, annotation.Expr); len(shown) == 0 {
			t.Errorf("nothing is marked by %s", annotation.Expr)
		}
	}
	if asked < 10 {
		t.Errorf("%d expressions", asked)
	}
}

// The page has a row for each metric, and for no other.
func TestMetricsPage(t *testing.T) {
	page, err := os.ReadFile("operate/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var told, listed []string
	code, err := os.ReadFile(filepath.Join(root, "internal/metrics/families.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\{"(prefork_\w+)", (?:gauge|counter)`).FindAllStringSubmatch(string(code), -1) {
		told = append(told, m[1])
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(prefork_\\w+)`").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(told)
	slices.Sort(listed)
	if !slices.Equal(told, listed) || len(told) == 0 {
		t.Errorf("metrics.md has %q,\nthe code %q", listed, told)
	}
}
