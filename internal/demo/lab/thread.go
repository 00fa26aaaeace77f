//go:build linux

package lab

import "runtime"

// thread runs functions on one locked thread, which lives until end: the kernel
// ends a child with the thread that has started it.
type thread struct {
	jobs chan func()
	over chan struct{}
}

func newThread() *thread {
	t := &thread{jobs: make(chan func()), over: make(chan struct{})}
	go func() {
		defer close(t.over)
		runtime.LockOSThread() // for good
		for job := range t.jobs {
			job()
		}
	}()
	return t
}

// do runs f and waits for it.
func (t *thread) do(f func()) {
	done := make(chan struct{})
	t.jobs <- func() { defer close(done); f() }
	<-done
}

// end lets the thread end. do must not be called any more.
func (t *thread) end() {
	close(t.jobs)
	<-t.over
}
