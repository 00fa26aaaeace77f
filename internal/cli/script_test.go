//go:build linux

package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"prefork/internal/cli"
	"prefork/internal/kernel"
	"prefork/internal/sys"
)

// patience is how long a script waits for an event before it fails. Nothing
// depends on it while all is well.
const patience = time.Minute

// TestMain runs the tests, or what this process was started as: a worker, or the
// command prefork, which scripts find in PATH.
func TestMain(m *testing.M) {
	if code, isWorker := cli.Worker(); isWorker {
		os.Exit(code)
	}
	testscript.Main(reaped{m}, map[string]func(){
		"prefork": func() { os.Exit(cli.Run(context.Background(), os.Args, os.Stdout, os.Stderr)) },
	})
}

// reaped are tests that must leave no child behind.
type reaped struct{ testscript.TestingM }

func (r reaped) Run() int {
	code := r.TestingM.Run()
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); code == 0 && !errors.Is(err, unix.ECHILD) {
		fmt.Fprintln(os.Stderr, "a child was left behind")
		return 1
	}
	return code
}

// TestScripts runs the behaviours of the command line, one script each. What the
// scripts can say beyond testscript's own commands is in script_commands_test.go.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"run":      run,
			"nobody":   nobody,
			"start":    start,
			"signal":   signalServer,
			"ended":    ended,
			"waitline": waitLine,
			"connect":  connect,
			"meet":     meet,
			"talk":     talk,
			"get":      get,
			"hold":     hold,
			"stale":    stale,
			"json":     jsonLines,
			"web":      web,
		},
	})
}

func setup(env *testscript.Env) error {
	// The race detector makes every process sleep a second at its end otherwise.
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	// Control sockets of scripts are not among those of this machine's servers, and their
	// path is short, which a script's own directory may not be.
	sockets, err := os.MkdirTemp("", "run")
	if err != nil {
		return err
	}
	env.Defer(func() { _ = os.RemoveAll(sockets) })
	env.Setenv("RUNTIME_DIRECTORY", sockets)
	env.Values[storyKey{}] = &story{servers: make(map[string]*server), letters: make(map[string]string)}
	return nil
}

// condition knows [privileged]: this kernel keeps port 80 from plain users; [root];
// [netns] and [userns]: this user may have a network namespace, and a plain one by
// a user namespace; [cpus]: there are two processors for this process.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "netns":
		return succeeds("unshare", "--net", "true") || succeeds("unshare", "--user", "--net", "true"), nil
	case "userns":
		return succeeds("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "--user", "--net", "true"), nil
	case "cpus":
		cpus, err := sys.Processors()
		return len(cpus) > 1, err
	case "privileged":
		first, err := kernel.SysctlInt("net.ipv4.ip_unprivileged_port_start")
		return first > 80, err
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

func succeeds(name string, args ...string) bool { return exec.Command(name, args...).Run() == nil }
