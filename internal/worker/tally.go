//go:build linux

package worker

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
	"prefork/internal/sys"
	"prefork/strategies/accept"
)

// tally counts what this worker does, and stores it on its line of the scoreboard.
// It reads nothing there: any worker can write anything on any line. It belongs to the
// goroutine that serves.
type tally struct {
	line *scoreboard.Line

	accepted uint64
	finished uint64

	origin time.Time // when the clock below was read
	clock  int64     // CLOCK_MONOTONIC, in nanoseconds
}

// openTally opens this worker's line of the board in this descriptor, which it closes.
func openTally(fd int) (*tally, error) {
	board, err := scoreboard.Map(fd)
	if err != nil {
		return nil, err
	}
	_ = unix.Close(fd)
	slot, err := strconv.Atoi(os.Getenv(accept.EnvSlot))
	if err != nil || slot < 0 || slot >= scoreboard.MaxSlots {
		return nil, fmt.Errorf("%s=%q is no slot", accept.EnvSlot, os.Getenv(accept.EnvSlot))
	}
	seat, err := strconv.Atoi(os.Getenv(envSeat))
	if err != nil || seat < 0 || seat >= scoreboard.Seats {
		return nil, fmt.Errorf("%s=%q is no seat", envSeat, os.Getenv(envSeat))
	}
	t := &tally{line: board.Line(slot, seat), origin: time.Now(), clock: int64(sys.Monotonic())}
	t.line.Speaks.Store(1)
	return t, nil
}

// began counts a connection that was taken, when the source has waited so often,
// and returns how many that makes.
func (t *tally) began(waits uint64) uint64 {
	t.accepted++
	// The other order could show fewer taken than finished, if somebody had written
	// over the line.
	t.line.Accepted.Store(t.accepted)
	t.line.Finished.Store(t.finished)
	t.line.Waits.Store(waits)
	t.line.Speaks.Store(1)
	t.line.Progress.Store(t.now())
	return t.accepted
}

// ended counts one that was served to its end.
func (t *tally) ended() {
	t.finished++
	t.line.Accepted.Store(t.accepted)
	t.line.Finished.Store(t.finished)
	t.line.Progress.Store(t.now())
}

// now is CLOCK_MONOTONIC, read without a system call.
func (t *tally) now() int64 { return t.clock + int64(time.Since(t.origin)) }
