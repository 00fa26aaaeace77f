//go:build linux

package subject

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	"prefork/internal/kernel"
	"prefork/internal/scoreboard"
	"prefork/strategies/accept"
)

// sight is what has been found out about a prefork from outside.
type sight struct {
	mu      sync.Mutex
	scores  *scoreboard.Scores
	sockets []slotSocket // by slot
}

// slotSocket is where the workers of a slot take connections from. It is kept
// while the slot has no worker.
type slotSocket struct {
	pid   int // the last worker's
	inode uint32
}

// Scores are the scoreboard of a prefork. It is good after the master's death too,
// if it was asked for before.
func (s *Server) Scores() (*scoreboard.Scores, error) {
	s.sight.mu.Lock()
	defer s.sight.mu.Unlock()
	if s.sight.scores == nil {
		scores, err := scoreboard.Of(s.PID())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		s.sight.scores = &scores
	}
	return s.sight.scores, nil
}

// Queues is how many connections wait in each queue of a prefork, where the
// kernel keeps them:
//
//	shared     the one socket's
//	reuseport  each socket's
//	dispatch   the master's socket's, and then each slot's pair's: passed on, not taken
//
// It asks sock_diag(7), which any user may.
func (s *Server) Queues() ([]int, error) {
	listeners, err := s.listeners()
	if err != nil {
		return nil, err
	}
	inodes, err := s.inodes(listeners)
	if err != nil {
		return nil, err
	}
	if len(inodes) > 0 && !anyIn(listeners, inodes) {
		return dispatched(listeners, inodes)
	}
	return byWorker(listeners, inodes), nil
}

// byWorker is the depth of each slot's queue; one that several share is that of the first of
// them. A slot whose socket has gone, with a worker that had bound it itself, has nobody
// waiting; if it was the last one it has been given up.
func byWorker(listeners map[uint32]int, bySlot []uint32) (depths []int) {
	var inodes []uint32
	for _, inode := range bySlot {
		if inode == 0 || !slices.Contains(inodes, inode) {
			inodes = append(inodes, inode)
		}
	}
	for len(inodes) > 0 {
		if _, listens := listeners[inodes[len(inodes)-1]]; listens {
			break
		}
		inodes = inodes[:len(inodes)-1]
	}
	for _, inode := range inodes {
		depths = append(depths, listeners[inode])
	}
	return depths
}

// listeners are the accept queues at the server's address, by inode.
func (s *Server) listeners() (map[uint32]int, error) {
	_, text, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	listeners, err := kernel.Listeners(port)
	queues := make(map[uint32]int)
	for _, l := range listeners {
		queues[l.Inode] = l.Waiting
	}
	return queues, err
}

func anyIn(listeners map[uint32]int, inodes []uint32) bool {
	for _, inode := range inodes {
		if _, listens := listeners[inode]; listens {
			return true
		}
	}
	return false
}

// inodes are those of the sockets from which the workers take connections, by slot.
func (s *Server) inodes(listeners map[uint32]int) (inodes []uint32, err error) {
	scores, err := s.Scores()
	if err != nil {
		return nil, err
	}
	s.sight.mu.Lock()
	defer s.sight.mu.Unlock()
	for slot := 0; slot < scoreboard.MaxSlots && scores.Used(slot); slot++ {
		if slot == len(s.sight.sockets) {
			s.sight.sockets = append(s.sight.sockets, slotSocket{})
		}
		known := &s.sight.sockets[slot]
		if pid := scores.Ready(slot); pid != 0 && pid != known.pid {
			if inode := sourceOf(pid, listeners); inode != 0 {
				*known = slotSocket{pid, inode}
			}
		}
		inodes = append(inodes, known.inode)
	}
	return inodes, nil
}

// sourceOf is the socket from which a worker takes connections, 0 if there is no
// such worker: the listening one that it has bound itself, or what it has
// inherited.
func sourceOf(pid int, listeners map[uint32]int) (inherited uint32) {
	descriptors, _ := kernel.Descriptors(pid)
	for _, d := range descriptors { // what was inherited comes first
		inode, _ := d.Socket()
		if _, listens := listeners[inode]; listens {
			return inode
		}
		if d.FD == accept.InheritedFD {
			inherited = inode
		}
	}
	return inherited
}

func dispatched(listeners map[uint32]int, pairs []uint32) ([]int, error) {
	depths := []int{0}
	for _, depth := range listeners {
		depths[0] += depth
	}
	passed, err := kernel.UnixQueues(pairs) // a byte for each connection
	if err != nil {
		return nil, err
	}
	return append(depths, passed...), nil
}
