package load_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"prefork/bench/load"
)

func thousand() *load.Histogram {
	h := load.NewHistogram()
	for n := 1; n <= 1000; n++ {
		h.Record(time.Duration(n) * time.Millisecond)
	}
	return h
}

// In JSON a histogram is what HdrHistogram's libraries exchange.
func TestHistogramInJSON(t *testing.T) {
	text, err := json.Marshal(struct{ Response *load.Histogram }{thousand()})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"Response":"HISTFAAA`) || len(text) > 4000 {
		t.Errorf("%d bytes: %.60s", len(text), text)
	}
	var back struct{ Response *load.Histogram }
	if err := json.Unmarshal(text, &back); err != nil || !back.Response.Equals(thousand().Histogram) {
		t.Errorf("it comes back as another (%v)", err)
	}
	for _, text := range []string{`{"Response":"HIST"}`, `{"Response":"!"}`} {
		if json.Unmarshal([]byte(text), &back) == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

// A .hgrm file has a line of value, percentile, count and 1/(1-percentile) for each
// tick, in milliseconds, up to the largest.
func TestHGRM(t *testing.T) {
	var out bytes.Buffer
	if err := thousand().WriteHGRM(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`^ +Value\s+Percentile\s+TotalCount\s+1/\(1-Percentile\)\n\n`,
		`\n +500\.\d+\s+0\.500+\s+500\s+2\.00\n`,
		`\n +1000\.\d+\s+1\.0+\s+1000(\s+inf)?\n`,
		`\n#\[Mean += +500\.\d+, StdDeviation += +288\.\d+\]`,
		`\n#\[Max += +1000\.\d+, Total count += +1000\]`,
	} {
		if !regexp.MustCompile(want).Match(out.Bytes()) {
			t.Errorf("nothing matches %s in\n%s", want, out.String())
		}
	}
}
