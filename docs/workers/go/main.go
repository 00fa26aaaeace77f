// An HTTP server that is a worker under every strategy, and an ordinary server
// without a master.
//
//	go build -o worker ./docs/workers/go && prefork -s dispatch -- ./worker
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"prefork/strategies/accept"
)

func main() {
	stopping, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := serve(stopping); err != nil {
		log.Fatal(err)
	}
}

func serve(stopping context.Context) error {
	listener, err := accept.Listen(stopping, "localhost:8080")
	if err != nil {
		return err
	}
	var open connections
	server := &http.Server{
		Handler:           http.HandlerFunc(greet),
		ReadHeaderTimeout: 5 * time.Second, // a silent client must not hold up the end
		ConnState:         open.count,
	}
	// The listener ends by itself once it has handed out what was queued.
	if err := server.Serve(listener); !errors.Is(err, net.ErrClosed) {
		return err
	}
	// Not Shutdown: it drops requests that it has not begun to read, such as
	// those of connections that were queued until now. Without keep-alive every
	// connection closes after the answer it is owed, and idle ones at once.
	server.SetKeepAlivesEnabled(false)
	open.Wait()
	return nil
}

func greet(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "Hello from %d\n", os.Getpid())
}

// connections can be waited for until none is open. How long that may take is
// the master's --graceful-timeout to say.
type connections struct{ sync.WaitGroup }

func (c *connections) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.Add(1)
	case http.StateClosed, http.StateHijacked:
		c.Done()
	}
}
