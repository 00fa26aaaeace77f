//go:build linux

package run

import (
	"context"
	"net"
	"time"

	"prefork/internal/inspect"
)

// queueEvery is how often accept queues are looked at. A look costs the kernel a
// walk over its sockets.
const queueEvery = 50 * time.Millisecond

// peakQueue samples how many connections wait in the accept queues of an address
// until ctx is done, and returns the most it has seen; nil where that could not be
// seen.
func peakQueue(ctx context.Context, address string) *int {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil
	}
	var peak *int
	ticker := time.NewTicker(queueEvery)
	defer ticker.Stop()
	for {
		if depth, err := inspect.Waiting(addr.Port); err == nil && (peak == nil || depth > *peak) {
			peak = &depth
		}
		select {
		case <-ctx.Done():
			return peak
		case <-ticker.C:
		}
	}
}
