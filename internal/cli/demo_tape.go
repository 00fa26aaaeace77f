//go:build linux

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"prefork/internal/demo/lab"
	"prefork/internal/demo/recording"
)

// tape is the file into which a run of the lab is recorded. It is written when the run
// is over and whole, so that one that was there before is not lost to a run that fails.
type tape struct {
	recorder *recording.Recorder // nil if nothing is to be recorded
	path     string
}

// openTape begins what --record asks for, or finds out that it cannot be written.
func openTape(c *cli.Context) (*tape, error) {
	if !c.IsSet("record") {
		return &tape{}, nil
	}
	path := c.String("record")
	if info, err := os.Stat(path); path == "" || err == nil && !info.Mode().IsRegular() {
		return nil, usage(fmt.Errorf("--record %q: want the name of a file, such as run.jsonl", path))
	}
	trial, err := os.CreateTemp(filepath.Dir(path), ".prefork-recording-")
	if err != nil {
		return nil, fmt.Errorf("--record %s cannot be written: %w", path, err)
	}
	return &tape{lab.Recorder(version()), path}, errors.Join(trial.Close(), os.Remove(trial.Name()))
}

// close writes what was recorded, and says how much that is.
func (t *tape) close(out io.Writer) error {
	if t.recorder == nil {
		return nil
	}
	r := t.recorder.Recording()
	if len(r.Events) == 0 {
		fmt.Fprintln(out, "nothing was recorded: nobody has opened the page")
		return nil
	}
	if err := r.WriteFile(t.path); err != nil {
		return fmt.Errorf("the recording: %w", err)
	}
	cut := ""
	if r.Header.Cut {
		cut = "; it ends there, for there was no room for more"
	}
	length := float64(r.Events[len(r.Events)-1].At) / 1000
	fmt.Fprintf(out, "recorded %.1f s in %s%s\nplay  prefork demo --web, then /recorded.html there\n", length, t.path, cut)
	return nil
}
