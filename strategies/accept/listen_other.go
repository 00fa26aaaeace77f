//go:build !linux

package accept

import (
	"context"
	"net"
)

// Listen listens on address: a master needs Linux, a program can be developed
// anywhere.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	return listenAlone(ctx, address)
}
