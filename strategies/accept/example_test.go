package accept_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"prefork/strategies/accept"
)

// A server that takes its connections from a master if it was started by one, as
// in "prefork -s dispatch -- ./server", and listens by itself otherwise, as here.
// docs/workers/go is a whole service: it gets stopping from signal.NotifyContext,
// and before it ends it waits until every connection has its answer.
func ExampleListen() {
	stopping, stop := context.WithCancel(context.Background())
	defer stop()
	listener, err := accept.Listen(stopping, "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "Hello")
	})}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()

	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	fmt.Print(string(body))

	stop()
	fmt.Println("stopped:", errors.Is(<-served, net.ErrClosed))
	_ = server.Close()
	// Output:
	// Hello
	// stopped: true
}
