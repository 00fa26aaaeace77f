//go:build linux

package accept

// openMultishot asks once for all connections that will come. The request's entry
// stays where it is among the socket's waiters, and the kernel wakes the first that is
// there for one, whether or not its process has seen to what it was woken for last
// (io_poll_wake in io_uring/poll.c; __wake_up_common). So the first worker to ask gets
// everything, as with EPOLLEXCLUSIVE; but there a worker that is busy does not wait,
// and the next one is woken. Here a worker that is busy, or even stopped, still is
// the first.
func openMultishot(fd int, hot bool) (taker, error) { return newUring(fd, hot, true) }

func pollMultishot(fds []int) (watched, error) { return newUring(fds[0], false, true) }
