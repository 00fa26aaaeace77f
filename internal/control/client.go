//go:build linux

package control

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Client speaks to one master. It has one request at a time.
type Client struct {
	socket *net.UnixConn // owned
	lines  *bufio.Reader
	master Peer
	path   string
}

// DeadError says that a master has ended and left its socket behind.
type DeadError struct{ Path string }

func (e *DeadError) Error() string {
	return fmt.Sprintf("nobody listens at %s any more: its server has ended, and had no time to remove it", e.Path)
}

// Dial connects to the control socket at a path.
func Dial(path string) (*Client, error) {
	conn, err := connect(path)
	if err != nil {
		return nil, unreached(path, err)
	}
	socket := conn.(*net.UnixConn)
	master, err := peerOf(socket)
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return &Client{socket: socket, lines: bufio.NewReaderSize(socket, 1<<16), master: master, path: path}, nil
}

// connect waits a little for room in the queue of who listens.
func connect(path string) (conn net.Conn, err error) {
	for deadline := time.Now().Add(silence); ; time.Sleep(10 * time.Millisecond) {
		conn, err = net.DialTimeout("unix", path, silence)
		if !errors.Is(err, unix.EAGAIN) || time.Now().After(deadline) {
			return conn, err
		}
	}
}

// unreached is why nobody could be asked.
func unreached(path string, err error) error {
	switch {
	case errors.Is(err, unix.ECONNREFUSED):
		return &DeadError{path}
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no control socket at %s: does the server run, and was it told this --control?", path)
	case errors.Is(err, fs.ErrPermission):
		return notYours(path)
	case errors.Is(err, unix.EAGAIN):
		return fmt.Errorf("the server at %s takes no more connections: is it stopped (kill -CONT)?", path)
	case errors.Is(err, unix.ENOTSOCK), errors.Is(err, unix.EPROTOTYPE):
		return fmt.Errorf("%s is no control socket", path)
	}
	return err
}

// notYours names both users: the socket's and the present one. Where the socket cannot be
// seen, its directory is as private as it is.
func notYours(path string) error {
	var stat unix.Stat_t
	owner, at := "another user", path
	for err := unix.Stat(at, &stat); ; err = unix.Stat(at, &stat) {
		if err == nil {
			owner = userNamed(int(stat.Uid))
			break
		}
		if at = filepath.Dir(at); at == "/" || at == "." {
			break
		}
	}
	return fmt.Errorf("the server at %s is run by %s, and you are %s: ask as that user, or as root: %w", path, owner, userNamed(os.Geteuid()), fs.ErrPermission)
}

// userNamed is a user's name, with the number.
func userNamed(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return fmt.Sprintf("%s (uid %d)", u.Username, uid)
	}
	return fmt.Sprintf("uid %d", uid)
}

// silence is how long a master may take for its first word. It answers each request at
// once, if only to say that it is under way.
const silence = 5 * time.Second

// Do asks, tells progress of what is under way, and returns the last answer.
func (c *Client) Do(w Wire, progress func(Answer)) (Answer, error) {
	_ = c.socket.SetDeadline(time.Now().Add(silence))
	if _, err := c.socket.Write(w.Line()); err != nil {
		return Answer{}, c.lost(err)
	}
	for {
		text, err := c.lines.ReadBytes('\n')
		if err != nil {
			return Answer{}, c.lost(err)
		}
		_ = c.socket.SetDeadline(time.Time{})
		a, err := ReadAnswer(text)
		if err != nil || a.Final() {
			return a, err
		}
		progress(a)
	}
}

func (c *Client) lost(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the server (pid %d) has not answered for %s: is it stopped (kill -CONT)?", c.master.PID, silence)
	case errors.Is(err, io.EOF), errors.Is(err, unix.EPIPE), errors.Is(err, unix.ECONNRESET):
		return fmt.Errorf("the server (pid %d) has ended, or let this connection go, before it answered", c.master.PID)
	}
	return err
}

// AwaitEnd waits until the master has ended, once it has said that it will. It does not
// wait for longer than a moment.
func (c *Client) AwaitEnd() {
	_ = c.socket.SetDeadline(time.Now().Add(silence))
	_, _ = c.lines.ReadByte()
}

// Master is who listens.
func (c *Client) Master() Peer { return c.master }

// Path is where.
func (c *Client) Path() string { return c.path }

// Close ends the connection.
func (c *Client) Close() error { return c.socket.Close() }

// RemoveDead removes a socket that nobody listens on.
func RemoveDead(path string) error { return clear(path) }
