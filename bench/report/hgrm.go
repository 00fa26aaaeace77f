package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"prefork/bench/result"
)

// Hgrm writes the latencies of each arm and loop, of all rounds together, to files such as
// open-shared-blocking.hgrm in a directory: HDR histograms' usual text, which their
// plotters read (https://hdrhistogram.github.io/HdrHistogram/plotFiles.html). Values are in
// milliseconds.
func Hgrm(dir string, r *result.Result) error {
	p99, _ := result.LookupMetric("p99")
	var errs []error
	for _, phase := range r.Phases() {
		for _, arm := range r.Arms {
			h, err := r.Pooled(arm.Name, phase, result.LatencyTimes, p99)
			if h == nil || err != nil {
				errs = append(errs, err)
				continue
			}
			var text bytes.Buffer
			err = h.WriteHGRM(&text)
			name := phase + "-" + unfit().ReplaceAllString(arm.Name, "-") + ".hgrm"
			errs = append(errs, err, os.WriteFile(filepath.Join(dir, name), text.Bytes(), 0o644))
		}
	}
	return errors.Join(errs...)
}

// unfit is what a file's name had better not have.
var unfit = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9._@#=+-]+`) })
