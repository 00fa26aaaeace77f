//go:build linux

package strategies_test

import (
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/internal/sys"
	"prefork/strategies"
)

// needIPv6 skips where there is none.
func needIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6: ", err)
	}
	_ = l.Close()
}

// An address of IPv4 that means all of them means none of IPv6.
func TestAllOfIPv4IsIPv4Alone(t *testing.T) {
	needIPv6(t)
	for _, args := range [][]string{{"-s", "shared"}, {"-s", "reuseport"}, {"-s", "dispatch"}, {"-s", "reuseport", "--reuseport-bind", "worker"}} {
		for _, bind := range []string{"0.0.0.0:0", "[::ffff:0.0.0.0]:0"} {
			t.Run(strings.Join(append(args, bind), " "), func(t *testing.T) {
				s := servertest.Start(t, append(args, "-w", "2", "--bind", bind)...)
				host, port, err := net.SplitHostPort(s.Addr)
				if err != nil || host != "0.0.0.0" {
					t.Errorf("it says that it listens on %s, %v", s.Addr, err)
				}
				s.Addr = net.JoinHostPort("127.0.0.1", port)
				for range 4 {
					s.Ask()
				}
				if conn, err := net.Dial("tcp", net.JoinHostPort("::1", port)); err == nil {
					_ = conn.Close()
					t.Error("it answers by IPv6")
				}
			})
		}
	}
}

// One of IPv6 that means all of them means those of IPv4 too.
func TestAllOfIPv6IsBoth(t *testing.T) {
	needIPv6(t)
	for _, strategy := range strategies.Strategies {
		s := servertest.Start(t, "-s", strategy.Name, "-w", "2", "--bind", "[::]:0")
		_, port, err := net.SplitHostPort(s.Addr)
		check(t, err)
		for _, host := range []string{"127.0.0.1", "::1"} {
			s.Addr = net.JoinHostPort(host, port)
			s.Ask()
		}
	}
}

// An address that is one in a zone only is named with it.
func TestTheZoneOfAnAddressIsKept(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	check(t, err)
	addr := sys.AddrOf(&unix.SockaddrInet6{Port: 80, ZoneId: uint32(lo.Index), Addr: [16]byte{0: 0xfe, 1: 0x80, 15: 1}})
	if got := addr.String(); got != "[fe80::1%lo]:80" {
		t.Errorf("%s, want it in the zone lo", got)
	}
	bind, err := strategies.ParseBind("[fe80::1%lo]:80")
	if err != nil || bind.Address != "[fe80::1%lo]:80" {
		t.Errorf("%+v, %v", bind, err)
	}
}

// Workers that bind their own sockets have the backlog that was asked for.
func TestWorkersHeedTheBacklog(t *testing.T) {
	s := servertest.Start(t, "-s", "reuseport", "--reuseport-bind", "worker", "-w", "2", "--backlog", "7")
	_, port, err := net.SplitHostPort(s.Addr)
	check(t, err)
	listeners, err := kernel.Listeners(number(t, port))
	check(t, err)
	if len(listeners) != 2 {
		t.Errorf("%d sockets, want 2", len(listeners))
	}
	for _, l := range listeners {
		if l.Backlog != 7 {
			t.Errorf("a backlog of %d, want 7", l.Backlog)
		}
	}
}

// Programs get connections as they would expect them: without a timeout of ours.
func TestProgramsGetNoTimeoutOfOurs(t *testing.T) {
	for _, strategy := range strategies.Strategies {
		for _, foreign := range []bool{true, false} {
			front := open(t, strategy.Name, func(c *strategies.Config) { c.Foreign = foreign })
			files, err := front.Files(0)
			check(t, err)
			connect(t, front, 1)
			for _, fd := range append(front.State().Listeners[0].Sockets, files[0].FD) {
				timeout, err := unix.GetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO)
				if err != nil || (timeout.Sec != 0) == foreign {
					t.Errorf("%s, programs: %t: a timeout of %d s, %v", strategy.Name, foreign, timeout.Sec, err)
				}
			}
			check(t, front.Close())
		}
	}
}
