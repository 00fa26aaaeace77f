//go:build linux

package cli_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// story is what a script's commands remember.
type story struct {
	servers map[string]*server
	letters map[string]string // pids, and what they are called in the output
}

type storyKey struct{}

func storyOf(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

// server is a prefork that a script has started.
type server struct {
	cmd  *exec.Cmd
	dead chan struct{} // closed once cmd has been waited for
}

// run CODE COMMAND ARGS… runs a command to its end, and wants the exit code.
func run(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) >= 2, "run CODE COMMAND ARGS…")
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	toEnd(ts, args[0], &exec.Cmd{Path: path, Args: args[1:], Env: environ(ts), Dir: ts.MkAbs(".")})
}

// nobody CODE ARGS… is run CODE prefork ARGS… by a user without privileges.
func nobody(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) >= 1, "nobody CODE ARGS…")
	// Not by its path, which such a user may not walk.
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: append([]string{"prefork"}, args[1:]...), Env: environ(ts), Dir: "/"}
	if os.Getuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	toEnd(ts, args[0], cmd)
}

// toEnd runs a command that is to end by itself, with this exit code. A bench that
// finds nothing valid is asked again, a few times: whether other machines on the same
// host take its time is not what a script tests.
func toEnd(ts *testscript.TestScript, code string, cmd *exec.Cmd) {
	const invalid, tries = 98, 10
	err := once(ts, *cmd)
	for n := 1; n < tries && exitCode(ts, err) == invalid && code != fmt.Sprint(invalid); n++ {
		err = once(ts, *cmd)
	}
	wantCode(ts, code, err)
}

// once runs a command that is to end by itself.
func once(ts *testscript.TestScript, cmd exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	ts.Check(cmd.Start())
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	return cmd.Wait()
}

// start NAME prefork ARGS… starts a server and waits until it says that it is
// ready, as a service manager would. What it says goes to NAME.out and NAME.err;
// $NAME is its address, $NAME_2 the second one and so on, and $NAME_pid its process, which
// is in the file NAME.pid too.
func start(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) >= 2, "start NAME COMMAND ARGS…")
	name := args[0]
	ready, notify := listenForReady(ts)
	defer ready.Close()
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	s := &server{dead: make(chan struct{}), cmd: &exec.Cmd{Path: path, Args: args[1:], Dir: ts.MkAbs(".")}}
	s.cmd.Env = append(environ(ts), "NOTIFY_SOCKET="+notify)
	out, log := create(ts, name+".out"), create(ts, name+".err")
	defer out.Close()
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = out, log
	ts.Check(s.cmd.Start())
	storyOf(ts).servers[name] = s
	go func() {
		_ = s.cmd.Wait()
		close(s.dead)
		_ = ready.SetReadDeadline(time.Now()) // nobody will speak now
	}()
	ts.Defer(s.end)
	_ = ready.SetReadDeadline(time.Now().Add(patience))
	if err := awaitReady(ready); err != nil {
		ts.Fatalf("%s does not get ready: %v\n%s", name, err, ts.ReadFile(name+".err"))
	}
	for i, address := range addressesIn(ts, name) {
		variable := name
		if i > 0 {
			variable += "_" + strconv.Itoa(i+1)
		}
		ts.Setenv(variable, address)
	}
	ts.Setenv(name+"_pid", strconv.Itoa(s.cmd.Process.Pid))
	ts.Check(os.WriteFile(ts.MkAbs(name+".pid"), fmt.Appendln(nil, s.cmd.Process.Pid), 0o644))
}

// listenForReady opens a socket of sd_notify(3).
func listenForReady(ts *testscript.TestScript) (conn *net.UnixConn, path string) {
	directory, err := os.MkdirTemp("", "notify")
	ts.Check(err)
	ts.Defer(func() { _ = os.RemoveAll(directory) })
	path = filepath.Join(directory, "s") // short: a script's own directory may not be
	conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	ts.Check(err)
	return conn, path
}

func awaitReady(conn *net.UnixConn) error {
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(buffer[:n])) {
			if strings.TrimSpace(line) == "READY=1" {
				return nil
			}
		}
	}
}

// environ is the script's environment, by the names that servers may care for.
func environ(ts *testscript.TestScript) (env []string) {
	for _, name := range []string{"PATH", "GORACE", "PORT", "WEB_CONCURRENCY", "TMPDIR", "RUNTIME_DIRECTORY"} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	for _, flag := range serveFlagNames() {
		if value := ts.Getenv(envName(flag)); value != "" {
			env = append(env, envName(flag)+"="+value)
		}
	}
	return env
}

func create(ts *testscript.TestScript, name string) *os.File {
	file, err := os.Create(ts.MkAbs(name))
	ts.Check(err)
	return file
}

var (
	inBanner = regexp.MustCompile(` · (\S+(?: \+ \S+)*) · \d+ workers?[^·]* · pid \d+`)
	inJSON   = regexp.MustCompile(`"msg":"listening".*"address":"([^"]+)"`)
)

// addressesIn are the addresses that a server has announced.
func addressesIn(ts *testscript.TestScript, name string) (all []string) {
	m := inBanner.FindStringSubmatch(ts.ReadFile(name + ".out"))
	if m == nil {
		m = inJSON.FindStringSubmatch(ts.ReadFile(name + ".err"))
	}
	if m == nil {
		ts.Fatalf("%s has not said where it listens", name)
	}
	for address := range strings.SplitSeq(m[1], " + ") {
		if _, bare, named := strings.Cut(address, "="); named {
			address = bare
		}
		if strings.HasPrefix(address, ":") {
			address = "127.0.0.1" + address
		}
		all = append(all, address)
	}
	return all
}

// signal NAME SIGNAL sends a server a signal.
func signalServer(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "signal NAME SIGNAL")
	ts.Check(serverNamed(ts, args[0]).cmd.Process.Signal(unix.SignalNum("SIG" + args[1])))
}

// ended NAME CODE waits for a server's end, and wants the exit code.
func ended(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "ended NAME CODE")
	s := serverNamed(ts, args[0])
	select {
	case <-s.dead:
	case <-time.After(patience):
		ts.Fatalf("%s does not end", args[0])
	}
	if code := strconv.Itoa(s.cmd.ProcessState.ExitCode()); code != args[1] {
		ts.Fatalf("exit code %s, want %s", code, args[1])
	}
}

func serverNamed(ts *testscript.TestScript, name string) *server {
	s := storyOf(ts).servers[name]
	if s == nil {
		ts.Fatalf("no server is called %s", name)
	}
	return s
}

// end ends what a script has left running, by the second INT at once.
func (s *server) end() {
	for range 2 {
		_ = s.cmd.Process.Signal(unix.SIGINT)
	}
	select {
	case <-s.dead:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.dead
	}
}

func wantCode(ts *testscript.TestScript, want string, err error) {
	if code := exitCode(ts, err); fmt.Sprint(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

func exitCode(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

// need fails a script that does not call a command as it is meant.
func need(ts *testscript.TestScript, neg, ok bool, how string) {
	if neg || !ok {
		ts.Fatalf("usage: %s", how)
	}
}
