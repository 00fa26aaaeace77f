package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/urfave/cli/v2"
)

func printVersion(c *cli.Context) error {
	if c.Args().Present() {
		return stray("version", c.Args().First())
	}
	if _, err := fmt.Fprintln(c.App.Writer, "prefork", version()); err != nil {
		return err
	}
	b := builtFrom()
	if b.commit == "" {
		return nil
	}
	changed := ""
	if b.changed {
		changed = ", with changes that are not in it"
	}
	_, err := fmt.Fprintf(c.App.Writer, "commit %s of %s%s\n", b.commit, b.at.Format(time.DateOnly), changed)
	return err
}

// version is the module's, or the commit's it was built from, with platform and compiler.
func version() string {
	name := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		name = info.Main.Version
	}
	if b := builtFrom(); b.commit != "" && (name == "" || name == "(devel)") {
		name = b.commit
	}
	return fmt.Sprintf("%s %s/%s %s", name, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// source is what the go command notes of the repository that it builds from.
type source struct {
	commit  string // "" where it was not told
	at      time.Time
	changed bool // there were files that had not been committed
}

func builtFrom() (s source) {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return s
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			s.commit = setting.Value
		case "vcs.time":
			s.at, _ = time.Parse(time.RFC3339, setting.Value)
		case "vcs.modified":
			s.changed = setting.Value == "true"
		}
	}
	return s
}
