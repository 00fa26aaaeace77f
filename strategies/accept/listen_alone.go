package accept

import (
	"context"
	"net"
)

// listenAlone is Listen for a program that has no master.
func listenAlone(ctx context.Context, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	return &alone{l, stop}, nil
}

type alone struct {
	net.Listener
	stop func() bool
}

func (a *alone) Close() error {
	a.stop()
	return a.Listener.Close()
}
