//go:build linux

// Package serve is the server's machine in a run whose clients are on others: it starts the
// servers, meters them while they are loaded, and makes rounds of that and of what the
// clients saw.
package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"prefork/bench"
	"prefork/bench/many"
	"prefork/bench/many/party"
	"prefork/bench/run"
	"prefork/internal/subject"
)

// host is the machine at work. All it does is done by one goroutine, whose thread is that
// with which the servers would end.
type host struct {
	many.ServeOptions
	party *party.Party
	ctx   context.Context
	todo  chan func()
	stand *run.Stand // nil while there is no server
}

// Run is the server's machine until ctx ends. Nothing is left running then.
func Run(ctx context.Context, o many.ServeOptions) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	subject.Binary = o.Prefork
	if err := subject.Adopt(); err != nil {
		return err
	}
	h := &host{ServeOptions: o, ctx: ctx, todo: make(chan func())}
	var err error
	if h.party, err = party.Join(o.Link, many.ServerService, o.Say, h.release); err != nil {
		return err
	}
	defer func() {
		go h.party.Leave() // which has a release, for us to do
		h.serveOn(h.party.Left())
		h.close()
	}()
	for matter, do := range map[string]func([]byte) (any, error){
		many.Serve: h.serve, many.Watch: h.watch, many.Account: h.account, many.Leave: h.leave,
	} {
		if err := h.party.Answer(matter, func(data []byte) (any, error) { return h.by(data, do) }); err != nil {
			return err
		}
	}
	o.Say(fmt.Sprintf("serve-agent %s is there, and has servers listen on %s", o.Name, o.Host))
	h.serveOn(ctx.Done())
	return nil
}

// serveOn does what there is to do until a channel is closed.
func (h *host) serveOn(end <-chan struct{}) {
	for {
		select {
		case do := <-h.todo:
			do()
		case <-end:
			return
		}
	}
}

// by has the one goroutine do something, for the run that it is asked by.
func (h *host) by(data []byte, do func([]byte) (any, error)) (body any, err error) {
	var who many.Claim
	if err := json.Unmarshal(data, &who); err != nil {
		return nil, fmt.Errorf("what cannot be read: %w", err)
	}
	if err := h.party.For(who.Run); err != nil {
		return nil, err
	}
	h.now(func() { body, err = do(data) })
	return body, err
}

// now has the one goroutine do something, and waits for it.
func (h *host) now(do func()) {
	done := make(chan struct{})
	select {
	case h.todo <- func() { defer close(done); do() }:
		<-done
	case <-h.party.Left():
	}
}

// release ends what a run has left.
func (h *host) release(string) { h.now(h.close) }

func (h *host) close() {
	if h.stand != nil {
		h.stand.Close()
		h.stand = nil
	}
}

// errCommands says that programs are not for a coordinator to name.
var errCommands = errors.New("this serve-agent runs prefork's own servers only: start it with --commands to have it run programs, and flags of serve, that a coordinator names")

// serve starts a server.
func (h *host) serve(data []byte) (any, error) {
	var s many.Setup
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("a setup that cannot be read: %w", err)
	}
	if (s.Arm.Command != "" || len(s.Arm.Flags) > 0) && !h.Commands {
		return nil, errCommands
	}
	h.close()
	s.Plan.Seed = s.Seed
	task, err := bench.ServerTask(s.Plan, h.Host, s.Peaceful)
	if err != nil {
		return nil, err
	}
	starting, stop := context.WithTimeout(h.ctx, startTime)
	defer stop()
	stand, err := task.Stand(starting, run.Part{Arm: s.Arm, Phase: s.Phase, Load: s.Load, Round: s.Round})
	if err != nil {
		return nil, err
	}
	h.stand = stand
	return many.Served{Address: stand.Address()}, nil
}

const startTime = 20 * time.Second

var errNoServer = errors.New("there is no server")

// watch is told when to meter.
func (h *host) watch(data []byte) (any, error) {
	var w many.Window
	if err := json.Unmarshal(data, &w); err != nil {
		return nil, fmt.Errorf("a window that cannot be read: %w", err)
	}
	if h.stand == nil {
		return nil, errNoServer
	}
	if w.To < w.From || w.To-w.From > many.MostTime {
		return nil, fmt.Errorf("a window of %s: %s at most", w.To-w.From, many.MostTime)
	}
	h.stand.Watch(h.ctx, w.From, w.To)
	return nil, nil
}

// account makes a round.
func (h *host) account(data []byte) (any, error) {
	var a many.Accounting
	if err := json.Unmarshal(data, &a); err != nil || a.Result == nil {
		return nil, fmt.Errorf("an accounting that cannot be read: %w", err)
	}
	if h.stand == nil {
		return nil, errNoServer
	}
	return h.stand.Account(a.Order, a.Result, a.Beside)
}

// leave ends the server.
func (h *host) leave([]byte) (any, error) {
	h.close()
	return nil, nil
}
