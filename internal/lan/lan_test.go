//go:build linux

package lan_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"prefork/internal/lan"
)

// made is a lan, or the reason why there is none here.
func made(t *testing.T, names ...string) *lan.Lan {
	t.Helper()
	l, err := lan.New(names...)
	if errors.Is(err, lan.ErrDenied) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// Hosts reach each other by their addresses, and nobody else's.
func TestLan(t *testing.T) {
	l := made(t, "a", "b")
	a, b := l.Host("a"), l.Host("b")
	var listener net.Listener
	listen := func() (err error) {
		listener, err = net.Listen("tcp", net.JoinHostPort(a.Address.String(), "0"))
		return err
	}
	if err := a.Do(listen); err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, conn.RemoteAddr().(*net.TCPAddr).IP.String())
			_ = conn.Close()
		}
	}()
	for _, h := range []*lan.Host{b, l.Switch} {
		err := h.Do(func() error {
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				return err
			}
			defer conn.Close()
			seen, err := io.ReadAll(conn)
			if string(seen) != h.Address.String() {
				err = fmt.Errorf("%s was seen as %s: %w", h.Address, seen, err)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", h.Name, err)
		}
	}
	if err := b.Do(func() error {
		other, err := net.Listen("tcp", net.JoinHostPort(a.Address.String(), "0"))
		if err == nil {
			_ = other.Close()
		}
		return err
	}); err == nil {
		t.Error("b listens on the address of a")
	}
	if l.Host("c") != nil {
		t.Error("there is a host that nobody asked for")
	}
}

// A command that is started in a host's network has that, and the test's own is untouched.
func TestCommands(t *testing.T) {
	before, _ := os.Readlink("/proc/self/ns/net")
	l := made(t, "a")
	out, err := l.Host("a").Output("readlink", "/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(out); got == before || !strings.HasPrefix(got, "net:[") {
		t.Errorf("it ran in %s, and the test is in %s", got, before)
	}
	if now, _ := os.Readlink("/proc/self/ns/net"); now != before {
		t.Errorf("the test was in %s, and is in %s", before, now)
	}
}
