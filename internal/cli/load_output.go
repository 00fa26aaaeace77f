//go:build linux

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"prefork/bench/report"
	"prefork/bench/result"
	"prefork/internal/lookup"
)

// loadFormat is a form in which a load is printed.
type loadFormat struct {
	name  string
	write func(io.Writer, loaded) error
}

// loadFormats are all there are; the first is the default.
var loadFormats = []loadFormat{
	{"table", loadTable},
	{"json", func(w io.Writer, l loaded) error { return l.WriteJSON(w) }},
}

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
		return o, usage(errors.New("--hgrm -: name a directory"))
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
		errs = append(errs, writeFile(o.json, l.Result, func(w io.Writer, r *result.Result) error { return r.WriteJSON(w) }))
	}
	if o.hgrm != "" {
		errs = append(errs, report.Hgrm(o.hgrm, l.Result))
	}
	return errors.Join(errs...)
}
