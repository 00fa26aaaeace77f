//go:build linux

package load

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"prefork/internal/sys"
)

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

	mu    sync.Mutex // of what follows
	tally *tally
	open  int
}

func runSecure(ctx context.Context, o Order, clock *clock) (*Result, error) {
	if _, err := parseTarget(o); err != nil {
		return nil, err
	}
	pace, err := newPacer(o, 0, 1)
	if err != nil {
		return nil, err
	}
	defer pace.stop()
	s := &secure{
		order: o, requests: newRequests(o), dialer: net.Dialer{Control: o.lingering},
		config: &tls.Config{ServerName: o.TLS.ServerName, InsecureSkipVerify: o.TLS.Unverified, NextProtos: []string{"http/1.1"}},
		origin: time.Now(), end: o.Warmup + o.Length, tally: newTally(o, false),
	}
	var clients sync.WaitGroup
	clients.Go(func() { s.passMarks(ctx, clock) })
	for range o.Clients {
		clients.Go(func() {
			for s.now() < s.end && ctx.Err() == nil {
				s.client(ctx, s.now())
			}
		})
	}
	if o.Rate > 0 {
		s.openLoop(ctx, pace, &clients)
	}
	clients.Wait()
	if ctx.Err() != nil {
		s.tally.cut(s.now())
	}
	result := s.tally.result()
	result.CPU = clock.used
	result.From = sys.Monotonic() - s.now() + o.Warmup
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

// openLoop begins clients as they are due.
func (s *secure) openLoop(ctx context.Context, pace *pacer, clients *sync.WaitGroup) {
	for {
		due := pace.due(s.now(), 0)
		if due >= s.end || !s.sleep(ctx, due) {
			return
		}
		if a, ok := pace.take(s.now(), 0); ok {
			s.count(func(t *tally) { t.due(a.due) })
			clients.Go(func() { s.client(ctx, a.due) })
		}
	}
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
