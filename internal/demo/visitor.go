//go:build linux

package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// visitor is one client: it connects, waits for a greeting, and goes.
type visitor struct {
	done chan struct{} // closed when it has gone
	pid  int           // who has greeted it, 0 if nobody has
}

// visit sends a visitor. It comes from one of 200 addresses, as different clients
// would.
func (v *server) visit() *visitor {
	who := &visitor{done: make(chan struct{})}
	source := net.IPv4(127, 0, 0, byte(1+v.visits%200))
	v.visits++
	v.stage.clients.Go(func() {
		defer close(who.done)
		who.pid, _ = greeting(v.stage.ctx, source, v.Address)
	})
	return who
}

// greeting connects and returns who answers.
func greeting(ctx context.Context, source net.IP, address string) (pid int, err error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: source}, Timeout: patience}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(patience))
	text, err := io.ReadAll(conn)
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(string(text), "Hello from %d\n", &pid); err != nil {
		return 0, fmt.Errorf("greeting %q: %w", text, err)
	}
	return pid, nil
}

// gone reports whether the visitor has been greeted, or lost.
func (w *visitor) gone() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// ask sends a visitor, waits until it has gone and returns who has greeted it, 0
// if nobody has.
func (v *server) ask() (pid int) {
	who := v.visit()
	<-who.done
	return who.pid
}

// crowd is visitors of one server.
type crowd []*visitor

// all waits until all have gone.
func (c crowd) all() {
	for _, who := range c {
		<-who.done
	}
}

// gone is how many have.
func (c crowd) gone() (n int) {
	for _, who := range c {
		if who.gone() {
			n++
		}
	}
	return n
}

// greeted counts those who were, by slot, and those who have gone without. The
// last count is of greetings by workers that were not there at the start.
func (c crowd) greeted(v *server) (slots []int, lost, later int) {
	slots = make([]int, len(v.workers))
	for _, who := range c {
		if !who.gone() {
			continue
		}
		switch slot := v.slotOf(who.pid); {
		case who.pid == 0:
			lost++
		case slot < 0:
			later++
		default:
			slots[slot]++
		}
	}
	return slots, lost, later
}
