//go:build linux

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"prefork/bench/load"
	"prefork/internal/lookup"
)

// loaded is what a load has found, and how it was made.
type loaded struct {
	Version string
	Started time.Time
	goal    goal
	order   load.Order
	seen    *load.Result
}

// lost is how many requests failed.
func (l loaded) lost() (n int) {
	for _, count := range l.seen.Errors {
		n += count
	}
	return n
}

// Above these the generator itself may be what was measured.
const (
	loadBusy = 0.97 // of its threads' time
	loadLate = 0.03 // of what was due
)

// doubts are why the numbers may be the generator's and not the server's.
func (l loaded) doubts() (all []string) {
	r, o := l.seen, l.order
	if n := r.Errors[load.Local]; n > 0 {
		all = append(all, fmt.Sprintf("the load generator could not make %d connections itself: %s", n, r.First[load.Local]))
	}
	if late := r.Due - r.Begun; o.Rate > 0 && float64(late) > loadLate*float64(r.Due) {
		all = append(all, fmt.Sprintf("the load generator could not keep the rate: %d of the %d connections that were due were begun in time; lower --rate", r.Begun, r.Due))
	}
	if o.Rate == 0 && o.TLS == nil && r.CPU.Seconds() > loadBusy*r.Seconds*float64(r.Threads) {
		all = append(all, "the load generator was as busy as it can be, so the server may be able to do more: give it more --threads")
	}
	return all
}

// loadFormat is a form in which a load is printed.
type loadFormat struct {
	name  string
	write func(io.Writer, loaded) error
}

// loadFormats are all there are; the first is the default.
var loadFormats = []loadFormat{{"table", loadTable}, {"json", loadJSON}}

// loadOutput is where a load is told.
type loadOutput struct {
	print      func(io.Writer, loaded) error
	json, hgrm string // paths; "" for none
}

// loadOutputs finds out before the load what would only show after it.
func loadOutputs(c *cli.Context) (o loadOutput, err error) {
	format, err := lookup.ByName("format", c.String("format"), loadFormats, func(f loadFormat) string { return f.name })
	if err != nil {
		return o, usage(err)
	}
	o = loadOutput{format.write, c.String("json"), c.String("hgrm")}
	if o.json != "" {
		if err := writable("--json", o.json); err != nil {
			return o, err
		}
	}
	if o.hgrm == "-" {
		return o, usage(errors.New("--hgrm -: name a directory; there are several files"))
	}
	if o.hgrm != "" {
		if err := os.MkdirAll(o.hgrm, 0o755); err != nil {
			return o, fmt.Errorf("--hgrm: %w", err)
		}
	}
	return o, nil
}

// write tells of a load wherever that is wanted; one failure keeps nothing else back.
func (o loadOutput) write(w io.Writer, l loaded) error {
	errs := []error{o.print(w, l)}
	if o.json != "" {
		errs = append(errs, intoFile(o.json, func(w io.Writer) error { return loadJSON(w, l) }))
	}
	if o.hgrm != "" {
		for name, h := range l.histograms() {
			errs = append(errs, intoFile(filepath.Join(o.hgrm, name+".hgrm"), h.WriteHGRM))
		}
	}
	return errors.Join(errs...)
}

func intoFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// histograms are all times that were taken, by name.
func (l loaded) histograms() map[string]*load.Histogram {
	all := map[string]*load.Histogram{"latency": l.seen.Response, "service": l.seen.Service, "connect": l.seen.Connect}
	for name, h := range all {
		if h.TotalCount() == 0 {
			delete(all, name)
		}
	}
	return all
}
