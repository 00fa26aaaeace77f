package sys

import (
	"errors"
	"os"
)

// StartPoller has the Go runtime open what it needs to wait for descriptors. It does so
// with the first one that is to be waited for, and ends the process if it cannot: that
// is better not left to a moment in which descriptors have run out.
func StartPoller() error {
	r, w, err := os.Pipe() // both ends are put into the poller
	if err != nil {
		return err
	}
	return errors.Join(r.Close(), w.Close())
}
