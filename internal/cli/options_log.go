//go:build linux

package cli

import (
	"io"
	"log/slog"
	"time"

	"prefork/internal/control"
	"prefork/internal/entry"
	"prefork/internal/lines"
)

// journal is a master's log. Nobody waits for its reader; what has been dropped for
// that is told later.
type journal struct {
	*slog.Logger
	level *slog.LevelVar
	words io.Writer // what is not ours to format goes here
	flush func()    // waits a little until all is written
}

// logPatience is how long the end of a master waits for the reader of its log.
const logPatience = 200 * time.Millisecond

// openLog opens the log. Of a format or a level that there is not, checks will tell; it is
// the default one until then.
func (o *options) openLog(w io.Writer) (log journal) {
	out := lines.NewWriter(w, func(dropped uint64) {
		entry.LogDropped.Log(log.Logger, "dropped_lines", dropped)
	})
	format := logFormats[0]
	for _, f := range logFormats {
		if f.name == o.logFormat {
			format = f
		}
	}
	level := new(slog.LevelVar) // info
	for _, l := range control.Levels {
		if control.LevelName(l) == o.logLevel {
			level.Set(l)
		}
	}
	return journal{slog.New(format.open(out, level)), level, out, func() { out.Flush(logPatience) }}
}

// logFormats are all there are; the first is the default.
var logFormats = []struct {
	name string
	open func(io.Writer, slog.Leveler) slog.Handler
}{
	{"text", func(w io.Writer, l slog.Leveler) slog.Handler {
		return slog.NewTextHandler(w, &slog.HandlerOptions{Level: l})
	}},
	{"json", func(w io.Writer, l slog.Leveler) slog.Handler {
		return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l, ReplaceAttr: inSeconds})
	}},
}

// inSeconds writes a time as a number of seconds, where slog would write nanoseconds.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key, a.Value.Duration().Seconds())
	}
	return a
}
