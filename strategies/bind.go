//go:build linux

package strategies

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Bind is an address to listen on.
type Bind struct {
	Network string // "tcp" or "unix"
	Address string // host:port, where an empty host is every address of IPv4 and IPv6; or a path
}

// ParseBind reads host:port, :port, a bare port or unix:/path.
func ParseBind(s string) (Bind, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		// sun_path of sockaddr_un has 108 bytes, the last of them zero.
		if path == "" || len(path) > 107 || strings.ContainsRune(path, 0) {
			return Bind{}, fmt.Errorf("bind %q: a Unix-domain address is unix: and a path of 1 to 107 bytes", s)
		}
		return Bind{"unix", path}, nil
	}
	if _, err := strconv.ParseUint(s, 10, 16); err == nil {
		s = ":" + s
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return Bind{}, fmt.Errorf("bind %q: want host:port, :port or unix:/path (an IPv6 host goes in brackets)", s)
	}
	if host == "unix" {
		return Bind{}, fmt.Errorf("bind %q: unix is no host; a Unix-domain address is unix:/path", s)
	}
	if n, err := strconv.ParseUint(port, 10, 32); err != nil || n > 65535 {
		return Bind{}, fmt.Errorf("bind %q: the port is a number from 0 to 65535", s)
	}
	return Bind{"tcp", net.JoinHostPort(host, port)}, nil
}

// BindError says what is wrong with an address.
type BindError struct {
	Bind Bind
	Err  error
}

func (e *BindError) Error() string { return fmt.Sprintf("bind %s: %v", e.Bind, e.Err) }
func (e *BindError) Unwrap() error { return e.Err }

func (b Bind) String() string {
	if b.Network == "unix" {
		return "unix:" + b.Address
	}
	return b.Address
}
