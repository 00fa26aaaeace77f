//go:build linux

package load

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"strings"
	"syscall"
	"time"
)

// session is a client's present connection.
type session struct {
	*secure
	c   *conn
	tls *tls.Conn // owned; nil if there is none
	in  [16 << 10]byte
}

// request makes one request, on another connection if there is none left, or if the
// server has closed it before it had begun to answer.
func (s *session) request(ctx context.Context) error {
	s.c.begun = s.now()
	if s.tls != nil {
		again, err := s.ask(ctx)
		if !again {
			return err
		}
		s.count(func(t *tally) { t.again(s.c) })
		s.close()
	}
	if err := s.dial(ctx); err != nil {
		return err
	}
	_, err := s.ask(ctx)
	return err
}

func (s *session) deadline() time.Time {
	return s.origin.Add(s.c.begun + s.order.Timeout)
}

// dial opens a connection, up to the end of its handshake.
func (s *session) dial(ctx context.Context) error {
	s.c.reused, s.c.inTime, s.c.pid = false, false, 0
	network := "tcp"
	if strings.HasPrefix(s.order.Address, "/") {
		network = "unix"
	}
	timed, cancel := context.WithDeadline(ctx, s.deadline())
	defer cancel()
	raw, err := s.dialer.DialContext(timed, network, s.order.Address)
	switch {
	case timed.Err() != nil && err == nil:
		_ = raw.Close()
		return os.ErrDeadlineExceeded
	case timed.Err() != nil:
		return os.ErrDeadlineExceeded
	case err != nil:
		return err
	}
	s.tls = tls.Client(raw, s.config)
	s.count(func(t *tally) { s.secure.open++; t.opened(s.secure.open) })
	if err := s.tls.HandshakeContext(timed); err != nil {
		if timed.Err() != nil {
			return os.ErrDeadlineExceeded
		}
		return failed{BadTLS, err.Error()}
	}
	s.count(func(t *tally) { t.connected(s.c, s.now()) })
	return nil
}

// ask makes a request on the connection that there is. again says that the server had
// closed it before.
func (s *session) ask(ctx context.Context) (again bool, err error) {
	raw := s.tls.NetConn() // s.tls may be gone when ctx ends
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })()
	_ = s.tls.SetDeadline(s.deadline())
	a := &s.c.answer
	a.reset(s.requests.first, s.requests.headed)
	text := s.requests.further
	if s.c.made == s.requests.total-1 {
		text = s.requests.last
	}
	_, err = s.tls.Write(text)
	for err == nil && a.stage != complete {
		var n int
		n, err = s.tls.Read(s.in[:])
		used, bad := a.feed(s.in[:n])
		if bad != nil {
			return false, failed{Status, a.said()}
		}
		a.persist = a.persist && used == n
	}
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case a.stage == complete || !late && a.end():
		return false, s.answered()
	case s.c.reused && !a.started && !late:
		return true, nil
	case late || errors.As(err, new(syscall.Errno)):
		return false, err
	}
	return false, failed{Empty, a.said()}
}

// answered counts an answer that is complete.
func (s *session) answered() error {
	c := s.c
	pid := parsePID(c.answer.text())
	if kind := s.requests.fault(&c.answer, pid); kind != "" {
		return failed{kind, c.answer.said()}
	}
	if !c.reused {
		c.pid = pid
	}
	now := s.now()
	s.count(func(t *tally) { t.answered(c, now, false) })
	c.made++
	c.reused = true
	if c.made == s.requests.total || !c.answer.persist {
		s.close()
	}
	return nil
}

func (s *session) close() {
	if s.tls == nil {
		return
	}
	_ = s.tls.NetConn().Close()
	s.tls = nil
	s.count(func(t *tally) { s.secure.open--; t.closed(s.c) })
}

// failed is why a request has, with its kind.
type failed struct {
	kind string
	why  string
}

func (f failed) Error() string { return f.why }

// sorted finds the kind of an error of Go's network.
func sorted(err error) failed {
	var known failed
	var errno syscall.Errno
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failed{kind: Late}
	case errors.As(err, &errno):
		return failed{kindOf(errno), errno.Error()}
	}
	return failed{Local, err.Error()}
}
