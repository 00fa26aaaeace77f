//go:build linux

package control

import (
	"bytes"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// writePatience is how long a status may take to be read by who has asked for it.
const writePatience = 5 * time.Second

// conn is one connection. It has one request at a time.
type conn struct {
	server *Server
	socket *net.UnixConn // owned
	id     uint64
	by     Peer
	woken  chan struct{} // full when waiting has become false

	waiting bool   // for the answer to its request; guarded by Server.mu
	begun   []byte // what has come of the next one; its goroutine's while that runs
}

func resumeConn(s *Server, state ConnState) (*conn, error) {
	socket, err := connOf(state.FD)
	if err != nil {
		return nil, err
	}
	by, err := peerOf(socket)
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return &conn{server: s, socket: socket, id: state.ID, by: by, waiting: state.Waiting, begun: state.Begun}, nil
}

// start runs it; mu is held.
func (c *conn) start() {
	c.woken = make(chan struct{}, 1)
	if !c.waiting {
		c.wake()
	}
	_ = c.socket.SetDeadline(time.Time{})
	c.server.running.Go(c.run)
}

// interrupt ends whatever run waits for.
func (c *conn) interrupt() {
	_ = c.socket.SetReadDeadline(time.Unix(1, 0))
	_ = c.socket.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
}

func (c *conn) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// left reports whether the client has gone. One that has only said its last word has not.
func (c *conn) left() bool {
	fds := []unix.PollFd{{Fd: int32(descriptor(c.socket))}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
}

// run reads request after request, each when the one before is answered.
func (c *conn) run() {
	for {
		select {
		case <-c.woken:
		case <-c.server.quit:
			return
		}
		text, err := c.readLine()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return // Stop
		case err != nil:
			c.end()
			return
		}
		if !c.heed(text) {
			c.end()
			return
		}
	}
}

func (c *conn) end() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.drop(c)
}

var errTooLong = errors.New("too long")

// readLine returns a line without its end.
func (c *conn) readLine() ([]byte, error) {
	for {
		if end := bytes.IndexByte(c.begun, '\n'); end >= 0 && end < MaxRequest {
			text := c.begun[:end]
			c.begun = bytes.Clone(c.begun[end+1:])
			return text, nil
		}
		if len(c.begun) >= MaxRequest {
			_ = writeNow(c.socket, Refuse(CodeUsage, "the request is longer than %d bytes", MaxRequest).Line())
			return nil, errTooLong
		}
		buffer := make([]byte, MaxRequest-len(c.begun))
		n, err := c.socket.Read(buffer)
		c.begun = append(c.begun, buffer[:n]...)
		if err != nil {
			return nil, err
		}
	}
}

// heed does what a request asks for, and reports whether there may be a next one.
func (c *conn) heed(text []byte) (more bool) {
	request, err := ReadRequest(text)
	var unread *RefusalError
	if errors.As(err, &unread) {
		return c.reply(Refuse(unread.Code, "%s", unread.Text)) && unread.Code != CodeVersion
	}
	switch request.Verb {
	case "version":
		return c.reply(Say(Done, "%s", c.server.master.Version))
	case "status":
		status, ok := c.server.master.Status()
		if !ok {
			return c.reply(Refuse(CodeState, "the server has ended"))
		}
		return c.reply(Answer{Kind: Done, Status: status})
	}
	c.server.mu.Lock()
	c.server.heard(c)
	c.waiting = true
	c.server.mu.Unlock()
	c.server.master.Ask(c.id, request, c.by)
	return true
}

// reply answers what needs no master to think.
func (c *conn) reply(a Answer) bool {
	if !c.write(a.Line()) {
		return false
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.heard(c)
	c.wake()
	return true
}

// write waits for a reader of what does not fit, but not for long.
func (c *conn) write(text []byte) bool {
	n, err := sendNow(c.socket, text)
	if err != nil && !errors.Is(err, unix.EAGAIN) {
		return false
	}
	if n == len(text) {
		return true
	}
	select {
	case <-c.server.quit: // the deadline that Stop has set holds
	default:
		_ = c.socket.SetWriteDeadline(time.Now().Add(writePatience))
	}
	_, err = c.socket.Write(text[n:])
	return err == nil
}

// answer answers what was asked; mu is held.
func (c *conn) answer(a Answer) {
	if err := writeNow(c.socket, a.Line()); err != nil {
		c.server.drop(c)
		return
	}
	if a.Final() {
		c.waiting = false
		c.wake()
	}
}

// writeNow writes without waiting. What does not fit is an error: a line is short, and
// there is room for a hundred of them.
func writeNow(socket *net.UnixConn, text []byte) error {
	n, err := sendNow(socket, text)
	if err == nil && n < len(text) {
		err = errors.New("the other end does not read")
	}
	return err
}

// sendNow sends what fits.
func sendNow(socket *net.UnixConn, text []byte) (n int, err error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	closed := raw.Control(func(fd uintptr) {
		n, err = unix.SendmsgN(int(fd), text, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	})
	return max(0, n), errors.Join(closed, err)
}
