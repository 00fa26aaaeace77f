//go:build linux

package cli

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"prefork/internal/entry"
	"prefork/strategies"
)

// What can be wrong with addresses, each by itself and together.

func checkBinds(o *options) error {
	for _, a := range o.addresses() {
		if _, err := strategies.ParseBind(a.text); err != nil {
			return fmt.Errorf("%s%w", a.from, err)
		}
	}
	return nil
}

// checkOneOfEach refuses what the kernel would refuse as well, saying that the address is in
// use: by this process, that is.
func checkOneOfEach(o *options) error {
	binds := o.binds()
	for i, a := range binds {
		for _, b := range binds[:i] {
			if clash(b, a) {
				return fmt.Errorf("--bind %s and --bind %s would be in each other's way: leave one out%s", b, a, everyAddress(a, b))
			}
		}
	}
	return nil
}

func everyAddress(binds ...strategies.Bind) string {
	for _, b := range binds {
		if addr, err := net.ResolveTCPAddr("tcp", b.Address); b.Network == "tcp" && err == nil && allFamilies(addr) {
			return fmt.Sprintf(" (%s is every address, of IPv4 as well as of IPv6)", b)
		}
	}
	return ""
}

// clash reports whether only one of the two can be had.
func clash(a, b strategies.Bind) bool {
	if a.Network != b.Network {
		return false
	}
	if a.Network == "unix" {
		return absolute(a.Address) == absolute(b.Address)
	}
	_, portA, _ := net.SplitHostPort(a.Address)
	_, portB, _ := net.SplitHostPort(b.Address)
	if portA != portB || portA == "0" {
		return false // and no host needs to be looked up
	}
	x, errX := net.ResolveTCPAddr("tcp", a.Address)
	y, errY := net.ResolveTCPAddr("tcp", b.Address)
	if errX != nil || errY != nil {
		return false // which will be told when it is bound
	}
	return x.IP.Equal(y.IP) && x.Zone == y.Zone || covers(x, y) || covers(y, x)
}

// covers reports whether the one is every address of a family, of which the other is.
func covers(all, one *net.TCPAddr) bool {
	return allFamilies(all) || all.IP.IsUnspecified() && one.IP.To4() != nil
}

func allFamilies(addr *net.TCPAddr) bool {
	return addr.IP == nil || addr.IP.IsUnspecified() && addr.IP.To4() == nil
}

// checkSockets wants those that were given to be on the addresses that were asked for, and on
// no others.
func checkSockets(o *options) error {
	if o.sockets.err != nil || !o.sockets.any() || !o.asksForAddress() {
		return o.sockets.err
	}
	var asked []strategies.Bind
	for _, a := range o.addresses() {
		bind, _ := strategies.ParseBind(a.text)
		asked = append(asked, bind)
	}
	meant := o.sockets.meant(asked)
	if i := slices.Index(meant, -1); i >= 0 {
		a := o.addresses()[i]
		return fmt.Errorf("%s%s: this process was given %s (LISTEN_FDS): leave the address out, or have the socket unit listen on it", cmp.Or(a.from, "--bind "), a.text, o.sockets)
	}
	for i, bind := range o.sockets.binds {
		if !slices.Contains(meant, i) {
			return fmt.Errorf("this process was given a socket that listens on %s (LISTEN_FDS), and no --bind asks for that: add it, or leave all out", bind)
		}
	}
	return nil
}

// String tells what was given.
func (g givenSockets) String() string {
	if len(g.binds) == 1 {
		return "a socket that listens on " + g.binds[0].String()
	}
	var all []string
	for _, b := range g.binds {
		all = append(all, b.String())
	}
	return "sockets that listen on " + strings.Join(all, " and ")
}

func checkUnix(o *options) error {
	for _, bind := range o.binds() {
		if bind.Network == "unix" && !o.strategyRow().Unix {
			return fmt.Errorf("--strategy %s cannot listen on %s: the kernel only spreads TCP and UDP over several sockets; use --strategy shared or dispatch", o.strategy, bind)
		}
	}
	return nil
}

// checkAccess looks at who may connect to paths.
func checkAccess(o *options) error {
	flag, text := "unix-mode", o.unixMode
	if text == "" {
		flag, text = "unix-owner", o.unixOwner
	}
	if text != "" && !slices.ContainsFunc(o.binds(), strategies.Bind.InFileSystem) {
		return fmt.Errorf("--%s %s: none of the addresses is a path: add --bind unix:/path", flag, text)
	}
	if _, err := o.mode(); err != nil {
		return err
	}
	_, _, err := o.owner()
	return err
}

// mode is --unix-mode, -1 if it was not given.
func (o *options) mode() (int, error) {
	if o.unixMode == "" {
		return -1, nil
	}
	mode, err := strconv.ParseUint(o.unixMode, 8, 32)
	if err != nil || mode > 0o777 {
		return -1, fmt.Errorf("--unix-mode %s: want an octal number from 0 to 777, such as 660", o.unixMode)
	}
	return int(mode), nil
}

// owner is --unix-owner by numbers, each -1 if it was not given.
func (o *options) owner() (uid, gid int, err error) {
	name, group, _ := strings.Cut(o.unixOwner, ":")
	if name == "" && group == "" && o.unixOwner != "" {
		return -1, -1, fmt.Errorf("--unix-owner %s: want USER, USER:GROUP or :GROUP", o.unixOwner)
	}
	uid, userErr := idOf("user", name, func() (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	gid, groupErr := idOf("group", group, func() (string, error) {
		g, err := user.LookupGroup(group)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	if err := cmp.Or(userErr, groupErr); err != nil {
		return -1, -1, fmt.Errorf("--unix-owner %s: %w", o.unixOwner, err)
	}
	return uid, gid, nil
}

// idOf is the number of a user or group, -1 for no name.
func idOf(what, name string, look func() (string, error)) (int, error) {
	if name == "" {
		return -1, nil
	}
	text := name
	if known, err := look(); err == nil {
		text = known
	}
	id, err := number(text)
	if err != nil {
		return -1, fmt.Errorf("there is no %s %s", what, name)
	}
	return int(id), nil
}

// access is who may connect to paths, nil if that was not said.
func (o *options) access() *strategies.Access {
	if o.unixMode == "" && o.unixOwner == "" {
		return nil
	}
	var a strategies.Access
	a.Mode, _ = o.mode()
	a.UID, a.GID, _ = o.owner()
	return &a
}

// remarkGiven tells what flags are not for sockets that were given.
func remarkGiven(o *options, _ place, log *slog.Logger) {
	if !o.sockets.any() {
		return
	}
	for flag, hint := range map[string]string{"backlog": "Backlog=", "unix-mode": "SocketMode=", "unix-owner": "SocketUser= and SocketGroup="} {
		if o.given[flag] {
			entry.FlagGiven.Log(log, "flag", "--"+flag, "hint", hint+" in the socket unit")
		}
	}
}
