//go:build linux

package metrics

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/control"
	"prefork/internal/sys"
)

// Limits on those who ask. One who is slow is in nobody's way but his own.
const (
	maxConns       = 64
	headerPatience = 5 * time.Second
	writePatience  = 10 * time.Second
	idlePatience   = time.Minute
	maxHeader      = 16 << 10
)

// Status is what the master does now. It waits for that; ok is false if it is ending.
type Status func(context.Context) (s *control.Status, ok bool)

// Server answers over HTTP. It can be stopped and started again, and its socket be handed
// to another image of this process.
type Server struct {
	fd     int // listening; owned
	status Status
	// readyMin is how many workers have to be ready for /readyz; 0 is as many as are wanted.
	readyMin int

	server *http.Server
	done   chan struct{}
	conns  conns
}

// Listen opens the socket.
func Listen(address string, readyMin int, status Status) (*Server, error) {
	fd, _, err := sys.Listen("tcp", address, nil)
	if err != nil {
		return nil, err
	}
	return Resume(fd, readyMin, status), nil
}

// Resume goes on with a socket that is open.
func Resume(fd, readyMin int, status Status) *Server {
	unix.CloseOnExec(fd)
	return &Server{fd: fd, readyMin: readyMin, status: status}
}

// FD is the listening socket, which stays the Server's; -1 for nil.
func (s *Server) FD() int {
	if s == nil {
		return -1
	}
	return s.fd
}

// Addr is where it listens.
func (s *Server) Addr() string {
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return ""
	}
	return sys.AddrOf(name).String()
}

// Start has requests answered.
func (s *Server) Start() error {
	// The listener works on a copy, so that what comes between Stop and Start waits.
	copied := os.NewFile(uintptr(dup(s.fd)), "metrics")
	listener, err := net.FileListener(copied)
	_ = copied.Close() // the listener has a copy of its own
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /{$}", index)
	s.server = &http.Server{
		Handler: mux, ConnState: s.conns.changed, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: headerPatience, WriteTimeout: writePatience, IdleTimeout: idlePatience,
		ErrorLog: log.New(discard{}, "", 0), // of clients that break off
	}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		_ = s.server.Serve(listener) // until Stop
	}()
	return nil
}

// Stop answers no more, once what was asked is answered or a moment has passed.
func (s *Server) Stop() {
	const moment = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), moment)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close()
	}
	<-s.done
}

// Close closes the socket.
func (s *Server) Close() error { return unix.Close(s.fd) }

func dup(fd int) int {
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1 // which FileListener says
	}
	return copied
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// conns are those that are open, the one that has been quiet for the longest time first.
type conns struct {
	mu  sync.Mutex
	all []quiet
}

type quiet struct {
	conn net.Conn
	busy bool
}

// changed is http.Server's ConnState. One connection too many ends the one that has been
// quiet for the longest time, or itself.
func (c *conns) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.all {
		if c.all[i].conn == conn {
			c.all = append(c.all[:i], c.all[i+1:]...)
			break
		}
	}
	if state == http.StateClosed || state == http.StateHijacked {
		return
	}
	c.all = append(c.all, quiet{conn, state == http.StateActive})
	if len(c.all) <= maxConns {
		return
	}
	for _, one := range c.all {
		if !one.busy {
			_ = one.conn.Close() // the server takes it out
			return
		}
	}
}

var errEnding = errors.New("the server is ending")

// now asks the master, which answers at once if it lives.
func (s *Server) now(r *http.Request) (*control.Status, error) {
	const alive = 2 * time.Second
	ctx, cancel := context.WithTimeout(r.Context(), alive)
	defer cancel()
	status, ok := s.status(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("the master has not answered within %s", alive)
	case !ok:
		return nil, errEnding
	}
	return status, nil
}
