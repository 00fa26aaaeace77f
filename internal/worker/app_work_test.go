//go:build linux

package worker

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// longEnough is a timeout that no passing test reaches.
const longEnough = 30 * time.Second

func TestParseDemand(t *testing.T) {
	tests := []struct {
		line, do string
		demand   time.Duration
	}{
		{"sleep 5ms", "sleep", 5 * time.Millisecond},
		{"spin 2ms", "spin", 2 * time.Millisecond},
		{"sleep 5ms\r", "sleep", 5 * time.Millisecond},
		{"spin 0", "spin", 0},
		{"sleep 1m", "sleep", longestDemand},
	}
	for _, test := range tests {
		if do, demand, err := parseDemand(test.line); do != test.do || demand != test.demand || err != nil {
			t.Errorf("%q: %s %s, %v", test.line, do, demand, err)
		}
	}
}

func TestParseDemandSaysWhatItWants(t *testing.T) {
	tests := []struct{ line, want string }{
		{"", `want "sleep 5ms" or "spin 2ms", not ""`},
		{"GET / HTTP/1.1\r", `not "GET / HTTP/1.1\r"`},
		{"sleep", `"" is no duration`},
		{"sleep 5", `want "sleep 5ms": "5" is no duration`},
		{"sleep  5ms", `" 5ms" is no duration`},
		{"spin -1ns", "want 0s to 1m"},
		{"spin 1m0.001s", "want 0s to 1m"},
	}
	for _, test := range tests {
		if _, _, err := parseDemand(test.line); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want an error that says %q", test.line, err, test.want)
		}
	}
}

// No line makes a worker work for longer than it may, and the answer to a wrong
// one is one line.
func FuzzParseDemand(f *testing.F) {
	for _, seed := range []string{
		"", "sleep 5ms", "spin 2ms\r", "sleep", "sleep ", "sleep 1h", "sleep -1s", "spin 1e9s", "sleep 9223372036854775807ns",
		"sleep 9999999999999h", "spin .5s", "spin 5µs", "SLEEP 5ms", "sleep\t5ms", "sleep 5ms\nspin", "sleep 5ms\x00", "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		do, demand, err := parseDemand(line)
		if err != nil {
			if do != "" || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q: %q, %q", line, do, err)
			}
			return
		}
		if do != "sleep" && do != "spin" || demand < 0 || demand > longestDemand {
			t.Errorf("%q: %s %s", line, do, demand)
		}
		if do2, demand2, err := parseDemand(fmt.Sprintf("%s %s", do, demand)); do2 != do || demand2 != demand || err != nil {
			t.Errorf("%q: %s %s reads as %s %s, %v", line, do, demand, do2, demand2, err)
		}
	})
}

// writer sends what it is given, piece by piece: a net.Pipe hands each over only
// when it is read.
func writer(t *testing.T, pieces ...string) net.Conn {
	client, server := net.Pipe()
	t.Cleanup(func() { _ = errors.Join(client.Close(), server.Close()) })
	go func() {
		for _, piece := range pieces {
			if _, err := io.WriteString(client, piece); err != nil {
				return // the reader has had enough
			}
		}
	}()
	return server
}

func TestReadLine(t *testing.T) {
	longest := strings.Repeat("x", 63)
	tests := map[string]struct {
		pieces []string
		want   string
	}{
		"one piece":        {[]string{"sleep 5ms\n"}, "sleep 5ms"},
		"split":            {[]string{"sle", "ep 5", "ms", "\n"}, "sleep 5ms"},
		"byte by byte":     {strings.Split("spin 2ms\n", ""), "spin 2ms"},
		"empty":            {[]string{"\n"}, ""},
		"the first of two": {[]string{"a\nb\n"}, "a"},
		"as long as fits":  {[]string{longest + "\n"}, longest},
		"too long":         {[]string{longest, longest, "\n"}, longest + "x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := readLine(writer(t, test.pieces...), longEnough); got != test.want || err != nil {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestReadLineOfAClientThatLeaves(t *testing.T) {
	for _, text := range []string{"", "sleep 5"} {
		conn := leaver(t, text)
		if got, err := readLine(conn, longEnough); !errors.Is(err, io.EOF) {
			t.Errorf("%q: %q, %v, want io.EOF", text, got, err)
		}
		_ = conn.Close()
	}
}

// leaver is a connection whose client has said something and left. A net.Pipe
// would fail at once, where a socket first delivers.
func leaver(t *testing.T, text string) net.Conn {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	client, server := os.NewFile(uintptr(fds[0]), "client"), os.NewFile(uintptr(fds[1]), "server")
	defer server.Close()
	_, werr := client.WriteString(text)
	conn, err := net.FileConn(server)
	if err := errors.Join(werr, err, client.Close()); err != nil {
		t.Fatal(err)
	}
	return conn
}

// The time is for the whole line: a client that always sends a little more in
// time would hold a worker for good.
func TestReadLineOfASlowClient(t *testing.T) {
	const timeout = 20 * time.Millisecond
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		defer client.Close()
		for range 60 { // short of the longest line
			if _, err := io.WriteString(client, "x"); err != nil {
				return
			}
			time.Sleep(timeout / 4)
		}
	}()
	if got, err := readLine(server, timeout); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v, want a timeout", got, err)
	}
}

func TestReadLineOfASilentClient(t *testing.T) {
	if got, err := readLine(writer(t), time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v, want a timeout", got, err)
	}
}

func TestWorkAnswers(t *testing.T) {
	tests := []struct{ line, want string }{
		{"sleep 0s\n", "Hello\n"},
		{"spin 1us\n", "Hello\n"},
		{"dance\n", "error: want \"sleep 5ms\" or \"spin 2ms\", not \"dance\"\n"},
	}
	for _, hot := range []bool{false, true} {
		app := newWork(Env{Greeting: []byte("Hello\n"), ReadTimeout: longEnough, Hot: hot})
		for _, test := range tests {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				app(server)
			}()
			_, _ = io.WriteString(client, test.line)
			if got, err := io.ReadAll(client); string(got) != test.want || err != nil {
				t.Errorf("%q: %q, %v, want %q", test.line, got, err, test.want)
			}
			_ = client.Close()
		}
	}
}

// A demand is processor time, so that it stays what it is when workers share a
// processor; it is never less than what was asked for.
func TestDemandsAreMet(t *testing.T) {
	const demand = 3 * time.Millisecond
	start := time.Now()
	if nap(demand); time.Since(start) < demand {
		t.Errorf("napped for %s, want %s", time.Since(start), demand)
	}
	start = time.Now()
	if spin(demand); time.Since(start) < demand {
		t.Errorf("spun for %s, want at least %s", time.Since(start), demand)
	}
}
