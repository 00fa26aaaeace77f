//go:build linux

package docs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// serving is a command that ends when it is told to.
type serving struct {
	cmd    *exec.Cmd
	cancel func()
	lines  *bufio.Scanner
	said   strings.Builder
}

// start starts prefork; both its outputs are one stream of lines.
func (p place) start(args []string, env ...string) (*serving, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), tooLong)
	s := &serving{cmd: p.command(ctx, prefork, args...), cancel: cancel}
	s.cmd.Env = append(s.cmd.Env, env...)
	r, w, err := os.Pipe()
	if err != nil {
		cancel()
		return nil, err
	}
	s.cmd.Stdout, s.cmd.Stderr = w, w
	err = s.cmd.Start()
	_ = w.Close()
	if err != nil {
		cancel()
		return nil, errors.Join(err, r.Close())
	}
	p.t.Cleanup(func() { _ = r.Close() })
	s.lines = bufio.NewScanner(r)
	return s, nil
}

// await reads until a line is what is waited for.
func (s *serving) await(is func(line string) bool) error {
	for s.lines.Scan() {
		fmt.Fprintln(&s.said, s.lines.Text())
		if is(s.lines.Text()) {
			return nil
		}
	}
	return errors.New("it ended before it served")
}

// end tells it to stop, and wants it to do so well.
func (s *serving) end(failed error) error {
	defer s.cancel()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	for s.lines.Scan() {
		fmt.Fprintln(&s.said, s.lines.Text())
	}
	_ = s.cmd.Wait()
	switch code := s.cmd.ProcessState.ExitCode(); {
	case code == exitNotPermitted:
		return denied("not permitted here: " + s.said.String())
	case code != 0:
		failed = errors.Join(failed, fmt.Errorf("exit code %d", code))
	}
	if failed != nil {
		return fmt.Errorf("%w\n%s", failed, s.said.String())
	}
	return nil
}

// serve starts a server at an address of its own, asks it once and stops it.
func (p place) serve(args []string) ([]byte, error) {
	if i := slices.Index(args, "--"); i >= 0 && i+1 < len(args) {
		if err := p.has(args[i+1]); err != nil {
			return nil, err
		}
	}
	s, address, err := p.listening(p.elsewhere(args))
	if s == nil {
		return nil, err
	}
	if err == nil {
		err = ask(address, args)
	}
	return nil, s.end(err)
}

// listening starts a server and waits until it is ready. If s is not nil, it is to be
// ended, whatever err is.
func (p place) listening(args []string) (s *serving, address string, err error) {
	s, err = p.start(args, "PREFORK_LOG_FORMAT=json", "PREFORK_BIND=127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	err = s.await(func(line string) bool {
		var record struct{ Msg, Address string }
		_ = json.Unmarshal([]byte(line), &record)
		if record.Msg == "listening" {
			address = record.Address
		}
		return record.Msg == "ready"
	})
	return s, address, err
}

// load puts a short load on a server of ours in place of the one that the URL names.
func (p place) load(args []string) (out []byte, err error) {
	url := args[len(args)-1]
	app := "http"
	if strings.HasPrefix(url, "tcp:") {
		app = "hello"
	}
	s, address, err := p.listening([]string{"-w", "1", "--app", app})
	if s == nil {
		return nil, err
	}
	if err == nil {
		short := append(args[:len(args)-1:len(args)-1], "--length", "100ms", "--warmup", "10ms", hostAndPort.ReplaceAllString(url, "${1}"+address+"${2}"))
		out, err = p.expect(short, exitInvalid, exitCrossed)
	}
	for i, arg := range args {
		if arg != "--json" && arg != "--hgrm" {
			continue
		}
		if _, missing := os.Stat(filepath.Join(p.dir, args[i+1])); err == nil && missing != nil {
			err = fmt.Errorf("it has not written %s", args[i+1])
		}
	}
	return out, s.end(err)
}

var hostAndPort = regexp.MustCompile(`^(\w+://)[^/]+(.*)$`)

var fixedPort = regexp.MustCompile(`^([\w.]*):\d+$`)

// elsewhere has a server listen where no other does.
func (p place) elsewhere(args []string) []string {
	args = slices.Clone(args)
	for i := 1; i < len(args); i++ {
		if args[i-1] != "-b" && args[i-1] != "--bind" {
			continue
		}
		if path, isUnix := strings.CutPrefix(args[i], "unix:"); isUnix {
			args[i] = "unix:" + filepath.Join(p.dir, filepath.Base(path))
		}
		args[i] = fixedPort.ReplaceAllString(args[i], "${1}:0")
	}
	for i := 1; i < len(args); i++ {
		if args[i-1] == "--metrics" {
			args[i] = "127.0.0.1:0"
		}
	}
	return args
}

// ask wants any answer: some apps answer at once, and some want to be asked.
func ask(address string, args []string) error {
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	conn, err := net.DialTimeout(network, address, tooLong)
	if err != nil {
		return err
	}
	defer conn.Close()
	request := "GET / HTTP/1.0\r\n\r\n"
	switch {
	case slices.Contains(args, "work"):
		request = "sleep 1ms\n"
	case !slices.ContainsFunc(args, waits):
		request = ""
	}
	if request != "" { // who says hello unasked may have closed by now
		if _, err := io.WriteString(conn, request); err != nil {
			return err
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(tooLong))
	var answer [64]byte
	if _, err := conn.Read(answer[:]); err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	return nil
}

// waits says of a word of the command that its server waits for a request.
func waits(word string) bool {
	return slices.Contains([]string{"http", "echo", "gunicorn", "./my-worker"}, word)
}

// labURL is what the lab says it serves.
var labURL = regexp.MustCompile(`http://\S+`)

// lab starts the lab, on a free port unless it looks for one itself, and fetches
// its page.
func (p place) lab(args []string) ([]byte, error) {
	args = slices.Clone(args)
	for i, arg := range args {
		flag, isWeb := strings.CutPrefix(arg, "--web=")
		if isWeb {
			args[i] = "--web=" + fixedPort.ReplaceAllString(flag, "${1}:0")
			continue
		}
		args[i] = fixedPort.ReplaceAllString(arg, "${1}:0")
	}
	s, err := p.start(args)
	if err != nil {
		return nil, err
	}
	var url string
	err = s.await(func(line string) bool { url = labURL.FindString(line); return url != "" })
	if err == nil {
		var response *http.Response
		if response, err = http.Get(url); err == nil {
			err = response.Body.Close()
			if response.StatusCode != http.StatusOK {
				err = fmt.Errorf("%s answers %s", url, response.Status)
			}
		}
	}
	return nil, s.end(err)
}
