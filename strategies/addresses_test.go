//go:build linux

package strategies_test

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"prefork/internal/servertest"
	"prefork/strategies"
)

// shortDir is a directory with a short path, gone after the test.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "prefork")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestUnixAddress(t *testing.T) {
	for _, strategy := range strategies.Strategies {
		if !strategy.Unix {
			continue
		}
		t.Run(strategy.Name, func(t *testing.T) {
			s := servertest.Start(t, "-s", strategy.Name, "-w", "3", "--bind", unixAddress(t))
			path := s.Addr
			for range 12 {
				s.Ask()
			}
			if code := s.Stop(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			if _, err := os.Lstat(path); !os.IsNotExist(err) {
				t.Errorf("the socket's path is still there: %v", err)
			}
		})
	}
}

// Without a host, an address is that of IPv4 and of IPv6.
func TestPortAloneAnswersBothFamilies(t *testing.T) {
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6: ", err)
	} else {
		_ = l.Close()
	}
	for _, strategy := range strategies.Strategies {
		t.Run(strategy.Name, func(t *testing.T) {
			s := servertest.Start(t, "-s", strategy.Name, "-w", "2", "--bind", ":0")
			port := s.Addr[strings.LastIndexByte(s.Addr, ':')+1:]
			for _, host := range []string{"127.0.0.1", "::1"} {
				s.Addr = net.JoinHostPort(host, port)
				s.Ask()
			}
		})
	}
}

// Workers that bind sockets of their own form a group as well.
func TestWorkersBindThemselves(t *testing.T) {
	s := servertest.Start(t, "-s", "reuseport", "--reuseport-bind", "worker", "-w", "3")
	var answers []int
	for client := range 40 {
		answers = append(answers, askFrom(t, s, client))
	}
	// Of three dice faces, one stays away in 40 throws once in three million times.
	if counts := tally(answers); len(counts) != 3 {
		t.Errorf("%d of 3 workers answered: %v", len(counts), counts)
	}
}
