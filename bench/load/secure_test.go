//go:build linux

package load

import (
	"net"
	"testing"
	"time"
)

// Clients of a server that never answers do not pile up for ever.
func TestSecureHasRoomForSoMany(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0") // whom nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := Order{Address: l.Addr().String(), Protocol: HTTP, Rate: 200, Length: 200 * time.Millisecond, Timeout: time.Second, TLS: &TLS{Unverified: true}}
	s := newSecure(o)
	s.most = 3
	r, err := s.run(t.Context(), new(clock))
	if err != nil {
		t.Fatal(err)
	}
	if r.Errors[Late] != 3 || r.Begun == 0 || r.Errors[Local] != r.Begun-3 || r.First[Local] != "3 clients wait already" {
		t.Errorf("%d begun of %d, errors %v, first %v; want 3 late and no room for the rest", r.Begun, r.Due, r.Errors, r.First)
	}
}
