//go:build linux

// Kept holds prefork against other servers where clients keep their connections open,
// by wrk and by prefork load, which must agree on who is ahead. Every server is measured
// once a round, one after the other, so that what the machine does besides falls on all.
// Then it looks at what connections cost that say nothing.
//
//	go run ./bench/kept -prefork ./prefork
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"

	"prefork/internal/subject"
)

type plan struct {
	prefork string
	only    string
	clients []int
	workers int
	seconds int
	rounds  int
	idle    int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	runtime.LockOSThread() // servers end with the thread that has started them
	if err := kept(ctx, os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "kept:", err)
		os.Exit(1)
	}
}

func kept(ctx context.Context, out io.Writer, args []string) error {
	p, err := parse(args)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("wrk"); err != nil {
		return fmt.Errorf("needs wrk (apt-get install wrk): %w", err)
	}
	if err := subject.Adopt(); err != nil {
		return err
	}
	fmt.Fprintf(out, "HTTP on kept connections, %d workers, rounds of %d s: %d, every server once in each;\n"+
		"×: against nginx with one socket for all, or for reuseport with one for each worker: the\n"+
		"median of the rounds' ratios, then least and most;\n"+
		"CPU: processor time of all processes of the server for a request\n", p.workers, p.seconds, p.rounds)
	for _, clients := range p.clients {
		if err := p.compare(ctx, out, clients); err != nil {
			return err
		}
	}
	return p.besideIdle(ctx, out)
}

func parse(args []string) (plan, error) {
	var p plan
	var clients string
	flags := flag.NewFlagSet("kept", flag.ContinueOnError)
	flags.StringVar(&p.prefork, "prefork", "./prefork", "the `binary` to measure")
	flags.StringVar(&p.only, "only", "", "only servers whose name contains `TEXT`, besides nginx")
	flags.StringVar(&clients, "clients", "64,1000", "numbers of closed-loop clients; none with an empty one")
	flags.IntVar(&p.workers, "workers", 4, "workers of each server")
	flags.IntVar(&p.seconds, "seconds", 2, "length of a round")
	flags.IntVar(&p.rounds, "rounds", 5, "rounds")
	flags.IntVar(&p.idle, "idle", 10000, "connections that say nothing, beside 1,000 requests a second; 0 for none")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if p.workers < 1 || p.seconds < 1 || p.rounds < 1 || p.idle < 0 {
		return p, errors.New("-workers, -seconds and -rounds must be 1 or more, -idle 0 or more")
	}
	for field := range strings.FieldsFuncSeq(clients, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return p, fmt.Errorf("-clients %q: want numbers such as 64,1000", clients)
		}
		p.clients = append(p.clients, n)
	}
	return p, nil
}
