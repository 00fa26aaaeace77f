//go:build linux

package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// connect N ADDR makes N connections, one after the other, and prints what each
// one heard. Workers are called A, B, … in the order in which a script meets them.
func connect(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "connect N ADDR")
	for range number(ts, args[0]) {
		fmt.Fprintf(ts.Stdout(), "%s", storyOf(ts).lettered(converse(ts, args[1], nil)))
	}
}

// meet N ADDR connects until N different workers have answered.
func meet(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "meet N ADDR")
	met := make(map[string]bool)
	for began := time.Now(); len(met) < number(ts, args[0]); {
		if time.Since(began) > patience {
			ts.Fatalf("met only %d different workers", len(met))
		}
		met[string(converse(ts, args[1], nil))] = true
	}
}

// talk ADDR FILE sends a file, says that this was all, and prints the answer.
func talk(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "talk ADDR FILE")
	answer := converse(ts, args[0], []byte(ts.ReadFile(args[1])))
	fmt.Fprintf(ts.Stdout(), "%s", storyOf(ts).lettered(answer))
}

// hold ADDR connects, sends nothing and waits until the server hangs up.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 1, "hold ADDR")
	conn, err := dial(inside(ts, args[0]))
	ts.Check(err)
	defer conn.Close()
	text, err := io.ReadAll(conn)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "hung up after %q\n", text)
}

// get N ADDR close|keep-alive makes N requests, one after the other, and prints
// what came back and whether the connection was a new one.
func get(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 3, "get N ADDR close|keep-alive")
	transport := &http.Transport{
		DisableKeepAlives: args[2] == "close",
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return dial(inside(ts, args[1])) },
	}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: patience}
	for range number(ts, args[0]) {
		ts.Check(getOnce(ts, &client, "http://localhost/"))
	}
}

// getOnce makes one request and prints what came back.
func getOnce(ts *testscript.TestScript, client *http.Client, url string) error {
	which := ""
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			which = map[bool]string{false: "new", true: "same"}[info.Reused]
		},
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	body = storyOf(ts).lettered(body)
	fmt.Fprintf(ts.Stdout(), "%s, %s connection: %s", response.Status, which, body)
	return err
}

// stale PATH leaves a Unix-domain socket behind that nobody listens on.
func stale(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 1, "stale PATH")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: ts.MkAbs(args[0]), Net: "unix"})
	ts.Check(err)
	listener.SetUnlinkOnClose(false)
	ts.Check(listener.Close())
}

// waitline FILE REGEXP waits until a line of a file matches.
func waitLine(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "waitline FILE REGEXP")
	wanted, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && wanted.Match(text) {
			return
		}
		if time.Since(began) > patience {
			ts.Fatalf("no line of %s matches %s:\n%s", args[0], args[1], text)
		}
	}
}

// json FILE wants one JSON object on every line, and prints their messages.
func jsonLines(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 1, "json FILE")
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var record struct{ Msg string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			ts.Fatalf("%s: %v", line, err)
		}
		fmt.Fprintln(ts.Stdout(), record.Msg)
	}
}

// converse sends a text, if there is one, says that this was all, and returns the
// answer.
func converse(ts *testscript.TestScript, address string, text []byte) []byte {
	conn, err := dial(inside(ts, address))
	ts.Check(err)
	defer conn.Close()
	if len(text) > 0 {
		_, err := conn.Write(text)
		ts.Check(err)
		ts.Check(conn.(interface{ CloseWrite() error }).CloseWrite())
	}
	answer, err := io.ReadAll(conn)
	ts.Check(err)
	return answer
}

// inside is an address as this process can use it: a path is the script's.
func inside(ts *testscript.TestScript, address string) (network, there string) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok && path[0] == '@' {
		return "unix", path
	} else if ok {
		return "unix", ts.MkAbs(path)
	}
	return "tcp", address
}

func dial(network, address string) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(patience))
}

var greeting = regexp.MustCompile(`Hello from (\d+)`)

// lettered replaces pids by letters.
func (s *story) lettered(text []byte) []byte {
	return greeting.ReplaceAllFunc(text, func(hello []byte) []byte {
		pid := string(bytes.TrimPrefix(hello, []byte("Hello from ")))
		if s.letters[pid] == "" {
			s.letters[pid] = string(rune('A' + len(s.letters)))
		}
		return []byte("Hello from " + s.letters[pid])
	})
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}
