//go:build linux

package cli

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/signal"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/bench/many"
)

const (
	agentSentence = "be a load generator for a prefork bench that runs elsewhere"
	serveSentence = "start and meter the servers of a prefork bench that runs elsewhere"
)

// benchSubcommands are what other machines run.
func benchSubcommands() []*cli.Command {
	return []*cli.Command{
		{
			Name: "agent", Usage: agentSentence, UsageText: "prefork bench agent [flags]",
			Flags: append(linkFlags(), nameFlag, &cli.StringSliceFlag{
				Name: "allow", Category: catMany, DefaultText: "loopback and private ranges",
				Usage: "load addresses in `CIDR` and no others, whoever asks for it; repeatable",
			}),
			Action: runAgent, OnUsageError: plainly, HideHelpCommand: true,
		},
		{
			Name: "serve-agent", Usage: serveSentence, UsageText: "prefork bench serve-agent [flags]",
			Flags: append(linkFlags(), nameFlag,
				&cli.StringFlag{Name: "host", Category: catMany, Value: "127.0.0.1", Usage: "servers listen on `ADDRESS`, which the agents must reach"},
				&cli.BoolFlag{Name: "commands", Category: catMany, Usage: "run programs that the coordinator names (--peer and --cmd); without it, only prefork's own servers"},
			),
			Action: runServeAgent, OnUsageError: plainly, HideHelpCommand: true,
		},
	}
}

var nameFlag = &cli.StringFlag{Name: "name", Category: catMany, DefaultText: "the host's", Usage: "be called `NAME` in results"}

func runAgent(c *cli.Context) error {
	o := many.AgentOptions{Link: link(c), Allow: many.Private(), Say: saying(c.App.ErrWriter)}
	if err := party(c, &o.Link); err != nil {
		return err
	}
	if texts := c.StringSlice("allow"); len(texts) > 0 {
		o.Allow = nil
		for _, text := range texts {
			prefix, err := parseCIDR(text)
			if err != nil {
				return usage(err)
			}
			o.Allow = append(o.Allow, prefix)
		}
	}
	if err := needMany(); err != nil {
		return err
	}
	return untilStopped(c, func(ctx context.Context) error { return linked.Agent(ctx, o) })
}

func runServeAgent(c *cli.Context) error {
	o := many.ServeOptions{Link: link(c), Host: c.String("host"), Commands: c.Bool("commands"), Say: saying(c.App.ErrWriter)}
	if err := party(c, &o.Link); err != nil {
		return err
	}
	if err := ownAddress(o.Host); err != nil {
		return usage(err)
	}
	if err := needMany(); err != nil {
		return err
	}
	return untilStopped(c, func(ctx context.Context) error { return linked.Serve(ctx, o) })
}

// party checks what an agent of either kind is told, and names it.
func party(c *cli.Context, l *many.Link) (err error) {
	if c.Args().Present() {
		return stray("bench "+c.Command.Name, c.Args().First())
	}
	if l.URL == "" {
		return usage(errNoNATS)
	}
	l.Name, err = partyName(c)
	return err
}

// untilStopped does something until a signal comes.
func untilStopped(c *cli.Context, do func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(c.Context, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	return do(ctx)
}

// parseCIDR reads 10.0.0.0/8, or one address.
func parseCIDR(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return prefix, fmt.Errorf("--allow %s: want addresses such as 10.0.0.0/8 or 192.0.2.7", text)
	case prefix.Masked() != prefix:
		return prefix, fmt.Errorf("--allow %s: did you mean %s?", text, prefix.Masked())
	}
	return prefix, nil
}

// ownAddress is an error for what servers cannot listen on here.
func ownAddress(host string) error {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("--host %s: want an IP address of this machine, such as 10.0.0.5", host)
	}
	if address.IsUnspecified() {
		return fmt.Errorf("--host %s: agents have to be told one address: want one of %s", host, strings.Join(ownAddresses(), ", "))
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return fmt.Errorf("--host %s: this machine has %s", host, strings.Join(ownAddresses(), ", "))
	}
	return l.Close()
}

// ownAddresses are those that this machine has.
func ownAddresses() (all []string) {
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, prefix.Addr().String())
		}
	}
	return all
}
