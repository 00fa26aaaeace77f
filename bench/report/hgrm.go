package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"prefork/bench/load"
	"prefork/bench/result"
)

// Hgrm writes the latencies of each arm and load, of all rounds together, to files such as
// open-shared-blocking.hgrm, or open-80%-shared-blocking.hgrm, in a directory: HDR histograms' usual text, which their
// plotters read (https://hdrhistogram.github.io/HdrHistogram/plotFiles.html). Values are in
// milliseconds.
func Hgrm(dir string, r *result.Result) error {
	mean, _ := result.LookupMetric("mean")
	var errs []error
	for _, phase := range r.Phases() {
		for _, at := range r.Plan.Loads(phase) {
			for _, arm := range r.Arms {
				h, err := r.At(at).Pooled(arm.Name, phase, result.LatencyTimes, mean)
				if h != nil && err == nil {
					err = writeHgrm(filepath.Join(dir, hgrmName(phase, at, arm.Name)), h)
				}
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func hgrmName(phase, load, arm string) string {
	if load != "" {
		phase += "-" + load
	}
	return phase + "-" + unfit().ReplaceAllString(arm, "-") + ".hgrm"
}

func writeHgrm(path string, h *load.Histogram) error {
	var text bytes.Buffer
	if err := h.WriteHGRM(&text); err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}

// unfit is what a file's name had better not have.
var unfit = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9._@#=+-]+`) })
