//go:build linux

package worker

import (
	"net"

	"github.com/valyala/fasthttp"
)

// newHTTP answers every request with the greeting. When the worker is to leave,
// answers say so (Connection: close).
func newHTTP(env Env) Handler {
	server := &fasthttp.Server{
		Name:               "prefork",
		ReadTimeout:        env.ReadTimeout,
		MaxRequestBodySize: 1 << 20,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("text/plain; charset=utf-8")
			ctx.SetBody(env.Greeting)
			if env.Leaving() {
				ctx.SetConnectionClose()
			}
		},
		Logger: silent{}, // a client's bad request is the client's to hear of
	}
	// The error is the client's: it has been answered, or it has left.
	return func(conn net.Conn) { _ = server.ServeConn(conn) }
}

type silent struct{}

func (silent) Printf(string, ...any) {}
