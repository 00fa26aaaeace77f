//go:build linux

package worker

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseDemand(t *testing.T) {
	tests := []struct {
		line, do string
		demand   time.Duration
	}{
		{"sleep 5ms", "sleep", 5 * time.Millisecond},
		{"spin 2ms", "spin", 2 * time.Millisecond},
		{"sleep 5ms\r", "sleep", 5 * time.Millisecond},
		{"spin 0", "spin", 0},
		{"sleep 1m", "sleep", longestDemand},
	}
	for _, test := range tests {
		if do, demand, err := parseDemand(test.line); do != test.do || demand != test.demand || err != nil {
			t.Errorf("%q: %s %s, %v", test.line, do, demand, err)
		}
	}
}

func TestParseDemandSaysWhatItWants(t *testing.T) {
	tests := []struct{ line, want string }{
		{"", `want "sleep 5ms" or "spin 2ms", not ""`},
		{"GET / HTTP/1.1\r", `not "GET / HTTP/1.1\r"`},
		{"sleep", `"" is no duration`},
		{"sleep 5", `want "sleep 5ms": "5" is no duration`},
		{"sleep  5ms", `" 5ms" is no duration`},
		{"spin -1ns", "want 0s to 1m"},
		{"spin 1m0.001s", "want 0s to 1m"},
	}
	for _, test := range tests {
		if _, _, err := parseDemand(test.line); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want an error that says %q", test.line, err, test.want)
		}
	}
}

// No line makes a worker work for longer than it may, and the answer to a wrong
// one is one line.
func FuzzParseDemand(f *testing.F) {
	for _, seed := range []string{
		"", "sleep 5ms", "spin 2ms\r", "sleep", "sleep ", "sleep 1h", "sleep -1s", "spin 1e9s", "sleep 9223372036854775807ns",
		"sleep 9999999999999h", "spin .5s", "spin 5µs", "SLEEP 5ms", "sleep\t5ms", "sleep 5ms\nspin", "sleep 5ms\x00", "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		do, demand, err := parseDemand(line)
		if err != nil {
			if do != "" || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q: %q, %q", line, do, err)
			}
			return
		}
		if do != "sleep" && do != "spin" || demand < 0 || demand > longestDemand {
			t.Errorf("%q: %s %s", line, do, demand)
		}
		if do2, demand2, err := parseDemand(fmt.Sprintf("%s %s", do, demand)); do2 != do || demand2 != demand || err != nil {
			t.Errorf("%q: %s %s reads as %s %s, %v", line, do, demand, do2, demand2, err)
		}
	})
}

func TestFirstLine(t *testing.T) {
	longest := strings.Repeat("x", longestLine)
	tests := map[string]struct {
		in, want string
		complete bool
	}{
		"nothing":          {"", "", false},
		"a part":           {"sleep 5", "sleep 5", false},
		"one":              {"sleep 5ms\n", "sleep 5ms", true},
		"empty":            {"\n", "", true},
		"the first of two": {"a\nb\n", "a", true},
		"as long as fits":  {longest[1:] + "\n", longest[1:], true},
		"too long":         {longest + longest + "\n", longest, true},
	}
	for name, test := range tests {
		if got, complete := firstLine([]byte(test.in)); got != test.want || complete != test.complete {
			t.Errorf("%s: %q, %t", name, got, complete)
		}
	}
}

func TestWorkAnswers(t *testing.T) {
	for in, want := range map[string]Exchange{
		"sleep 0s\n":   {Out: []byte("Hello\n"), Close: true},
		"sleep 1m\n":   {Out: []byte("Hello\n"), Close: true, Pause: time.Minute},
		"spin 1us\n":   {Out: []byte("Hello\n"), Close: true},
		"dance\nhello": {Out: []byte("error: want \"sleep 5ms\" or \"spin 2ms\", not \"dance\"\n"), Close: true},
		"sleep 1m":     {In: []byte("sleep 1m")},
	} {
		x := Exchange{In: []byte(in)}
		newWork([]byte("Hello\n"))()(&x)
		if !reflect.DeepEqual(x, want) {
			t.Errorf("%q: %+v, want %+v", in, x, want)
		}
	}
}

// A demand is processor time, so that it stays what it is when workers share a
// processor; it is never less than what was asked for.
func TestDemandsAreMet(t *testing.T) {
	const demand = 3 * time.Millisecond
	start := time.Now()
	if nap(demand); time.Since(start) < demand {
		t.Errorf("napped for %s, want %s", time.Since(start), demand)
	}
	start = time.Now()
	if spin(demand); time.Since(start) < demand {
		t.Errorf("spun for %s, want at least %s", time.Since(start), demand)
	}
}
