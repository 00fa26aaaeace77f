//go:build linux

package worker

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/scoreboard"
	"prefork/internal/sys"
)

// longEnough is a timeout that no passing test reaches.
const longEnough = 30 * time.Second

// host serves connections in the test's process, as a worker would in its own.
type host struct {
	service *service
	leave   func()           // tells it to leave
	serve   func(fds ...int) // returns when all have gone
}

// ways are the two in which a worker serves.
var ways = map[string]func(t *testing.T, app App, patience time.Duration) host{
	"one at a time": func(t *testing.T, app App, patience time.Duration) host {
		w := newTestWorker(t, app, patience)
		a := &alone{newService(app, w.spec, &w.leaving), w.wake}
		return host{service: a.service, leave: w.leaveNow, serve: func(fds ...int) {
			var c conn
			for _, fd := range fds {
				a.serve(&c, fd)
			}
		}}
	},
	"many at once": func(t *testing.T, app App, patience time.Duration) host {
		w := newTestWorker(t, app, patience)
		l := newTestLoop(t, w)
		return host{service: l.service, leave: w.leaveNow, serve: func(fds ...int) {
			for _, fd := range fds {
				l.welcome(fd)
			}
			if err := l.run(); err != nil {
				t.Error(err)
			}
		}}
	},
}

func newTestWorker(t *testing.T, app App, patience time.Duration) *worker {
	t.Helper()
	wake, err := sys.NewWaker()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = wake.Close() })
	return &worker{
		spec: Spec{ReadTimeout: patience}, app: app, wake: wake, queue: nobody{},
		tally: &tally{line: new(scoreboard.Line), origin: time.Now()},
	}
}

func newTestLoop(t *testing.T, w *worker) *loop {
	t.Helper()
	ep, err := sys.NewEpoll()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ep.Close() })
	if errno := ep.Add(w.wake.FD, unix.EPOLLIN); errno != 0 {
		t.Fatal(errno)
	}
	return &loop{service: newService(w.app, w.spec, &w.leaving), worker: w, ep: ep, door: door{closed: true}}
}

func (w *worker) leaveNow() {
	w.leaving.Store(true)
	w.wake.Wake()
}

// nobody is a queue in which nobody waits.
type nobody struct{}

func (nobody) Waits() uint64 { return 0 }
func (nobody) Drain()        {}
func (nobody) Close()        {}

// hosted is a client of a host that serves it alone.
type hosted struct {
	*net.TCPConn
	host
	gone chan struct{} // closed when the host has done with it
}

// eachWay runs a test with a client that is served in either way.
func eachWay(t *testing.T, app App, patience time.Duration, test func(t *testing.T, c hosted)) {
	for name, open := range ways {
		t.Run(name, func(t *testing.T) {
			h := open(t, app, patience)
			peer, fd := pair(t)
			c := hosted{peer, h, make(chan struct{})}
			go func() {
				defer close(c.gone)
				h.serve(fd)
			}()
			test(t, c)
			_ = peer.Close()
			<-c.gone
		})
	}
}

func mustApp(name string) App {
	app, err := LookupApp(name)
	if err != nil {
		panic(err)
	}
	return app
}

// pair is a TCP connection, since resets are what it is about: a client's end, and the
// bare socket of a worker's.
func pair(t testing.TB) (peer *net.TCPConn, fd int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(longEnough))
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	raw, err := accepted.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(raw.Control(func(from uintptr) { fd, err = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0) }), err)
	if err := errors.Join(err, unix.SetNonblock(fd, false), sys.Interruptible(fd)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn), fd
}

// arrives waits until a socket has something to be read.
func arrives(t testing.TB, fd int) {
	t.Helper()
	if ready, err := sys.Poll(fd, unix.POLLIN, longEnough); !ready || err != nil {
		t.Fatalf("nothing arrives: %v", err)
	}
}

func say(t testing.TB, to io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Fatal(err)
	}
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// answered reads the answer to a request.
func answered(t testing.TB, from *bufio.Reader) *http.Response {
	t.Helper()
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response
}

// much is more than any socket holds.
const much = 64 << 20

// generous answers every byte with much.
var generous = App{Name: "generous", New: func([]byte) func() Handler {
	return alike(func(x *Exchange) {
		if len(x.In) > 0 {
			x.Out = append(x.Out, make([]byte, much)...)
			x.In, x.Close = nil, true
		}
	})
}}
