//go:build linux

package worker

import (
	"prefork/internal/lookup"
)

// App is something built in that a worker can do with a connection.
type App struct {
	Name     string
	Sentence string
	Greets   bool // says something before the client has
	Keeps    bool // an answer may be followed by a further request on the connection
	Patient  bool // a client may say nothing for as long as it likes
	// New returns what makes a Handler for one connection after the other: as many as
	// there are at once.
	New func(greeting []byte) func() Handler
}

// Apps are all there are; the first is the default.
var Apps = []App{
	{Name: "hello", Sentence: "says who answers and closes", Greets: true, New: newHello},
	{Name: "echo", Sentence: "sends back what it receives", Patient: true, New: newEcho},
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

func newHello(greeting []byte) func() Handler {
	return alike(func(x *Exchange) {
		x.Out = append(x.Out, greeting...)
		x.Close = true
	})
}

func newEcho([]byte) func() Handler {
	return alike(func(x *Exchange) {
		x.Out = append(x.Out, x.In...)
		x.In = nil
	})
}
