//go:build linux

package worker_test

import (
	"net/netip"
	"testing"

	"prefork/internal/kernel"
	"prefork/internal/servertest"
)

// A worker that binds its own socket gives it the backlog that was asked for.
func TestAWorkersOwnSocketHasTheBacklog(t *testing.T) {
	s := servertest.Start(t, "-s", "reuseport", "--reuseport-bind", "worker", "--backlog", "7", "-w", "2")
	at, err := netip.ParseAddrPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	listeners, err := kernel.Listeners(int(at.Port()))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, l := range listeners {
		if l.Address == at && l.Backlog == 7 {
			found++
		}
	}
	if found < 2 {
		t.Errorf("%d sockets of 2 have a backlog of 7: %+v", found, listeners)
	}
}
