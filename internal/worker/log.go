//go:build linux

package worker

import (
	"io"
	"log/slog"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/lines"
	"prefork/strategies/accept"
)

// lastWords is how long a worker that fails waits for whoever reads its log.
const lastWords = 500 * time.Millisecond

// openLog sends what this worker logs to its stderr, and neither dies of that nor waits
// for it.
func openLog(asJSON bool) *lines.Writer {
	words := lines.NewWriter(stderr{}, func(dropped uint64) {
		entry.WorkerLogDropped.Log(slog.Default(), "lines", dropped)
	})
	slog.SetDefault(slog.New(handler(words, asJSON)).With("slot", os.Getenv(accept.EnvSlot), "pid", os.Getpid()))
	return words
}

func handler(to io.Writer, asJSON bool) slog.Handler {
	if asJSON {
		return slog.NewJSONHandler(to, nil)
	}
	return slog.NewTextHandler(to, nil)
}

// stderr is descriptor 2. An os.File would have the runtime raise SIGPIPE.
type stderr struct{}

func (stderr) Write(b []byte) (int, error) { return unix.Write(syscall.Stderr, b) }
