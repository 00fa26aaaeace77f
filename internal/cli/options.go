//go:build linux

package cli

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/internal/lines"
	"prefork/internal/lookup"
	"prefork/internal/supervisor"
)

// options turns flags into what a master needs, or says what is wrong with them.
// The log comes first, since the others warn; what costs something to check
// comes last.
func options(c *cli.Context) (supervisor.Options, error) {
	var o supervisor.Options
	for _, read := range []func(*cli.Context, *supervisor.Options) error{
		readLog, readCommand, readBind, readBacklog, readStrategy, readBinder, readSteer, readWindow,
		readWorkers, readApp, readProgram, readGraceful, readSignal, readDeath, readPIDFile, checkRoom,
	} {
		if err := read(c, &o); err != nil {
			return o, err
		}
	}
	o.Version = version()
	o.Listening = func(addr net.Addr) { banner(c.App.Writer, o, addr) }
	if c.String("log-format") == "json" {
		o.Listening = func(addr net.Addr) { o.Log.Info("listening", listening(o, addr)...) }
	}
	return o, nil
}

// listening is the banner for those who read by machine.
func listening(o supervisor.Options, addr net.Addr) (args []any) {
	args = append(args, "strategy", o.Strategy.Name)
	if o.Config.Steer != "" {
		args = append(args, "steer", o.Config.Steer)
	}
	return append(args, "address", addr.String(), "workers", o.Limits.Workers, "pid", os.Getpid())
}

// logFormats are all there are.
var logFormats = []struct {
	name string
	open func(io.Writer, *slog.HandlerOptions) slog.Handler
}{
	{"text", func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) }},
	{"json", func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) }},
}

var logLevels = []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// logPatience is how long the end of a master waits for the reader of its log.
const logPatience = 200 * time.Millisecond

// readLog opens the log. Nobody waits for its reader; what has been dropped for that
// is told later. What is only a warning is left to the second look at the flags; see
// serve.
func readLog(c *cli.Context, o *supervisor.Options) error {
	level := new(slog.LevelVar)
	out := lines.NewWriter(c.App.ErrWriter, func(dropped uint64) {
		o.Log.Warn("nobody has read the log for a while", "dropped_lines", dropped)
	})
	o.Words, o.Flush = out, func() { out.Flush(logPatience) }
	for _, format := range logFormats {
		if format.name == c.String("log-format") {
			o.Log = slog.New(format.open(out, &slog.HandlerOptions{Level: level}))
		}
	}
	if o.Log == nil {
		return usage(lookup.Unknown("log format", c.String("log-format"), logFormatNames()))
	}
	for _, l := range logLevels {
		if levelName(l) == c.String("log-level") {
			level.Set(l)
			if !supervisor.Begun() {
				level.Set(slog.LevelError)
			}
			return nil
		}
	}
	return usage(lookup.Unknown("log level", c.String("log-level"), names(logLevels, levelName)))
}

// readPIDFile finds out early what would only show when the workers are ready.
func readPIDFile(c *cli.Context, o *supervisor.Options) error {
	if o.PIDFile = c.String("pid-file"); o.PIDFile == "" {
		return nil
	}
	directory := filepath.Dir(o.PIDFile)
	// The slash makes a file in the directory's place an error too.
	if err := unix.Access(directory+"/", unix.W_OK); err != nil {
		return fmt.Errorf("--pid-file %s: cannot write to directory %s: %w", o.PIDFile, directory, err)
	}
	return nil
}
