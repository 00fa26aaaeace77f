//go:build linux

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/bench/many"
)

// Many is what prefork-many can besides, by packages that prefork itself does without: what
// they bring along would cost every worker at its start.
type Many struct {
	Agent   func(context.Context, many.AgentOptions) error
	Serve   func(context.Context, many.ServeOptions) error
	Connect func(context.Context, many.DriveOptions) (many.Parties, error)
	// Local starts NATS and agents on this machine.
	Local func(context.Context, many.HubOptions) (url string, stop func(), err error)
}

// linked is nil in prefork itself.
var linked *Many

// RunMany is Run with what prefork-many can besides.
func RunMany(ctx context.Context, args []string, out, errOut io.Writer, m *Many) int {
	linked = m
	return Run(ctx, args, out, errOut)
}

// manyBinary is the program that has it linked in.
const manyBinary = "prefork-many"

// Names in the environment.
const (
	envNATS = "PREFORK_NATS" // --nats, where its secret is not for the list of processes
	// envBeside has prefork tell prefork-many where it is, and of which version.
	envBeside        = "PREFORK_BESIDE"
	envBesideVersion = "PREFORK_BESIDE_VERSION"
)

// needMany has prefork-many do the whole command, if this is not it: then it does not
// return unless that cannot be.
func needMany() error {
	if linked != nil {
		return besideFits()
	}
	own, err := os.Executable()
	if err != nil {
		return err
	}
	binary, err := beside(own, manyBinary)
	if err != nil {
		return coded{exitFailed, fmt.Errorf("this needs %s, which is built and installed with prefork, and is neither beside %s nor in PATH: run make build, or make install", manyBinary, own)}
	}
	env := append(os.Environ(), envBeside+"="+own, envBesideVersion+"="+version())
	err = unix.Exec(binary, append([]string{manyBinary}, os.Args[1:]...), env)
	return fmt.Errorf("run %s: %w", binary, err)
}

// beside finds a program in the directory of another, or in PATH.
func beside(own, name string) (string, error) {
	path := filepath.Join(filepath.Dir(own), name)
	if unix.Access(path, unix.X_OK) == nil {
		return path, nil
	}
	return exec.LookPath(name)
}

// besideFits is an error if the prefork that has run us is another one.
func besideFits() error {
	theirs := os.Getenv(envBesideVersion)
	if theirs == "" || theirs == version() {
		return nil
	}
	return coded{exitFailed, fmt.Errorf("%s is %s, and the prefork that runs it is %s: install both of one release", manyBinary, version(), theirs)}
}

// preforkBinary is that from which servers and generators are run: they are to be what is
// measured otherwise, and without what we have linked in.
func preforkBinary() string {
	if path := os.Getenv(envBeside); path != "" {
		return path
	}
	own, err := os.Executable()
	if err == nil {
		if path, err := beside(own, "prefork"); err == nil {
			return path
		}
	}
	return "/proc/self/exe" // which can do as much, and starts a little later
}

const catMany = "With clients on other machines (docs/many.md)"

// linkFlags are how to reach the others.
func linkFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "nats", Category: catMany, EnvVars: []string{envNATS}, DefaultText: "none", Usage: "the machines meet at the NATS of `URL`, such as nats://host:4222"},
		&cli.StringFlag{Name: "nats-creds", Category: catMany, DefaultText: "none", Usage: "by the credentials in `FILE`"},
		&cli.StringFlag{Name: "nats-ca", Category: catMany, DefaultText: "the system's", Usage: "whose certificate was signed by one in `FILE`"},
		&cli.StringFlag{Name: "nats-prefix", Category: catMany, Value: many.DefaultPrefix, Usage: "on subjects that begin with `WORDS`; two runs at a time need two of them"},
	}
}

// link reads those flags.
func link(c *cli.Context) many.Link {
	return many.Link{
		URL: c.String("nats"), Creds: c.String("nats-creds"), CA: c.String("nats-ca"), Prefix: c.String("nats-prefix"),
		Version: version(), Prefork: preforkBinary(),
	}
}

// saying tells people a line at a time.
func saying(w io.Writer) func(string) {
	return func(line string) { fmt.Fprintln(w, folded(w, "prefork: "+line)) }
}

var errNoNATS = errors.New("--nats URL names the NATS at which the machines meet, such as nats://host:4222; prefork bench --agents local:3 has one and three agents on this machine")

// named is a party's name, by default the host's. It is one word in tables.
func partyName(c *cli.Context) (string, error) {
	name := c.String("name")
	if !c.IsSet("name") {
		host, err := os.Hostname()
		if err != nil {
			return "", err
		}
		name = host
	}
	if name == "" || strings.ContainsAny(name, " \t\r\n") || len(name) > 63 {
		return "", usage(fmt.Errorf("--name %q: want a word of up to 63 letters", name))
	}
	return name, nil
}
