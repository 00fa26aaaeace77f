//go:build linux

package strategies

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// classic has a program of classic BPF pick, which anybody may attach. It returns the
// place of a socket in the kernel's group, and knows nothing of workers: so there is
// another program for every set of sockets that are to be picked.
type classic struct {
	filter   func(among []bool) ([]unix.SockFilter, error) // nil leaves the choice to the kernel's hash
	listener *listener
	among    []bool // by socket
}

func openClassic(l *listener, filter func([]bool) ([]unix.SockFilter, error), among []bool) (steering, error) {
	k := &classic{filter, l, among}
	return k, k.attach()
}

// attach also takes the place of a program that the image of this process before this
// one has attached.
func (k *classic) attach() error {
	program, err := k.filter(k.among)
	if err != nil {
		return err
	}
	fd := k.listener.sockets[0].fd
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
		return fmt.Errorf("have the kernel pick among the sockets that have a worker: %w", err)
	}
	return nil
}

// add has the kernel pick among the others before the new socket joins them.
func (k *classic) add(open func() (int, error)) error {
	k.among = append(k.among, false)
	err := k.attach()
	if err == nil {
		_, err = open()
	}
	if err != nil {
		k.among = k.among[:len(k.among)-1]
	}
	return err
}

func (k *classic) pick(among []bool) error {
	if slices.Equal(k.among, among) {
		return nil
	}
	k.among = among
	return k.attach()
}

func (k *classic) drop(queue int, close func() error) error {
	err := close()
	k.among = k.among[:min(queue, len(k.among))]
	if queue == 0 {
		return err
	}
	return errors.Join(err, k.attach())
}

// Where a classic program loads what it is told of from (linux/filter.h).
const (
	loadCPU    = 0xfffff000 + 36 // SKF_AD_OFF + SKF_AD_CPU
	loadRandom = 0xfffff000 + 56 // SKF_AD_OFF + SKF_AD_RANDOM
)

// draw ends a program: one of the sockets that are to be picked, at random.
func draw(among []bool) []unix.SockFilter {
	return append([]unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: loadRandom}}, nth(among)...)
}

// nth ends a program that has loaded a number: the socket in that place among those that
// are to be picked, counted around. Those without a gap between them differ from their
// places by the same.
func nth(among []bool) (program []unix.SockFilter) {
	type run struct{ place, shift uint32 }
	var runs []run
	count := uint32(0)
	for queue, is := range among {
		if !is {
			continue
		}
		if shift := uint32(queue) - count; len(runs) == 0 || runs[len(runs)-1].shift != shift {
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
