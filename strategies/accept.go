//go:build linux

package strategies

// Mode is one way for a worker to wait on a listening socket.
type Mode struct {
	Name     string
	Sentence string
	// Nonblock is whether the mode needs O_NONBLOCK on the socket. The flag
	// belongs to the description that every worker shares, so one socket has
	// one mode: a single worker that set it would make the others' accepts fail.
	Nonblock bool

	open func(fd int, hot bool) (Source, error)
}

// Modes are all there are; the first is the default.
var Modes = []Mode{
	{
		Name:     "blocking",
		Sentence: "accept blocks; the kernel wakes whoever has waited longest, so connections are dealt in turn",
		open:     openBlocking,
	},
	{
		Name:     "exclusive",
		Sentence: "epoll with EPOLLEXCLUSIVE; one is woken, always the first one that is free, so work piles up on few",
		Nonblock: true,
		open:     openExclusive,
	},
	{
		Name:     "rotate",
		Sentence: "as exclusive, but a worker goes to the end of the line after each accept, so connections are dealt in turn",
		Nonblock: true,
		open:     openRotate,
	},
	{
		Name:     "epoll",
		Sentence: "level-triggered epoll; a connection wakes every idle worker and one of them gets it",
		Nonblock: true,
		open:     openEpoll,
	},
	{
		Name:     "netpoll",
		Sentence: "what a Go program does by default; a connection wakes every idle worker's runtime",
		Nonblock: true,
		open:     openNetpoll,
	},
}
