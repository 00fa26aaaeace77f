//go:build linux

package supervisor

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// children is the ear for the end of a child. Which one it was is for the hands to
// see: they alone reap, so that no signal ever goes to a number that is somebody
// else's by now.
type children struct {
	ended chan os.Signal
	quit  chan struct{}
	done  chan struct{}
}

func (c *children) start(report func(Event)) error {
	c.ended, c.quit, c.done = make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(c.ended, unix.SIGCHLD)
	go func() {
		defer close(c.done)
		for {
			select {
			case <-c.ended:
				report(ChildEnded{})
			case <-c.quit:
				return
			}
		}
	}()
	return nil
}

func (c *children) stop() {
	signal.Stop(c.ended)
	close(c.quit)
	<-c.done
}
