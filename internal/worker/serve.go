//go:build linux

package worker

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
	"prefork/strategies/accept"
)

// exhaustedPause is how long a worker without a free descriptor waits before it
// tries to accept again.
const exhaustedPause = 50 * time.Millisecond

// serveOne is the classic pre-fork loop: one connection at a time, on the thread
// that accepts.
func (w *worker) serveOne() error {
	conn, err := newRawConn(w.spec.ReadTimeout)
	if err != nil {
		return err
	}
	c := w.newClient()
	for {
		fd, err := w.next()
		if err != nil {
			return ignoreClosed(err)
		}
		if w.spec.Unix {
			_ = sys.Interruptible(fd) // TCP connections inherit it from the listener
		}
		conn.reset(fd)
		w.serve(c, conn)
	}
}

// serveMany serves up to Concurrency connections, each on a goroutine. The
// worker does not accept while it is full.
func (w *worker) serveMany() error {
	if err := sys.StartPoller(); err != nil {
		return err
	}
	places := make(chan struct{}, w.spec.Concurrency)
	var serving sync.WaitGroup
	defer serving.Wait()
	for {
		places <- struct{}{}
		fd, err := w.next()
		if err != nil {
			return ignoreClosed(err)
		}
		if !w.spec.Unix {
			_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		}
		serving.Go(func() {
			w.serve(w.newClient(), newPolled(fd, w.spec.ReadTimeout))
			<-places
		})
	}
}

func (w *worker) newClient() *client {
	return &client{crowd: w.crowd, timeout: w.spec.ReadTimeout, keeps: w.app.Keeps}
}

func (w *worker) serve(c *client, s socket) {
	c.begin(s)
	w.handler(c)
	_ = c.Close()
	w.tally.ended()
}

// next is the source's, counted, and patient where descriptors have run out.
func (w *worker) next() (int, error) {
	for short := false; ; {
		fd, err := w.source.Next()
		if !accept.Exhausted(err) {
			if short {
				slog.Info("connections can be accepted again")
			}
			if err == nil {
				w.began()
			}
			return fd, err
		}
		if !short {
			slog.Warn("cannot accept for now", "error", err, "hint", "raise the limit on open files (ulimit -n, LimitNOFILE=)")
		}
		short = true
		time.Sleep(exhaustedPause)
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
