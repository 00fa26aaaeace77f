//go:build linux

package subject

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"prefork/internal/kernel"
)

const (
	peerPoll = 20 * time.Millisecond
	// peerCalm is how long a peer must have started no process until it counts as
	// ready: many listen before they have their workers.
	peerCalm = 15 * peerPoll
)

// StartPeer runs somebody else's server by a shell command, in which {host},
// {port} and {workers} are filled in, and waits until it listens on an address of this
// machine and has all its processes. It must be called as Start must.
func StartPeer(ctx context.Context, name, command, host string, workers int) (*Server, error) {
	port, err := freePort(host)
	if err != nil {
		return nil, err
	}
	command = strings.NewReplacer("{host}", host, "{port}", port, "{workers}", strconv.Itoa(workers)).Replace(command)
	s := &Server{Name: name, Address: net.JoinHostPort(host, port), peer: true}
	shell := Shell(command)
	s.cmd = exec.Command(shell[0], shell[1:]...)
	return s, s.start(ctx)
}

// freePort is a port that nobody has now. Somebody may take it before the peer
// does; then the peer says so and the round is made again by the user.
func freePort(host string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// answers waits until the peer can be connected to and has all its processes.
func (s *Server) answers(ctx context.Context) bool {
	calm, processes := time.Duration(0), 0
	for ctx.Err() == nil && calm < peerCalm {
		time.Sleep(peerPoll)
		calm += peerPoll
		conn, err := net.Dial("tcp", s.Address)
		if err == nil {
			_ = conn.Close()
		}
		family, _ := kernel.Family(s.PID())
		if n := len(family); err != nil || n != processes {
			calm, processes = 0, n
		}
	}
	return ctx.Err() == nil
}
