//go:build linux

package worker

import (
	"errors"
	"io"

	"github.com/valyala/fasthttp"
)

// newHTTP answers every request with the greeting. When the worker is to leave,
// answers say so (Connection: close).
func newHTTP(greeting []byte) func() Handler {
	answers, parser := &answers{body: string(greeting)}, newParser()
	return func() Handler {
		r := &request{answers: answers, parser: parser}
		return r.serve
	}
}

// request is how far a connection is with its present request. Nobody wants to know the
// body, but it has to be got past.
type request struct {
	*answers // for all connections
	*parser  // for whichever is read from

	closes   bool // the client wants no other answer after this one
	old      bool // HTTP/1.0
	headOnly bool // HEAD
	body     body
}

// serve takes one request, or a part of one.
func (r *request) serve(x *Exchange) {
	if x.First {
		r.body = body{}
	}
	err := r.read(x)
	switch {
	case err == nil:
		r.answer(x)
	case x.Late:
		r.refuse(x, fasthttp.StatusRequestTimeout)
	case errors.Is(err, errNeedsMore):
		x.Within = r.body.stage != none
	case err == io.EOF:
		x.Close = true // there was none, and none will come
	default:
		r.refuse(x, statusOf(err))
	}
}

// read reads a request, or what there is of one.
func (r *request) read(x *Exchange) error {
	if r.body.stage == none {
		if err := r.readHead(x); err != nil {
			return err
		}
	}
	rest, err := r.body.skip(x.In, r.parser, x.Ended)
	x.In = rest
	return err
}

func (r *request) readHead(x *Exchange) error {
	header, used, err := r.head(x.In, x.Ended)
	if err != nil {
		return err
	}
	x.In = x.In[used:]
	r.closes, r.old, r.headOnly = header.ConnectionClose(), !header.IsHTTP11(), header.IsHead()
	if expectsContinue(header) {
		x.Out = append(x.Out, "HTTP/1.1 100 Continue\r\n\r\n"...)
	}
	return r.body.begin(header.ContentLength())
}

func (r *request) answer(x *Exchange) {
	x.Close = r.closes || x.Leaving
	x.Out = r.append(x.Out, x.Now, x.Close, r.old, r.headOnly)
}

// refuse answers what is no request, or none that is served.
func (r *request) refuse(x *Exchange, status int) {
	x.Out = appendRefusal(x.Out, status)
	x.Close, x.Refused = true, true
}
