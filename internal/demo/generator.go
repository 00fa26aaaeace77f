//go:build linux

package demo

import (
	"context"
	"sync"

	"prefork/bench/load"
)

// generator is a load generator at work, in a process of its own.
type generator struct {
	measuring, measured <-chan struct{} // closed when that begins and ends, or will not any more
	result              func() (*load.Result, error)
}

// load has an order carried out. result waits for its end, and must be called.
func (s *Stage) load(o load.Order) generator {
	measuring, measured, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	begin, end := sync.OnceFunc(func() { close(measuring) }), sync.OnceFunc(func() { close(measured) })
	var result *load.Result
	var err error
	go func() {
		defer close(over)
		defer end()
		defer begin()
		result, err = load.Start(s.ctx, o, func(m load.Mark) {
			if m == load.Measuring {
				begin()
			} else {
				end()
			}
		})
	}()
	return generator{measuring, measured, func() (*load.Result, error) {
		<-over
		if s.ctx.Err() != nil {
			return nil, context.Cause(s.ctx)
		}
		return result, err
	}}
}
