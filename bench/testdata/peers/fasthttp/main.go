//go:build linux

// Command fasthttp serves with fasthttp's own prefork.
//
//	fasthttp HOST PORT WORKERS shared|reuseport
package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"syscall"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/prefork"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fasthttp: ")
	if len(os.Args) != 5 {
		log.Fatal("fasthttp HOST PORT WORKERS shared|reuseport")
	}
	host, port, variant := os.Args[1], os.Args[2], os.Args[4]
	workers, err := strconv.Atoi(os.Args[3])
	if err != nil || workers < 1 {
		log.Fatalf("%q is no number of workers", os.Args[3])
	}
	if variant != "shared" && variant != "reuseport" {
		log.Fatalf("no variant %q", variant)
	}

	hello := fmt.Appendf(nil, "Hello from %d\n", os.Getpid())
	p := prefork.New(&fasthttp.Server{
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("text/plain")
			ctx.SetBody(hello)
		},
	})
	p.Reuseport = variant == "reuseport"
	p.OnMasterDeath = func() { os.Exit(1) }
	if !prefork.IsChild() {
		runtime.GOMAXPROCS(workers) // how many workers it starts; each of them sets its own to 1
		p.Logger = silent{}
		family := new(family)
		p.CommandProducer = family.start
		go family.endOnTerm()
	}
	if err := p.ListenAndServe(net.JoinHostPort(host, port)); !errors.Is(err, errStopping) {
		log.Fatal(err)
	}
}

var errStopping = errors.New("stopping")

// family makes up for what the package lacks: told to stop, its master would
// leave the workers behind. Once the first of them has ended, its next one is
// refused, upon which the package ends and waits for the others.
type family struct {
	mu       sync.Mutex
	workers  []*os.Process
	stopping bool
}

// start starts a worker as the package would.
func (f *family) start(files []*os.File) (*exec.Cmd, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopping {
		return nil, errStopping
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "FASTHTTP_PREFORK_CHILD=1")
	cmd.ExtraFiles = files
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	f.workers = append(f.workers, cmd.Process)
	return cmd, nil
}

func (f *family) endOnTerm() {
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	<-term
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopping = true
	for _, worker := range f.workers {
		_ = worker.Signal(syscall.SIGTERM) // one that has ended already says so
	}
}

type silent struct{}

func (silent) Printf(string, ...any) {}
