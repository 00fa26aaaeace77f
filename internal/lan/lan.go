//go:build linux

// Package lan is a network of hosts on one machine: each has a network namespace of its
// own, and a cable to a switch, a bridge in a further one. Nothing of the machine's own
// network is touched, and all is gone when it is closed and the last process in it has
// ended.
//
//	host a ── veth ──┐
//	host b ── veth ──┼── bridge (the switch, which has an address too)
//	host c ── veth ──┘
package lan

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ErrDenied says that this user cannot have network namespaces here.
var ErrDenied = errors.New("no network namespaces")

// Lan is one.
type Lan struct {
	Switch *Host
	hosts  []*Host
}

// Host is a network namespace with an address on the lan.
type Host struct {
	Name    string
	Address netip.Addr
	ns      int // descriptor of the namespace; owned
	// todo is what the host's thread does next. With that thread its processes end, those
	// that have a death signal.
	todo chan func()
}

const (
	bridge = "switch"
	cable  = "eth0" // a host's end
)

// subnet is that of all lans: they do not know of each other.
var subnet = [4]byte{10, 77, 0, 0}

const subnetBits = 24

// switchNumber is the last part of the switch's address; hosts count from 1.
const switchNumber = 254

// New makes one with hosts of such names, no two alike. The caller closes it.
func New(names ...string) (l *Lan, err error) {
	if len(names) >= switchNumber {
		return nil, fmt.Errorf("a lan of %d hosts: fewer than %d", len(names), switchNumber)
	}
	l = &Lan{}
	defer func() {
		if err != nil {
			l.Close()
			l = nil
		}
	}()
	if l.Switch, err = newHost(bridge, switchNumber); err != nil {
		return l, err
	}
	if err = l.Switch.Do(func() error {
		if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridge}}); err != nil {
			return fmt.Errorf("make a bridge: %w", err)
		}
		return l.Switch.configure(bridge)
	}); err != nil {
		return l, err
	}
	for i, name := range names {
		host, err := newHost(name, byte(i+1))
		if err != nil {
			return l, err
		}
		l.hosts = append(l.hosts, host)
		if err := l.plug(host); err != nil {
			return l, fmt.Errorf("host %s: %w", name, err)
		}
	}
	return l, nil
}

// Host is the one of a name, nil if there is none.
func (l *Lan) Host(name string) *Host {
	for _, h := range l.hosts {
		if h.Name == name {
			return h
		}
	}
	return nil
}

// Close lets the namespaces go. They last as long as there are processes in them. Nothing
// may be done on the hosts any more.
func (l *Lan) Close() {
	for _, h := range append(l.hosts, l.Switch) {
		if h != nil && h.ns >= 0 {
			close(h.todo)
			_ = unix.Close(h.ns)
			h.ns = -1
		}
	}
}

// plug lays a cable from the switch to a host.
func (l *Lan) plug(h *Host) error {
	port := fmt.Sprintf("port%d", h.Address.As4()[3])
	err := l.Switch.Do(func() error {
		veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: port}, PeerName: cable, PeerNamespace: netlink.NsFd(h.ns)}
		if err := netlink.LinkAdd(veth); err != nil {
			return fmt.Errorf("make a veth pair: %w", err)
		}
		end, err := netlink.LinkByName(port)
		if err != nil {
			return err
		}
		master, err := netlink.LinkByName(bridge)
		if err != nil {
			return err
		}
		return errors.Join(netlink.LinkSetMaster(end, master), netlink.LinkSetUp(end))
	})
	if err != nil {
		return err
	}
	return h.Do(func() error { return h.configure(cable) })
}

// newHost makes a namespace, and the thread that is in it.
func newHost(name string, number byte) (h *Host, err error) {
	at := subnet
	at[3] = number
	h = &Host{Name: name, Address: netip.AddrFrom4(at), ns: -1, todo: make(chan func())}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: a thread in another namespace is nobody else's
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("%w: unshare: %w; it takes CAP_SYS_ADMIN, or user namespaces for plain users (sysctl kernel.unprivileged_userns_clone=1)", ErrDenied, err)
			return
		}
		var err error
		h.ns, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		done <- err
		if err == nil {
			for do := range h.todo {
				do()
			}
		}
	}()
	return h, <-done
}

// configure gives an interface, and the loopback, what they need.
func (h *Host) configure(name string) error {
	for _, each := range []string{"lo", name} {
		link, err := netlink.LinkByName(each)
		if err != nil {
			return fmt.Errorf("%s: %w", each, err)
		}
		if each == name {
			address, err := netlink.ParseAddr(netip.PrefixFrom(h.Address, subnetBits).String())
			if err != nil {
				return err
			}
			if err := netlink.AddrAdd(link, address); err != nil {
				return fmt.Errorf("give %s the address %s: %w", each, h.Address, err)
			}
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return fmt.Errorf("bring %s up: %w", each, err)
		}
	}
	return nil
}

// Do does something on the host's thread, and waits for it: sockets that it makes are the
// host's. One thing is done at a time.
func (h *Host) Do(what func() error) error {
	done := make(chan error)
	h.todo <- func() { done <- what() }
	return <-done
}

// Start starts a command in the host's network, and has it killed when the lan is closed.
// The caller waits for it.
func (h *Host) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = unix.SIGKILL
	return h.Do(cmd.Start)
}

// Output runs a command in the host's network to its end, and returns what it printed.
func (h *Host) Output(name string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := h.Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	return out.String(), err
}
