//go:build linux

package worker

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// httpApp answers every request with the greeting. When the worker is to stop,
// answers say so (Connection: close) and connections between two requests end.
type httpApp struct {
	server   *fasthttp.Server
	stopping context.Context

	mu   sync.Mutex
	idle map[*httpConn]struct{} // waiting for a further request
}

func newHTTP(env Env) Handler {
	app := &httpApp{stopping: env.Stopping, idle: make(map[*httpConn]struct{})}
	app.server = &fasthttp.Server{
		Name:               "prefork",
		ReadTimeout:        env.ReadTimeout,
		MaxRequestBodySize: 1 << 20,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("text/plain; charset=utf-8")
			ctx.SetBody(env.Greeting)
			if env.Stopping.Err() != nil {
				ctx.SetConnectionClose()
			}
		},
		Logger: silent{}, // a client's bad request is the client's to hear of
	}
	return app
}

// Serve serves one connection.
func (a *httpApp) Serve(conn net.Conn) {
	// The error is the client's: it has been answered, or it has left.
	_ = a.server.ServeConn(&httpConn{Conn: conn, app: a})
}

// Stop ends the connections that wait for a further request.
func (a *httpApp) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for conn := range a.idle {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// httpConn knows when its connection is between two requests: when it waits to
// read after it has written.
type httpConn struct {
	net.Conn
	app      *httpApp
	answered bool
}

func (c *httpConn) Read(b []byte) (int, error) {
	if !c.answered {
		return c.Conn.Read(b)
	}
	if !c.enterIdle() {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(b)
	c.leaveIdle()
	c.answered = n == 0
	return n, err
}

func (c *httpConn) Write(b []byte) (int, error) {
	c.answered = true
	return c.Conn.Write(b)
}

// enterIdle reports false when there is to be no further request. The check and
// the entry are one step, so that Stop misses no connection.
func (c *httpConn) enterIdle() bool {
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	if c.app.stopping.Err() != nil {
		return false
	}
	c.app.idle[c] = struct{}{}
	return true
}

func (c *httpConn) leaveIdle() {
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	delete(c.app.idle, c)
}

type silent struct{}

func (silent) Printf(string, ...any) {}
