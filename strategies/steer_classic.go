//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// classic has a program of classic BPF pick, which anybody may attach. It returns the
// place of a socket in the kernel's group, which is its slot, and knows nothing of
// workers: so there is another program for every set of slots that have one.
type classic struct {
	filter    func(active []bool) ([]unix.SockFilter, error) // nil leaves the choice to the kernel's hash
	listeners *Listeners
	active    []bool // by slot
}

func openClassic(c Config, l *Listeners, filter func([]bool) ([]unix.SockFilter, error)) (steering, error) {
	k := &classic{filter, l, make([]bool, len(l.sockets))}
	if c.State != nil {
		for slot := range k.active {
			k.active[slot] = !slices.Contains(c.State.Suspended, slot)
		}
	}
	return k, k.attach()
}

// attach also takes the place of a program that the image of this process before this
// one has attached.
func (k *classic) attach() error {
	program, err := k.filter(k.active)
	if err != nil {
		return err
	}
	fd := k.listeners.sockets[0].fd
	if len(program) == 0 {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0)
		if errors.Is(err, unix.ENOENT) {
			err = nil // there was none
		}
	} else {
		err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
			&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	}
	if err != nil {
		return fmt.Errorf("have the kernel pick among the slots that have a worker: %w", err)
	}
	return nil
}

// add has the kernel pick among the others before the new socket joins them.
func (k *classic) add(open func() (int, error)) error {
	k.active = append(k.active, false)
	err := k.attach()
	if err == nil {
		_, err = open()
	}
	if err != nil {
		k.active = k.active[:len(k.active)-1]
	}
	return err
}

func (k *classic) set(slot int, ready bool) error {
	if k.active[slot] == ready {
		return nil
	}
	k.active[slot] = ready
	return k.attach()
}

func (k *classic) drop(slot int, close func() error) error {
	err := close()
	k.active = k.active[:slot]
	if slot == 0 {
		return err
	}
	return errors.Join(err, k.attach())
}

func (k *classic) note(s *State) {
	for slot, active := range k.active {
		if !active {
			s.Suspended = append(s.Suspended, slot)
		}
	}
}

// Where a classic program loads what it is told of from (linux/filter.h).
const (
	loadCPU    = 0xfffff000 + 36 // SKF_AD_OFF + SKF_AD_CPU
	loadRandom = 0xfffff000 + 56 // SKF_AD_OFF + SKF_AD_RANDOM
)

// draw ends a program: one of the active slots, at random.
func draw(active []bool) []unix.SockFilter {
	return append([]unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: loadRandom}}, nth(active)...)
}

// nth ends a program that has loaded a number: the active slot in that place, counted
// around. Slots without a gap between them differ from their places by the same.
func nth(active []bool) (program []unix.SockFilter) {
	type run struct{ place, shift uint32 }
	var runs []run
	count := uint32(0)
	for slot, is := range active {
		if !is {
			continue
		}
		if shift := uint32(slot) - count; len(runs) == 0 || runs[len(runs)-1].shift != shift {
			runs = append(runs, run{count, shift})
		}
		count++
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: count})
	for _, r := range slices.Backward(runs) {
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: r.place, Jt: 0, Jf: 2},
			unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_ADD | unix.BPF_K, K: r.shift},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_A})
	}
	// No number is below the first run's place, 0; the kernel wants an end all the same.
	return append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K})
}
