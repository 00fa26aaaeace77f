//go:build linux

package worker

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// transports are the two kinds of socket that a client is served on.
var transports = map[string]func(t *testing.T, fd int, patience time.Duration) socket{
	"raw": func(t *testing.T, fd int, patience time.Duration) socket {
		conn, err := newRawConn(patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = errors.Join(unix.Close(conn.pipe[0]), unix.Close(conn.pipe[1])) })
		conn.reset(fd)
		return conn
	},
	"polled": func(_ *testing.T, fd int, patience time.Duration) socket { return newPolled(fd, patience) },
}

// eachTransport runs a test with a client that is served, and the peer of its
// connection.
func eachTransport(t *testing.T, patience time.Duration, test func(t *testing.T, c *client, peer *net.TCPConn)) {
	for name, open := range transports {
		t.Run(name, func(t *testing.T) {
			peer, fd := pair(t)
			c := &client{crowd: newCrowd(), timeout: longEnough, keeps: true}
			c.begin(open(t, fd, patience))
			t.Cleanup(func() { _ = c.Close() })
			test(t, c, peer)
		})
	}
}

// pair is a TCP connection, since resets are what it is about: a client's end, and the
// bare socket of a worker's.
func pair(t *testing.T) (peer *net.TCPConn, fd int) {
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

// send has the peer say something, and waits until it has arrived.
func send(t *testing.T, c *client, peer net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(peer, text); err != nil {
		t.Fatal(err)
	}
	if ready, err := sys.Poll(c.descriptor(), unix.POLLIN, longEnough); !ready || err != nil {
		t.Fatalf("%q does not arrive: %v", text, err)
	}
}

// much is more than any socket holds.
func much() []byte { return make([]byte, 64<<20) }

func TestAClientThatTakesNothingIsDropped(t *testing.T) {
	eachTransport(t, 50*time.Millisecond, func(t *testing.T, c *client, _ *net.TCPConn) {
		if n, err := c.Write(much()); !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == len(much()) {
			t.Errorf("%d bytes written, %v, want a timeout on the way", n, err)
		}
	})
}

// The time is without any progress: a slow client is none that takes nothing.
func TestASlowClientIsServed(t *testing.T) {
	eachTransport(t, longEnough, func(t *testing.T, c *client, peer *net.TCPConn) {
		counted := make(chan int64, 1)
		go func() {
			n, _ := io.Copy(io.Discard, peer)
			counted <- n
		}()
		if n, err := c.Write(much()); err != nil || n != len(much()) {
			t.Errorf("%d bytes written, %v", n, err)
		}
		_ = c.Close()
		if n := <-counted; n != int64(len(much())) {
			t.Errorf("%d bytes came", n)
		}
	})
}

// A worker that was stopped finds its deadline over, and the request in the socket.
func TestWhatHasArrivedIsReadThoughTimeIsUp(t *testing.T) {
	eachTransport(t, longEnough, func(t *testing.T, c *client, peer *net.TCPConn) {
		send(t, c, peer, "request")
		_ = c.SetReadDeadline(time.Now().Add(-time.Hour))
		buffer := make([]byte, 16)
		if n, err := c.Read(buffer); string(buffer[:n]) != "request" || err != nil {
			t.Errorf("%q, %v", buffer[:n], err)
		}
		if n, err := c.Read(buffer); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d bytes more, %v, want a timeout", n, err)
		}
		if err := peer.Close(); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Time{})
		if n, err := c.Read(buffer); n != 0 || err != io.EOF {
			t.Errorf("%d bytes at the end, %v", n, err)
		}
	})
}

// What a client's clock says is the wall's, which is set now and then; ours is not.
func TestDeadlinesAreOfTheMonotonicClock(t *testing.T) {
	eachTransport(t, longEnough, func(t *testing.T, c *client, _ *net.TCPConn) {
		for _, past := range []time.Time{time.Unix(1, 0), time.Now().Add(-time.Nanosecond)} {
			_ = c.SetReadDeadline(past)
			if _, err := c.socket.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a deadline at %v: %v", past, err)
			}
		}
	})
}

// When a worker leaves, whoever asks for nothing goes, and whoever has asked is served.
func TestWhoAsksForNothingGoesFirst(t *testing.T) {
	eachTransport(t, longEnough, func(t *testing.T, c *client, peer *net.TCPConn) {
		_ = c.SetReadDeadline(time.Now().Add(longEnough))
		read := make(chan error)
		buffer := make([]byte, 16)
		go func() {
			_, err := c.Read(buffer)
			read <- err
		}()
		for waiting := 0; waiting == 0; time.Sleep(time.Millisecond) {
			c.crowd.mu.Lock()
			waiting = len(c.crowd.waiting)
			c.crowd.mu.Unlock()
		}
		c.crowd.leave()
		if err := <-read; err != io.EOF {
			t.Errorf("who has never asked: %v, want the end", err)
		}
	})
	eachTransport(t, longEnough, func(t *testing.T, c *client, _ *net.TCPConn) {
		_ = c.SetReadDeadline(time.Now().Add(longEnough))
		c.crowd.leave()
		if _, err := c.Read(make([]byte, 16)); err != io.EOF {
			t.Errorf("who has come last: %v, want the end", err)
		}
	})
	eachTransport(t, longEnough, func(t *testing.T, c *client, peer *net.TCPConn) {
		c.crowd.leave()
		send(t, c, peer, "half")
		buffer := make([]byte, 16)
		if n, err := c.Read(buffer); string(buffer[:n]) != "half" || err != nil {
			t.Errorf("who has asked: %q, %v", buffer[:n], err)
		}
		// The rest of a request may take its time.
		go func() {
			time.Sleep(2 * justNow)
			_, _ = io.WriteString(peer, "rest")
		}()
		if n, err := c.Read(buffer); string(buffer[:n]) != "rest" || err != nil {
			t.Errorf("who was asking: %q, %v", buffer[:n], err)
		}
	})
}

// What a client sends to a worker that leaves does not undo the answer to what it has
// sent before.
func TestNoResetOvertakesAnAnswer(t *testing.T) {
	eachTransport(t, longEnough, func(t *testing.T, c *client, peer *net.TCPConn) {
		send(t, c, peer, "request")
		buffer := make([]byte, 64)
		if _, err := c.Read(buffer); err != nil {
			t.Fatal(err)
		}
		c.crowd.leave()
		if _, err := c.Write([]byte("answer")); err != nil {
			t.Fatal(err)
		}
		send(t, c, peer, "one more request")
		closed := make(chan error)
		go func() { closed <- c.Close() }()
		if _, err := io.WriteString(peer, "and another"); err != nil {
			t.Error(err)
		}
		if got, err := io.ReadAll(peer); string(got) != "answer" || err != nil {
			t.Errorf("%q, %v, want the answer and the end", got, err)
		}
		_ = peer.Close()
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}
