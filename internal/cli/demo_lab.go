//go:build linux

package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/internal/demo/lab"
)

// labFlags are those of the lab in the browser.
func labFlags() []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{
			Name: "web", Category: inBrowser, Value: &labAddress{}, DefaultText: lab.DefaultAddress,
			Usage: "open the lab for a browser, at `ADDR`",
		},
		&cli.StringFlag{Name: "record", Category: inBrowser, TakesFile: true, Usage: "with --web: write what the page shows to `FILE`, to be played again"},
	}
}

// labAddress is a flag that may have a value: --web, --web=ADDR. What follows it
// after a space is an argument; see runLab.
type labAddress struct{ address string }

// Set is called with "true" if there is no value.
func (a *labAddress) Set(value string) error {
	if value != "true" {
		a.address = value
	}
	return nil
}

// String is for the flag's default.
func (a *labAddress) String() string { return a.address }

// IsBoolFlag lets the flag do without a value.
func (a *labAddress) IsBoolFlag() bool { return true }

// runLab serves the lab until it is told to stop.
func runLab(c *cli.Context) error {
	address, given, err := labWhere(c)
	if err != nil {
		return usage(err)
	}
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	listener, err := lab.Listen(address, given)
	if err != nil {
		if errors.Is(err, unix.EADDRINUSE) {
			err = fmt.Errorf("%w; leave the address out to get one that is free", err)
		}
		return fmt.Errorf("the lab's address: %w", err)
	}
	if at := listener.Addr().String(); !given && at != address {
		fmt.Fprintf(c.App.Writer, "%s is taken, so it is the next that is free\n", address)
	}
	tape, err := openTape(c)
	if err != nil {
		_ = listener.Close()
		return err
	}
	err = lab.Serve(ctx, listener, tape.recorder, func() {
		fmt.Fprintf(c.App.Writer, "prefork lab · http://%s/\nstop  Ctrl-C\n", listener.Addr())
	})
	return errors.Join(err, tape.close(c.App.Writer))
}

// labWhere is the address, and whether it was given.
func labWhere(c *cli.Context) (address string, given bool, err error) {
	if flag, ok := c.Generic("web").(*labAddress); ok && flag.address != "" {
		address = flag.address
	}
	switch args := c.Args().Slice(); {
	case len(args) > 1 && strings.HasPrefix(args[1], "-"):
		return "", false, fmt.Errorf("flags go before the address: prefork demo %s … --web %s", args[1], args[0])
	case len(args) > 1 || len(args) == 1 && address != "":
		return "", false, fmt.Errorf("--web takes one address, and %q is another", args[len(args)-1])
	case len(args) == 1:
		address = args[0]
	}
	if address == "" {
		return lab.DefaultAddress, false, nil
	}
	return address, true, nil
}
