//go:build linux

package sys

import (
	"errors"

	"golang.org/x/sys/unix"
)

// MaxTTL is more than any sender uses who is not our neighbour on purpose
// (RFC 5082); Linux sends 64.
const MaxTTL = 255

// DemandTTL has a socket drop packets with a smaller time to live or hop limit
// (IP_MINTTL in ip(7), IPV6_MINHOPCOUNT). It needs no privilege. Connections that
// are queued already keep the limit they have, 0; one whose handshake ends later
// inherits the listener's: see AdmitAnyTTL.
//
// It sets both limits, since a socket of IPv6 may speak IPv4 too. One of them is enough.
func DemandTTL(fd, ttl int) error {
	v4 := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MINTTL, ttl)
	v6 := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MINHOPCOUNT, ttl)
	if v4 == nil || v6 == nil {
		return nil
	}
	return errors.Join(v4, v6)
}

// AdmitAnyTTL undoes DemandTTL on a connection taken while draining. Its client sends
// again what was dropped until then.
func AdmitAnyTTL(conn int) { _ = DemandTTL(conn, 0) }
