//go:build linux

package strategies

import (
	"slices"

	"golang.org/x/sys/unix"

	"prefork/internal/sys"
)

// byCPU picks by the number of the processor that handles the connection's first
// packet: with one queue of the network card for each, that is where its data
// will be. Over loopback it is the client's. Queue i, and with it worker i, gets what comes
// in on the ith processor of those that may be used, for there --pin puts that worker.
func byCPU(among []bool) ([]unix.SockFilter, error) {
	cpus, err := sys.Processors()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(among, true) {
		among = slices.Repeat([]bool{true}, len(among))
	}
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: loadCPU}}
	all := !slices.Contains(among, false)
	for rank, cpu := range cpus {
		// Where worker i's is processor i, nothing needs to be said.
		if queue := rank % len(among); among[queue] && !(all && cpu == rank) && len(program) < roomForCPUs {
			program = append(program,
				unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(cpu), Jt: 0, Jf: 1},
				unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(queue)})
		}
	}
	if all {
		return append(program, nth(among)...), nil
	}
	// What comes in where a worker would be that there is not is anybody's.
	return append(program, draw(among)...), nil
}

// roomForCPUs is what draw leaves of BPF_MAXINSNS, 4096, at worst: with every other one of
// 1024 sockets left out.
const roomForCPUs = 4096 - 3*512 - 3
