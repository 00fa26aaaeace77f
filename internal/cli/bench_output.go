//go:build linux

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/bench/report"
	"prefork/bench/result"
	"prefork/internal/lookup"
)

// writer writes a result in one form.
type writer func(io.Writer, *result.Result) error

// formats are what can be printed; the first is the default.
var formats = []struct {
	name  string
	write writer
}{
	{"table", table},
	{"gobench", report.GoBench},
	{"csv", report.CSV},
	{"markdown", report.Markdown},
	{"json", func(w io.Writer, r *result.Result) error { return r.WriteJSON(w) }},
}

// files are the flags that name a file to be written besides.
var files = []struct {
	flag  string
	write writer
}{
	{"json", func(w io.Writer, r *result.Result) error { return r.WriteJSON(w) }},
	{"csv", report.CSV},
	{"markdown", report.Markdown},
	{"html", report.HTML},
}

func formatNames() (all []string) {
	for _, format := range formats {
		all = append(all, format.name)
	}
	return all
}

// tableWidth is as wide as the table gets, however wide the terminal.
const tableWidth = 100

func table(w io.Writer, r *result.Result) error {
	return report.Table(w, r, report.TableOptions{Width: tableWidth, Color: coloured(w)})
}

// outputs are where a result goes.
type outputs struct {
	print writer // nil prints nothing
	files []output
	svg   string
}

type output struct {
	path  string
	write writer
}

// benchOutputs finds out before the run what would only show after it.
func benchOutputs(c *cli.Context) (o outputs, err error) {
	for _, format := range formats {
		if format.name == c.String("format") {
			o.print = format.write
		}
	}
	if o.print == nil {
		return o, usage(lookup.Unknown("format", c.String("format"), formatNames()))
	}
	for _, file := range files {
		path := c.String(file.flag)
		if path == "" {
			continue
		}
		if err := writable("--"+file.flag, path); err != nil {
			return o, err
		}
		o.files = append(o.files, output{path, file.write})
	}
	if o.svg = c.String("svg"); o.svg == "-" {
		return o, usage(errors.New("--svg -: name a directory; there are several charts"))
	} else if o.svg != "" {
		if err := os.MkdirAll(o.svg, 0o755); err != nil {
			return o, fmt.Errorf("--svg: %w", err)
		}
	}
	return o, nil
}

// writable says early that a file could not be written.
func writable(flag, path string) error {
	if path == "-" {
		return usage(fmt.Errorf("%s -: name a file%s", flag, printed(strings.TrimPrefix(flag, "--"))))
	}
	at := filepath.Dir(path) + "/"
	if info, err := os.Stat(path); err == nil {
		if at = path; info.IsDir() {
			return usage(fmt.Errorf("%s %s: that is a directory; name a file", flag, path))
		}
	}
	if err := unix.Access(at, unix.W_OK); err != nil {
		return fmt.Errorf("%s %s: cannot write there: %w", flag, path, err)
	}
	return nil
}

// printed says how to have the same on stdout, where that can be.
func printed(what string) string {
	if slices.Contains(formatNames(), what) {
		return "; --format " + what + " prints it"
	}
	return ""
}

// withoutEmptyTable leaves a table out that would have no columns; the error that
// follows says why.
func (o outputs) withoutEmptyTable(format string, r *result.Result) outputs {
	valid := func(round result.Round) bool { return round.Valid }
	if format == formats[0].name && !slices.ContainsFunc(r.Rounds, valid) {
		o.print = nil
	}
	return o
}

// write writes all there is to write; one failure does not keep the others back.
func (o outputs) write(out io.Writer, r *result.Result) error {
	var errs []error
	if o.print != nil {
		errs = append(errs, o.print(out, r))
	}
	for _, file := range o.files {
		errs = append(errs, writeFile(file.path, r, file.write))
	}
	if o.svg != "" {
		for _, picture := range report.SVGs(r) {
			errs = append(errs, os.WriteFile(filepath.Join(o.svg, picture.Name), picture.SVG, 0o644))
		}
	}
	return errors.Join(errs...)
}

func writeFile(path string, r *result.Result, write writer) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file, r), file.Close())
}
