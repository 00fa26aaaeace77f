//go:build linux

package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"prefork/internal/sys"
)

// MaxOpenTLS is how many clients there are at most over TLS, each with a goroutine and
// some 50 KB.
const MaxOpenTLS = 4000

// secure carries out an order of HTTP over TLS: with a goroutine a client and Go's
// own sockets and timers, in place of event loops on bare ones. Order, tally and
// answers are the same.
type secure struct {
	order    Order
	requests requests
	dialer   net.Dialer
	config   *tls.Config
	origin   time.Time
	end      time.Duration
	most     int // clients at once

	mu      sync.Mutex // of what follows
	tally   *tally
	open    int // connections
	clients int // in the open loop
}

func runSecure(ctx context.Context, o Order, clock *clock) (*Result, error) {
	if _, err := parseTarget(o); err != nil {
		return nil, err
	}
	return newSecure(o).run(ctx, clock)
}

func newSecure(o Order) *secure {
	return &secure{
		order: o, most: MaxOpenTLS, requests: newRequests(o), dialer: net.Dialer{Control: o.lingering},
		config: &tls.Config{ServerName: o.TLS.ServerName, InsecureSkipVerify: o.TLS.Unverified, NextProtos: []string{"http/1.1"}},
		origin: time.Now(), end: o.Warmup + o.Length, tally: newTally(o, false),
	}
}

func (s *secure) run(ctx context.Context, clock *clock) (*Result, error) {
	pace, err := newPacer(s.order, 0, 1)
	if err != nil {
		return nil, err
	}
	defer pace.stop()
	var clients sync.WaitGroup
	clients.Go(func() { s.passMarks(ctx, clock) })
	for range s.order.Clients {
		clients.Go(func() {
			for s.now() < s.end && ctx.Err() == nil {
				s.client(ctx, s.now())
			}
		})
	}
	if s.order.Rate > 0 {
		s.openLoop(ctx, pace, &clients)
	}
	clients.Wait()
	if ctx.Err() != nil {
		s.tally.cut(s.now())
	}
	result := s.tally.result()
	result.CPU = clock.used
	result.From = sys.Monotonic() - s.now() + s.order.Warmup
	return result, nil
}

// lingering has sockets end with RST unless the order says FIN, as those of target.
func (o Order) lingering(_, _ string, raw syscall.RawConn) (err error) {
	if o.FIN || strings.HasPrefix(o.Address, "/") {
		return nil
	}
	control := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	})
	return errors.Join(control, err)
}

func (s *secure) now() time.Duration { return time.Since(s.origin) }

func (s *secure) passMarks(ctx context.Context, clock *clock) {
	if s.sleep(ctx, s.order.Warmup) {
		clock.pass(Measuring)
		s.sleep(ctx, s.end)
		clock.pass(Measured)
	}
}

// sleep waits until a time has come, and reports whether it has.
func (s *secure) sleep(ctx context.Context, until time.Duration) bool {
	timer := time.NewTimer(until - s.now())
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// openLoop begins clients as they are due, and not too late.
func (s *secure) openLoop(ctx context.Context, pace *pacer, clients *sync.WaitGroup) {
	for {
		due := pace.due(s.now(), 0)
		if due >= s.end || !s.sleep(ctx, due) {
			return
		}
		a, ok := pace.take(s.now(), 0)
		if !ok {
			continue
		}
		s.count(func(t *tally) { t.due(a.due) })
		if s.now() < s.end+slack && s.enter(a.due) {
			clients.Go(func() {
				s.client(ctx, a.due)
				s.count(func(*tally) { s.clients-- })
			})
		}
	}
}

// enter takes one more client in, or counts that there was no room.
func (s *secure) enter(due time.Duration) (ok bool) {
	s.count(func(t *tally) {
		if ok = s.clients < s.most; ok {
			s.clients++
			return
		}
		t.begun(due, s.now(), s.open)
		if t.failed(due, s.now(), Local) {
			t.explain(Local, s.now(), fmt.Sprintf("%d clients wait already", s.most))
		}
	})
	return ok
}

func (s *secure) count(f func(*tally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.tally)
}

// client makes all requests of one client, the first of which is due.
func (s *secure) client(ctx context.Context, due time.Duration) {
	c := &conn{due: due}
	on := session{secure: s, c: c}
	defer on.close()
	s.count(func(t *tally) { t.begun(due, s.now(), s.open+1) })
	for c.made < s.requests.total {
		err := on.request(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.fail(c, err)
			return
		}
		c.due = s.now() + s.order.Think
		if c.made < s.requests.total && (c.due >= s.end || !s.sleep(ctx, c.due)) {
			c.inTime = false // as in the event loop: it had more to ask
			return
		}
	}
}

func (s *secure) fail(c *conn, err error) {
	f := sorted(err)
	s.count(func(t *tally) {
		if t.failed(c.due, s.now(), f.kind) {
			t.explain(f.kind, s.now(), f.why)
		}
	})
}
