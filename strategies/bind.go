//go:build linux

package strategies

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Bind is an address to listen on.
type Bind struct {
	Name    string // what workers know it by (LISTEN_FDNAMES); "" is DefaultName
	Network string // "tcp" or "unix"
	Address string // host:port, where an empty host is every address of IPv4 and IPv6; a path; or @ and an abstract name
}

// DefaultName is what workers know an address by that has no name.
const DefaultName = "prefork"

// named is an address with a name before it. Names are such as systemd allows (sd_listen_fds(3))
// and no address begins with.
var named = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z0-9._-]{1,255})=(.*)$`) }) // not in every worker

// ParseBind reads host:port, :port, a bare port, unix:/path, or @name for an abstract one, each
// with NAME= before it or without.
func ParseBind(s string) (Bind, error) {
	name, address := "", s
	if m := named().FindStringSubmatch(s); m != nil {
		name, address = m[1], m[2]
	}
	b, err := parseAddress(address)
	if err != nil {
		return Bind{}, fmt.Errorf("bind %q: %w", s, err)
	}
	b.Name = name
	return b, nil
}

func parseAddress(s string) (Bind, error) {
	path, unix := strings.CutPrefix(s, "unix:")
	if unix || strings.HasPrefix(s, "@") {
		// sun_path of sockaddr_un has 108 bytes, the last of them zero, or the first one of an
		// abstract name.
		if path == "" || path == "@" || len(path) > 107 || strings.ContainsRune(path, 0) {
			return Bind{}, errors.New("a Unix-domain address is unix: and a path of 1 to 107 bytes, or @ and an abstract name")
		}
		return Bind{Network: "unix", Address: path}, nil
	}
	if _, err := strconv.ParseUint(s, 10, 16); err == nil {
		s = ":" + s
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return Bind{}, errors.New("want host:port, :port, unix:/path or @name (an IPv6 host goes in brackets)")
	}
	if host == "unix" {
		return Bind{}, errors.New("unix is no host; a Unix-domain address is unix:/path")
	}
	if n, err := strconv.ParseUint(port, 10, 32); err != nil || n > 65535 {
		return Bind{}, errors.New("the port is a number from 0 to 65535")
	}
	return Bind{Network: "tcp", Address: net.JoinHostPort(host, port)}, nil
}

// name is what workers know it by.
func (b Bind) name() string { return cmp.Or(b.Name, DefaultName) }

// InFileSystem reports whether it is a path, and so has an owner and a mode.
func (b Bind) InFileSystem() bool { return b.Network == "unix" && b.Address[0] != '@' }

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
