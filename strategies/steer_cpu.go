//go:build linux

package strategies

import (
	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// byCPU picks by the number of the processor that handles the connection's first
// packet: with one queue of the network card for each, that is where its data
// will be. Over loopback it is the client's.
type byCPU struct {
	group *grouped
	slots int // in service
}

func openCPU(g *grouped, _ Steer) (steering, error) { return &byCPU{group: g}, nil }

func (c *byCPU) add(slot, _ int) error { return c.among(slot + 1) }
func (c *byCPU) retire(slot int) error { return c.among(slot) }
func (c *byCPU) dropped(int) error     { return nil }
func (c *byCPU) takeOver() error       { return c.among(c.slots) }

func (c *byCPU) among(slots int) error {
	c.slots = slots
	cpus, err := sys.Processors()
	if err != nil {
		return err
	}
	return c.group.attachClassic(skfAdCPU, ranks(cpus, slots), slots)
}

// ranks has worker i get what comes in on the ith processor of those that may be used,
// for there --pin puts it. Where that is processor i, nothing needs to be said.
func ranks(cpus []int, slots int) (program []unix.SockFilter) {
	const room = 4096 - 8 // BPF_MAXINSNS
	for rank, cpu := range cpus {
		if cpu != rank && len(program) < room {
			program = append(program,
				unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(cpu), Jt: 0, Jf: 1},
				unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(rank % slots)})
		}
	}
	return program
}

// skfAdCPU loads the number of the processor (SKF_AD_OFF + SKF_AD_CPU,
// linux/filter.h).
const skfAdCPU = 0xfffff000 + 36
