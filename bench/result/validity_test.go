package result

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func metricOf(t *testing.T, name string) Metric {
	t.Helper()
	m, ok := LookupMetric(name)
	if !ok {
		t.Fatal("no metric ", name)
	}
	return m
}

// What was stolen of the processors spoils rates and latencies, and costs only where it
// was much. Who was late is no matter of the machine.
func TestDoubtsSpoilByKind(t *testing.T) {
	for _, c := range []struct {
		reason  string
		size    float64
		spoilt  string
		sound   string
		outside bool
	}{
		{"steal", 9, "", "throughput p99 cpu_server lost jain", false},
		{"steal", 18, "throughput p50 p99", "cpu_server wakeups lost jain lag_p99", true},
		{"steal", 40, "throughput p99 cpu_server wakeups", "lost jain", true},
		{"neighbours", 25, "throughput p99", "cpu_server", true},
		{"unseen", 60, "cpu_server wakeups", "throughput p99", true},
		{"late", 5, "p99 lost", "cpu_server jain", false},
		{"generator busy", 99, "throughput p50", "cpu_server", false},
		{"unwaited", 1, "cpu_server cpu_master wakeups", "throughput p99", false},
		{"no ports", 1, "throughput p99 cpu_server lost jain", "lag_p99", false},
	} {
		r := Round{Doubts: Doubts(map[string]float64{c.reason: c.size})}
		for name := range strings.FieldsSeq(c.spoilt) {
			if r.Sound(metricOf(t, name)) {
				t.Errorf("%s of %v leaves %s sound", c.reason, c.size, name)
			}
		}
		for name := range strings.FieldsSeq(c.sound) {
			if !r.Sound(metricOf(t, name)) {
				t.Errorf("%s of %v spoils %s", c.reason, c.size, name)
			}
		}
		if r.Disturbed() != c.outside {
			t.Errorf("%s of %v: disturbed from outside %v", c.reason, c.size, r.Disturbed())
		}
	}
}

// One arm's trouble is not another's, and of a round what was not spoilt still counts.
func TestOnlyWhatWasSpoiltIsMissing(t *testing.T) {
	r := simulated(steadyTruths(), 10, 3)
	each(r, func(x *Round) {
		if x.Round <= 3 && x.Arm == hash {
			x.Doubts = Doubts(map[string]float64{"steal": 18})
		}
	})
	r.Summarise()
	for _, c := range []struct {
		arm, phase, metric string
		n                  int
	}{
		{hash, Closed, "throughput", 7}, {hash, Closed, "cpu_server", 10}, {hash, Open, "p99", 7}, {hash, Open, "wakeups", 10},
		{robin, Closed, "throughput", 10}, {robin, Open, "p99", 10},
	} {
		if got, _ := r.ComparisonOf(c.arm, c.phase, c.metric); got.N != c.n {
			t.Errorf("%s of %s is compared over %d rounds, want %d", c.metric, c.arm, got.N, c.n)
		}
		if got, _ := r.SummaryOf(c.arm, c.phase, c.metric); got.N != c.n || got.Rough {
			t.Errorf("%s of %s: %+v, want %d rounds", c.metric, c.arm, got, c.n)
		}
	}
	if text := r.Disturbed(); text != "" {
		t.Errorf("%q of a result that has all its numbers", text)
	}
}

// Where all was spoilt the numbers are there, and rough, and nothing is claimed of them.
func TestRoughNumbersAreShownAndNotClaimed(t *testing.T) {
	r := simulated(steadyTruths(), 10, 3)
	each(r, func(x *Round) { x.Doubts = Doubts(map[string]float64{"steal": 18}) })
	r.Summarise()
	if s, ok := r.SummaryOf(robin, Open, "p99"); !ok || !s.Rough || s.N != 10 {
		t.Errorf("got %+v", s)
	}
	if c, ok := r.ComparisonOf(robin, Open, "p99"); ok {
		t.Errorf("it is compared: %+v", c)
	}
	if c, ok := r.ComparisonOf(robin, Closed, "cpu_server"); !ok || c.Verdict != Worse {
		t.Errorf("what survives is not: %+v", c)
	}
	const want = "DISTURBED: 18 % of the processors went to other machines; rates and latencies are rough, CPU per connection is sound"
	if got := r.Disturbed(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if rough := r.Rough(); len(rough) != 3*len(r.Arms) {
		t.Errorf("rough: %q", rough)
	}
	limit, err := ParseThreshold("p99(shared/blocking) > 1us")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := limit.Crossed(r, nil); err == nil {
		t.Error("a condition is held against a rough number")
	}
}

// The file says of each number whether it is sound, and of each round whether all are.
func TestValidityInTheFile(t *testing.T) {
	r := simulated(steadyTruths(), 2, 3)
	r.Rounds[0].Doubts = Doubts(map[string]float64{"steal": 18})
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Schema string
		Rounds []struct {
			Valid  bool
			Reason string `json:"invalid_reason"`
			Doubts []Doubt
		}
	}
	if err := json.Unmarshal(out.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	first := file.Rounds[0]
	if file.Schema != "prefork.bench/v2" || first.Valid || first.Reason != "18 % of the processors went to other machines" || len(first.Doubts) != 1 || first.Doubts[0].Size != 18 || !file.Rounds[1].Valid {
		t.Errorf("%s, %+v, then %+v", file.Schema, first, file.Rounds[1])
	}
}

// A file of the schema before knew of whole rounds only.
func TestReadsTheSchemaBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.json")
	if err := os.WriteFile(path, []byte(`{"schema": "prefork.bench/v1", "plan": {"phases": ["closed"]}, "rounds": [
		{"round": 1, "arm": "a", "phase": "closed", "throughput": 1, "valid": false, "invalid_reason": "of the moon"},
		{"round": 2, "arm": "a", "phase": "closed", "throughput": 2, "valid": true}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range Metrics {
		if r.Rounds[0].Sound(m) || !r.Rounds[1].Sound(m) {
			t.Errorf("%s is sound in round 1, or not in round 2", m.Name)
		}
	}
	if r.Rounds[0].Doubtful() != "of the moon" || r.Schema != Schema {
		t.Errorf("%q, schema %s", r.Rounds[0].Doubtful(), r.Schema)
	}
}
