//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"text/tabwriter"

	"prefork/internal/subject"
)

// busyRate is how many requests a second there are beside the idle connections.
const busyRate = 1000

// besideIdle measures how long requests take, without and with many connections that have
// had an answer and say nothing more.
func (p plan) besideIdle(ctx context.Context, out io.Writer) error {
	if p.idle == 0 {
		return nil
	}
	fmt.Fprintf(out, "\n%d requests a second, without and with %d idle connections beside them;\n"+
		"memory: of all processes of the server, with what they share counted once (Pss)\n", busyRate, p.idle)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "server\tp99 µs without\twith\t×\tleast–most\tMB without\twith\t")
	for _, s := range p.chosen() {
		if !slices.Contains([]string{"nginx/shared", "prefork/shared", "prefork/reuseport"}, s.name) {
			continue
		}
		if err := p.idleRow(ctx, table, s); err != nil {
			return err
		}
	}
	return table.Flush()
}

// calm is a look at a server.
type calm struct{ p99, megabytes float64 }

func (p plan) idleRow(ctx context.Context, out io.Writer, s server) error {
	var without, with, ratios, before, after []float64
	for range p.rounds {
		a, b, err := p.idleRound(ctx, s)
		if err != nil {
			return err
		}
		without, with, ratios = append(without, a.p99), append(with, b.p99), append(ratios, b.p99/a.p99)
		before, after = append(before, a.megabytes), append(after, b.megabytes)
	}
	_, err := fmt.Fprintf(out, "%s\t%.0f\t%.0f\t%.2f\t%.2f–%.2f\t%.0f\t%.0f\t\n", s.name,
		median(without), median(with), median(ratios), slices.Min(ratios), slices.Max(ratios), median(before), median(after))
	return err
}

// idleRound looks at one server twice.
func (p plan) idleRound(ctx context.Context, s server) (without, with calm, err error) {
	running, err := p.start(ctx, s)
	if err != nil {
		return without, with, err
	}
	defer running.Stop()
	if without, err = p.look(ctx, running); err != nil {
		return without, with, err
	}
	conns, err := hold(running.Address, p.idle)
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	if err == nil {
		with, err = p.look(ctx, running)
	}
	return without, with, err
}

func (p plan) look(ctx context.Context, s *subject.Server) (c calm, err error) {
	r, err := p.load(ctx, "http://"+s.Address+"/", "--rate", strconv.Itoa(busyRate), "--length", fmt.Sprint(p.seconds, "s"))
	if err != nil {
		return c, fmt.Errorf("%s: %w", s.Name, err)
	}
	c.p99 = r.Latency.P99
	for _, pid := range s.Processes() {
		kilobytes, err := pss(pid)
		if err != nil {
			return c, err
		}
		c.megabytes += kilobytes / 1024
	}
	return c, nil
}

var pssLine = regexp.MustCompile(`(?m)^Pss:\s+(\d+) kB$`)

// pss is a process's share of the memory that it uses, in kilobytes.
func pss(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	m := pssLine.FindSubmatch(text)
	if m == nil {
		return 0, errors.New("this kernel does not tell how much memory a process has")
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// hold opens connections that have an answer each. The caller closes them, also after an
// error.
func hold(address string, n int) (conns []net.Conn, err error) {
	for range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return conns, err
		}
		conns = append(conns, conn)
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return conns, err
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return conns, err
		}
		_ = response.Body.Close()
	}
	return conns, nil
}
