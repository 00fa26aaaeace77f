//go:build linux

package sys

import (
	"sync"

	"golang.org/x/sys/unix"
)

// ReserveThreads has the Go runtime own at least n threads, which it then never gives
// back. It makes a new one when goroutines block in system calls, and where it cannot,
// for a limit on processes, it ends the program ("failed to create new OS thread"). A
// program that has its threads already goes on. It takes a while, and is to be called on
// a goroutine of its own.
func ReserveThreads(n int) error {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer unix.Close(ends[0])
	var waiting, done sync.WaitGroup
	waiting.Add(n)
	for range n {
		done.Go(func() {
			waiting.Done()
			_, _ = unix.Read(ends[0], make([]byte, 1)) // takes a thread, until all are there
		})
	}
	waiting.Wait()
	err := unix.Close(ends[1])
	done.Wait()
	return err
}
