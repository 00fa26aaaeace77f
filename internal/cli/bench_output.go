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
	{"table", atFirstSight},
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

func atFirstSight(w io.Writer, r *result.Result) error { return report.Brief(w, r, briefFor(w)) }

// withWords is that, and how it is to be read.
func withWords(w io.Writer, r *result.Result) error {
	o := briefFor(w)
	o.Explain = true
	return report.Brief(w, r, o)
}

func briefFor(w io.Writer) report.BriefOptions {
	return report.BriefOptions{Width: columns(w), Color: coloured(w), ASCII: !unicoded()}
}

func table(w io.Writer, r *result.Result) error {
	return report.Table(w, r, report.TableOptions{Width: columns(w), Color: coloured(w)})
}

// outputs are where a result goes.
type outputs struct {
	print writer
	files []output
}

// output is a file or directory to keep a result in.
type output struct {
	flag, path string
	keep       func(path string, r *result.Result) error
}

// benchOutputs finds out before the run what would only show after it.
func benchOutputs(c *cli.Context) (o outputs, err error) {
	for _, format := range formats {
		if format.name == c.String("format") {
			o.print = format.write
		}
	}
	if c.Bool("details") {
		o.print = table
	}
	if c.Bool("explain") {
		o.print = withWords
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
		if i := slices.IndexFunc(o.files, func(other output) bool { return sameFile(other.path, path) }); i >= 0 {
			return o, usage(fmt.Errorf("--%s and --%s both name %s: one would overwrite the other", o.files[i].flag, file.flag, path))
		}
		o.files = append(o.files, output{file.flag, path, func(path string, r *result.Result) error { return writeFile(path, r, file.write) }})
	}
	for _, dir := range directories {
		path := c.String(dir.flag)
		if path == "-" {
			return o, usage(fmt.Errorf("--%s -: name a directory; there are several files", dir.flag))
		}
		if path == "" {
			continue
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return o, fmt.Errorf("--%s: %w", dir.flag, err)
		}
		o.files = append(o.files, output{dir.flag, path, dir.fill})
	}
	return o, nil
}

// directories are the flags that name a directory for several files.
var directories = []struct {
	flag string
	fill func(dir string, r *result.Result) error
}{
	{"svg", func(dir string, r *result.Result) error {
		var errs []error
		for _, picture := range report.SVGs(r) {
			errs = append(errs, os.WriteFile(filepath.Join(dir, picture.Name), picture.SVG, 0o644))
		}
		return errors.Join(errs...)
	}},
	{"hgrm", report.Hgrm},
}

// sameFile reports whether two paths are of one file, which need not be there yet.
func sameFile(a, b string) bool {
	there, err := os.Stat(a)
	other, failed := os.Stat(b)
	if err == nil && failed == nil {
		return os.SameFile(there, other)
	}
	absolute, err := filepath.Abs(a)
	another, failed := filepath.Abs(b)
	return err == nil && failed == nil && absolute == another
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

// write writes all there is to write; one failure does not keep the others back.
func (o outputs) write(out io.Writer, r *result.Result) error {
	errs := []error{o.print(out, r)}
	for _, file := range o.files {
		errs = append(errs, file.keep(file.path, r))
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
