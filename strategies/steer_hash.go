//go:build linux

package strategies

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"
)

// byHash leaves the choice to the kernel, except while a slot is on its way out.
type byHash struct {
	group   *grouped
	retired int // slots from here on get nothing new; 0 means none is retired
}

func openHash(g *grouped, _ Steer) (steering, error) { return &byHash{group: g}, nil }

func (h *byHash) add(int, int) error { return nil }

// retire has the kernel choose among the slots before this one, by a program
// that draws at random where the kernel's own hash would need to forget the
// socket, and with it the socket's queue.
func (h *byHash) retire(slot int) error {
	h.retired = slot
	return h.group.attachClassic(skfAdRandom, nil, slot)
}

// dropped gives the choice back to the hash when no other slot is retired.
func (h *byHash) dropped(slot int) error {
	if h.retired == 0 || slot > h.retired {
		return nil
	}
	h.retired = 0
	return h.takeOver()
}

// takeOver removes what another master may have attached.
func (h *byHash) takeOver() error {
	if h.retired > 0 {
		return h.retire(h.retired)
	}
	err := unix.SetsockoptInt(h.group.sockets[0].fd, unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// skfAdRandom loads a random number (SKF_AD_OFF + SKF_AD_RANDOM, linux/filter.h).
const skfAdRandom = 0xfffff000 + 56

// attachClassic has the kernel pick one of the first n sockets of the group by a
// number that it loads from a place in linux/filter.h, unless what is said first
// returns one. Sockets are bound in slot order and closed from the last, so a place in
// the group is a slot.
func (g *grouped) attachClassic(load uint32, first []unix.SockFilter, n int) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: load},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(n)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
	program = slices.Insert(program, 1, first...)
	return unix.SetsockoptSockFprog(g.sockets[0].fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}
