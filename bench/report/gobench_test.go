package report

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"prefork/bench/result"
)

// benchstat itself reads it, and finds the same medians.
func TestBenchstatAgreesOnMedians(t *testing.T) {
	r := made(7, sharedArm, reuseportArm, dispatchArm, peerArm)
	r.Rounds[0].Doubts, r.Rounds[0].Throughput = spoilt("late"), 1e9 // which benchstat must not see
	r.Summarise()
	path := filepath.Join(t.TempDir(), "bench.txt")
	var text bytes.Buffer
	if err := GoBench(&text, r); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	command := exec.Command("go", "tool", "benchstat", "-format", "csv", path)
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		t.Fatalf("benchstat: %v\n%s", err, complaints.String())
	}
	medians := benchstatMedians(t, out)
	compared := 0
	for _, s := range r.Summary {
		metric, _ := result.LookupMetric(s.Metric)
		for name, median := range medians[goUnit(metric)] {
			if strings.Contains(name, "/phase="+s.Phase+"/arm="+goName(s.Arm)+"/") {
				compared++
				if diff := median - s.Median; diff > 1e-9*s.Median || diff < -1e-9*s.Median {
					t.Errorf("%s of %s (%s): benchstat has %v, and we %v", s.Metric, s.Arm, s.Phase, median, s.Median)
				}
			}
		}
	}
	if compared != len(r.Summary) || compared == 0 {
		t.Errorf("benchstat has %d of our %d medians:\n%s", compared, len(r.Summary), out)
	}
}

// benchstatMedians are the medians in its CSV by unit and name.
func benchstatMedians(t *testing.T, text []byte) map[string]map[string]float64 {
	t.Helper()
	reader := csv.NewReader(bytes.NewReader(text))
	reader.FieldsPerRecord = -1
	lines, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	medians, unit := map[string]map[string]float64{}, ""
	for _, line := range lines {
		switch {
		case len(line) > 1 && line[0] == "" && line[len(line)-1] == "CI":
			unit = line[1]
			medians[unit] = map[string]float64{}
		case len(line) > 1 && unit != "" && line[0] != "" && line[0] != "geomean":
			median, err := strconv.ParseFloat(line[1], 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			medians[unit][line[0]] = median
		}
	}
	return medians
}

func TestGoBenchNames(t *testing.T) {
	for in, want := range map[string]string{"hello": "Hello", "long-lived": "LongLived", "": ""} {
		if got := camel(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := goName("my peer/a-4"); got != "my_peer:a-4" {
		t.Errorf("got %q", got)
	}
}
