//go:build linux

package workers_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prefork/internal/servertest"
)

// servers are the directory in which the lines that the page opens with are typed.
const servers = "servers"

// gunicorn begins the block with which the page opens.
const gunicorn = "prefork -w 4 --ready-after 0 -- gunicorn"

// serverLines are those of the page that run somebody's program, as words.
func serverLines(t *testing.T) (lines [][]string) {
	t.Helper()
	for _, line := range pageBlock(t, gunicorn) {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}

// TestServers runs each line with which the page opens, and has all workers replaced
// while clients ask. None of them may fail.
func TestServers(t *testing.T) {
	var programs []string
	for _, line := range serverLines(t) {
		program := programOf(line)
		programs = append(programs, program)
		strategies := inherited
		if program == "./hello" {
			strategies = slices.Concat(inherited, passed)
		}
		for _, strategy := range strategies {
			t.Run(filepath.Base(program)+"/"+strategy, func(t *testing.T) {
				t.Parallel()
				failed := replacedUnderLoad(t, strategy, line)
				for _, err := range failed {
					t.Error(err)
				}
			})
		}
	}
	if want := []string{"gunicorn", "python3", "puma", "node", "php-fpm8.2", "./hello"}; !slices.Equal(programs, want) {
		t.Errorf("the page opens with %q, want %q", programs, want)
	}
}

// uvicorn by itself closes connections that it has accepted and not yet read from, which
// clients see as a reset, or as an end where the request comes later. Nothing else goes wrong
// with it.
func TestUvicornByItself(t *testing.T) {
	failed := replacedUnderLoad(t, "shared", strings.Fields(pageBlock(t, "prefork -w 4 -- uvicorn")[0]))
	for _, err := range failed {
		if !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, errUnanswered) {
			t.Error(err)
		}
	}
}

// programOf is the program of a line, behind env NAME=VALUE.
func programOf(line []string) string {
	for _, word := range line[slices.Index(line, "--")+1:] {
		if word != "env" && !strings.Contains(word, "=") {
			return word
		}
	}
	return ""
}

// runnable is a line as it can be run here: its program may have another version in its
// name, or is still to be built.
func runnable(t *testing.T, line []string) []string {
	t.Helper()
	line = slices.Clone(line)
	program := programOf(line)
	at := slices.Index(line, program)
	switch {
	case program == "./hello":
		line[at] = outside(t)
	case program == "python3":
		line[at] = "/usr/bin/python3" // which has the packages that make deps installs
	case strings.HasPrefix(program, "php-fpm"):
		if found, _ := filepath.Glob("/usr/sbin/php-fpm*"); len(found) > 0 {
			line[at] = found[0]
		}
	}
	need(t, line[at])
	return line[1:]
}

// replacedUnderLoad runs a line, reloads while clients ask, stops it, and returns how
// clients have failed.
func replacedUnderLoad(t *testing.T, strategy string, line []string) (failed []error) {
	t.Helper()
	const reloads, clients, between = 2, 4, 100
	fastCGI := strings.Contains(programOf(line), "php")
	s := servertest.StartAs(t, func(cmd *exec.Cmd) { cmd.Dir = servers }, append([]string{"-s", strategy}, runnable(t, line)...)...)
	load := s.StartAsking(clients, func() error { return askServer(s, fastCGI) })
	for n := range reloads {
		load.More(t, between)
		s.Signal(syscall.SIGHUP)
		s.Await("reloaded", n+1)
	}
	load.More(t, between)
	failed = load.Stop()
	t.Logf("%d answered, %d failed", load.Answered.Load(), len(failed))
	if code := s.Stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if log := s.LogText(); strings.Contains(log, "worker killed") {
		t.Errorf("a worker had to be killed:\n%s", log)
	}
	return failed
}

var greets = regexp.MustCompile(`Hello from \d+\n`)

// askServer asks once, on a connection of its own.
func askServer(s *servertest.Server, fastCGI bool) error {
	conn, err := net.DialTimeout(s.Net, s.Addr, 30*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	var answer string
	if fastCGI {
		answer, err = askFastCGI(conn, filepath.Join(servers, "index.php"))
	} else {
		answer, err = askHTTP(conn)
	}
	if err == nil && !greets.MatchString(answer) {
		err = fmt.Errorf("%q is no greeting", answer)
	}
	return err
}

// errUnanswered is a connection that was closed before a word was said.
var errUnanswered = errors.New("closed without an answer")

func askHTTP(conn net.Conn) (string, error) {
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	if err == nil && len(answer) == 0 {
		err = errUnanswered
	}
	if err == nil && !bytes.Contains(answer, []byte(" 200 ")) {
		err = fmt.Errorf("%q is not 200", answer)
	}
	return string(answer), err
}

// A reload to an application that is broken is given up: gunicorn loads it before it says
// that it is ready.
func TestBrokenApplication(t *testing.T) {
	need(t, "gunicorn")
	dir := t.TempDir()
	app, err := os.ReadFile(filepath.Join(servers, "app.py"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "app.py"), app, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	line := pageBlock(t, gunicorn)[0]
	s := servertest.StartAs(t, func(cmd *exec.Cmd) { cmd.Dir = dir }, strings.Fields(line)[1:]...)
	if err := os.WriteFile(filepath.Join(dir, "app.py"), []byte("raise SystemExit('broken')\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGHUP)
	s.Await("reload given up: the new worker did not get ready; the old ones go on", 1)
	if err := askServer(s, false); err != nil {
		t.Error(err)
	}
}
