//go:build linux

package worker

import (
	"context"
	"net"
	"time"

	"prefork/internal/lookup"
)

// App is something built in that a worker can do with a connection.
type App struct {
	Name     string
	Sentence string
	New      func(Env) Handler
}

// Handler serves connections, one after the other or several at once, each to
// its end. The caller closes them.
type Handler interface{ Serve(net.Conn) }

// Stopper is a Handler that has something to do when the worker is to stop:
// Env.Stopping is done by then.
type Stopper interface{ Stop() }

// HandlerFunc is a Handler that is one function.
type HandlerFunc func(net.Conn)

// Serve calls f.
func (f HandlerFunc) Serve(conn net.Conn) { f(conn) }

// Env is what an app may know of its worker.
type Env struct {
	Greeting    []byte          // who answers, and a newline
	ReadTimeout time.Duration   // for a client that sends nothing
	Hot         bool            // one connection at a time, on a thread of its own
	Stopping    context.Context // done once the worker is to finish and leave
}

// Apps are all there are; the first is the default.
var Apps = []App{
	{"hello", "says who answers and closes", newHello},
	{"echo", "sends back what it receives", newEcho},
	{"http", "HTTP/1.1, close or keep-alive; the body says who answers", newHTTP},
	{"work", `does what the client's first line says, "sleep 5ms" or "spin 2ms", then says who answers and closes`, newWork},
}

// AppNames are the names of Apps.
func AppNames() (names []string) {
	for _, app := range Apps {
		names = append(names, app.Name)
	}
	return names
}

// LookupApp finds an app by its name.
func LookupApp(name string) (App, error) {
	for _, app := range Apps {
		if app.Name == name {
			return app, nil
		}
	}
	return App{}, lookup.Unknown("app", name, AppNames())
}

func newHello(env Env) Handler {
	return HandlerFunc(func(conn net.Conn) { _, _ = conn.Write(env.Greeting) })
}

func newEcho(Env) Handler {
	return HandlerFunc(func(conn net.Conn) {
		buffer := make([]byte, 16<<10)
		for {
			n, err := conn.Read(buffer)
			if _, werr := conn.Write(buffer[:n]); err != nil || werr != nil {
				return
			}
		}
	})
}
