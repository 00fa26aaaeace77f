//go:build linux

package worker

import (
	"net"
	"time"

	"prefork/internal/lookup"
)

// App is something built in that a worker can do with a connection.
type App struct {
	Name     string
	Sentence string
	Keeps    bool // an answer may be followed by a further request on the connection
	New      func(Env) Handler
}

// Handler serves one connection to its end, and perhaps several at once. The caller
// closes them.
type Handler func(net.Conn)

// Env is what an app may know of its worker.
type Env struct {
	Greeting    []byte        // who answers, and a newline
	ReadTimeout time.Duration // for a client that sends nothing
	Hot         bool          // one connection at a time, on a thread of its own
	Leaving     func() bool   // whether the worker is to finish and leave
}

// Apps are all there are; the first is the default.
var Apps = []App{
	{Name: "hello", Sentence: "says who answers and closes", New: newHello},
	{Name: "echo", Sentence: "sends back what it receives", New: newEcho},
	{Name: "http", Sentence: "HTTP/1.1, close or keep-alive; the body says who answers", Keeps: true, New: newHTTP},
	{Name: "work", Sentence: `does what the client's first line says, "sleep 5ms" or "spin 2ms", then says who answers and closes`, New: newWork},
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
	return func(conn net.Conn) { _, _ = conn.Write(env.Greeting) }
}

func newEcho(Env) Handler {
	return func(conn net.Conn) {
		buffer := make([]byte, 16<<10)
		for {
			n, err := conn.Read(buffer)
			if _, werr := conn.Write(buffer[:n]); err != nil || werr != nil {
				return
			}
		}
	}
}
