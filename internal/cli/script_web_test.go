//go:build linux

package cli_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// web NAME KIND starts a server that is none of ours, until the script ends: its address
// is $NAME. It says what it was asked for over http, https or unix, if that is what the
// header X-Want wants, or answers with a status such as 500; closed is a port at which nobody listens, mute one whose
// connections nobody answers.
func web(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "web NAME http|https|unix|closed|mute|STATUS")
	name, kind := args[0], args[1]
	if kind == "closed" || kind == "mute" {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, l.Addr().String())
		if kind == "mute" {
			ts.Defer(func() { _ = l.Close() })
			return
		}
		ts.Check(l.Close())
		return
	}
	status, _ := strconv.Atoi(kind)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status > 0 {
			w.WriteHeader(status)
		}
		body, _ := io.ReadAll(r.Body)
		asked := strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL, body))
		if want := r.Header.Get("X-Want"); want != "" && want != asked {
			w.WriteHeader(http.StatusTeapot)
		}
		fmt.Fprintln(w, asked)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	switch kind {
	case "https":
		server.StartTLS()
	case "unix":
		l, err := net.Listen("unix", ts.MkAbs(name))
		ts.Check(err)
		_ = server.Listener.Close()
		server.Listener = l
		server.Start()
	default:
		server.Start()
	}
	ts.Defer(server.Close)
	ts.Setenv(name, server.Listener.Addr().String())
}
