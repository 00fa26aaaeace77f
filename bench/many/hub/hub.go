//go:build linux

// Package hub is NATS and agents for one machine, started for a run and ended with it: the
// first try of a load from many, and the way to test one.
package hub

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/sys/unix"

	"prefork/bench/many"
)

// mostPayload is the largest message; a result with a long timeline has a megabyte or two.
const mostPayload = 8 << 20

// Broker is a NATS in this process. Nobody gets in without the secret in its URL.
type Broker struct {
	URL    string
	server *server.Server
}

// StartBroker starts one on an address of this machine, a free port if port is -1.
func StartBroker(host string, port int, secret string) (*Broker, error) {
	s, err := server.NewServer(&server.Options{
		Host: host, Port: port, Authorization: secret, MaxPayload: mostPayload, MaxPending: 8 * mostPayload,
		NoLog: true, NoSigs: true, ServerName: "prefork",
	})
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(readyTime) {
		s.Shutdown()
		return nil, fmt.Errorf("embedded NATS does not listen on %s within %s", host, readyTime)
	}
	return &Broker{URL: fmt.Sprintf("nats://%s@%s", secret, s.Addr()), server: s}, nil
}

const readyTime = 10 * time.Second

// Stop ends it, and waits for that.
func (b *Broker) Stop() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// EnvURL is the flag --nats in the environment: the secret is not for the list of processes.
const EnvURL = "PREFORK_NATS"

// Start starts a broker and the agents of a run. stop ends them all, and waits for that.
func Start(ctx context.Context, o many.HubOptions) (url string, stop func(), err error) {
	broker, err := StartBroker("127.0.0.1", server.RANDOM_PORT, rand.Text())
	if err != nil {
		return "", nil, err
	}
	children := &children{self: o.Self, url: broker.URL, ended: make(chan struct{}), end: make(chan struct{})}
	for i := range o.Agents {
		children.lines = append(children.lines, append([]string{"bench", "agent", "--name", fmt.Sprintf("local-%d", i+1)}, linked(o.Link)...))
	}
	if o.Server {
		children.lines = append(children.lines, append([]string{"bench", "serve-agent", "--name", "local", "--commands"}, linked(o.Link)...))
	}
	begun := make(chan error)
	go children.run(begun)
	stop = func() {
		close(children.end)
		<-children.ended
		broker.Stop()
	}
	if err := <-begun; err != nil {
		stop()
		return "", nil, err
	}
	return broker.URL, stop, nil
}

// linked are the flags by which children find us.
func linked(l many.Link) []string { return []string{"--nats-prefix", l.Prefix} }

// children are the agents, which end with us however we end.
type children struct {
	self  string
	url   string
	lines [][]string
	end   chan struct{} // closed when they are to end
	ended chan struct{} // closed when they have
}

// run starts all, and ends them when they are to end. The kernel takes the end of the
// thread that started a child for its parent's, so one goroutine does both.
func (c *children) run(begun chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(c.ended)
	var all []*exec.Cmd
	var err error
	for _, line := range c.lines {
		cmd := exec.Command(c.self, line...)
		cmd.Args[0] = "prefork-many"
		cmd.Env = append(os.Environ(), EnvURL+"="+c.url)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL}
		if err = cmd.Start(); err != nil {
			err = fmt.Errorf("%s: %w", strings.Join(line, " "), err)
			break
		}
		all = append(all, cmd)
	}
	begun <- err
	<-c.end
	var ended sync.WaitGroup
	for _, cmd := range all {
		_ = cmd.Process.Signal(unix.SIGTERM)
		ended.Go(func() {
			kill := time.AfterFunc(endTime, func() { _ = cmd.Process.Kill() })
			defer kill.Stop()
			_ = cmd.Wait()
		})
	}
	ended.Wait()
}

// endTime is how long an agent may take to end its generator and itself.
const endTime = 8 * time.Second
