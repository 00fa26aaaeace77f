//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"net"

	"github.com/libp2p/go-reuseport"
	"golang.org/x/sys/unix"
)

// grouped is a SO_REUSEPORT socket for every slot. The kernel hashes each
// connection's addresses and ports to pick the socket whose queue it joins, once
// and for all: no other worker can take it from there.
//
// Sockets are bound in slot order, so that a socket's place in the kernel's
// group is its slot; removing any but the last would move the last into the hole.
type grouped struct {
	config  Config
	addr    net.Addr
	sockets []*socket
	retired int // slots from here on get nothing new; 0 means none is retired
}

func openReuseport(c Config) (Front, error) {
	if c.Bind.Network == "unix" {
		return nil, fmt.Errorf("bind %s: SO_REUSEPORT is for TCP; a Unix-domain socket has one queue, so use --strategy shared or dispatch", c.Bind)
	}
	g := &grouped{config: c}
	for _, fd := range c.Sockets {
		s, err := adopt(c, fd)
		if err != nil {
			return nil, errors.Join(err, g.Close())
		}
		g.sockets = append(g.sockets, s)
	}
	if len(g.sockets) == 0 {
		if err := g.bindNext(); err != nil {
			return nil, err
		}
	}
	g.addr = g.sockets[0].addr
	if c.BindInWorker {
		// The socket above has shown that the address can be had and which
		// port it is; it must not stay, for nobody would accept from it.
		g.config.Bind.Address = g.addr.String()
		return g, g.closeFrom(0)
	}
	return g, nil
}

// bindNext binds the socket of the next slot.
func (g *grouped) bindNext() error {
	c := g.config
	if g.addr != nil {
		c.Bind.Address = g.addr.String() // the port that :0 became
	}
	s, err := listen(c, reuseport.Control)
	if err == nil {
		g.sockets = append(g.sockets, s)
	}
	return err
}

func (g *grouped) Addr() net.Addr { return g.addr }

func (g *grouped) FD(slot int) (int, error) {
	if g.config.BindInWorker {
		return -1, nil
	}
	for len(g.sockets) <= slot {
		if err := g.bindNext(); err != nil {
			return -1, err
		}
	}
	return g.sockets[slot].fd, nil
}

// Retire has the kernel choose among the slots before this one, by a program on
// the group that draws at random where the kernel's own hash would need to
// forget the socket, and with it the socket's queue.
func (g *grouped) Retire(slot int) error {
	if slot >= len(g.sockets) || slot == 0 {
		return nil
	}
	g.retired = slot
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: skfAdRandom},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(slot)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
	return unix.SetsockoptSockFprog(g.sockets[0].fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// skfAdRandom loads a random number (SKF_AD_OFF + SKF_AD_RANDOM, linux/filter.h).
const skfAdRandom = 0xfffff000 + 56

// Drop closes the sockets from this slot on and, when no other is retired, gives
// the choice back to the kernel's hash.
func (g *grouped) Drop(slot int) error {
	err := g.closeFrom(slot)
	if g.retired == 0 || len(g.sockets) > g.retired {
		return err
	}
	g.retired = 0
	return errors.Join(err, unix.SetsockoptInt(g.sockets[0].fd, unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0))
}

func (g *grouped) Quiesce() error {
	var errs []error
	for _, s := range g.sockets {
		errs = append(errs, s.quiesce())
	}
	return errors.Join(errs...)
}

func (g *grouped) Sockets() (fds []int) {
	for _, s := range g.sockets {
		fds = append(fds, s.fd)
	}
	return fds
}

// HandedOn has nothing to do: TCP sockets leave no path behind.
func (g *grouped) HandedOn() {}

func (g *grouped) Close() error { return g.closeFrom(0) }

// closeFrom closes from the last one down, so that no socket changes its place.
func (g *grouped) closeFrom(slot int) error {
	var errs []error
	for i := len(g.sockets) - 1; i >= slot; i-- {
		errs = append(errs, g.sockets[i].close())
	}
	g.sockets = g.sockets[:min(slot, len(g.sockets))]
	return errors.Join(errs...)
}
