//go:build linux

package worker

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// play gives a Handler input as it comes, and returns what it says, and how it ends.
type play struct {
	handler Handler
	rest    []byte
	said    []byte
	first   bool
	closed  bool
}

func newPlay(h Handler) *play { return &play{handler: h, first: true} }

// comes has something come, as a service has.
func (p *play) comes(t testing.TB, some []byte, ended bool) {
	t.Helper()
	if p.closed {
		return
	}
	in := append(bytes.Clone(p.rest), some...)
	for {
		x := Exchange{In: in, First: p.first, Ended: ended}
		p.handler(&x)
		p.first = false
		p.said = append(p.said, x.Out...)
		if x.Close {
			p.closed = true
			return
		}
		used := len(in) - len(x.In)
		in = x.In
		if used == 0 || len(in) == 0 {
			break
		}
	}
	if p.rest = bytes.Clone(in); len(p.rest) > longestHead {
		t.Fatalf("%d bytes are kept", len(p.rest))
	}
	p.closed = ended
}

// whole is what fasthttp's own server says to all of it at once.
func whole(in []byte) string {
	server := &fasthttp.Server{
		Name: "prefork", ReadBufferSize: longestHead, MaxRequestBodySize: longestBody,
		DisablePreParseMultipartForm: true, Logger: silent{},
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("text/plain; charset=utf-8")
			ctx.SetBodyString("Hello from 1\n")
		},
	}
	conn := &recorded{in: bytes.NewReader(in)}
	_ = server.ServeConn(conn)
	return conn.out.String()
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// recorded is a connection whose client has said all.
type recorded struct {
	net.Conn
	in  io.Reader
	out bytes.Buffer
}

func (c *recorded) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c *recorded) Write(b []byte) (int, error)      { return c.out.Write(b) }
func (c *recorded) SetReadDeadline(time.Time) error  { return nil }
func (c *recorded) SetWriteDeadline(time.Time) error { return nil }
func (c *recorded) SetDeadline(time.Time) error      { return nil }
func (c *recorded) Close() error                     { return nil }
func (c *recorded) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *recorded) LocalAddr() net.Addr              { return &net.TCPAddr{} }

var date = regexp.MustCompile(`(?m)^Date: .*\r\n`)

// said is an answer without what changes from second to second.
func said(text string) string { return date.ReplaceAllString(text, "") }

// same compares what is said to input that comes in pieces with what fasthttp says to the
// whole. cuts says how long they are, one after the other, and begins anew at its end.
func same(t *testing.T, in, cuts []byte) {
	t.Helper()
	p := newPlay(newHTTP([]byte("Hello from 1\n"))())
	for rest, i := in, 0; len(rest) > 0; i++ {
		n := len(rest)
		if len(cuts) > 0 {
			n = min(n, 1+int(cuts[i%len(cuts)]))
		}
		p.comes(t, rest[:n], false)
		rest = rest[n:]
	}
	p.comes(t, nil, true)
	got, want := said(string(p.said)), said(whole(in))
	if got == want {
		return
	}
	// Where a client ends in the middle of a body, fasthttp says so or not, depending on
	// the byte.
	if cut, ok := strings.CutPrefix(got, want); ok && cut == said(string(appendRefusal(nil, fasthttp.StatusBadRequest))) {
		return
	}
	t.Errorf("%.300q, cut %v:\n%q, where fasthttp says\n%q", in, cuts, got, want)
}

// requests are what clients send, and what they should not.
var requests = []string{
	"",
	"\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET / HTTP/1.1\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n",
	"GET / HTTP/1.0\n\r\n",
	"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET / HTTP/1.1\nHost: x\n\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET / HTTP/1.1\nHost: x\n\n",
	"GET / HTTP/1.1\r\nHost: x\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
	"GET / HTTP/1.1\r\n Host: x\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
	"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
	"GET http:// HTTP/1.1\r\nHost: [\r\n\r\n",
	"get\r\n\r\n",
	"GET /\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\nabc",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nabc",
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n",
	"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3 \t\r\nabc\r\n0\r\nA: b\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3 ;a\r\nabc\r\n0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1234567890abcdef\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: y\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\n\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 3\r\n\r\nabc",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", longestHead-100) + "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", longestHead) + "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	strings.Repeat("a", 2*longestHead),
	strings.Repeat("\r\n", longestHead),
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: " + strings.Repeat("a", longestHead) + "\r\n\r\n",
}

func TestAnswersAreFasthttps(t *testing.T) {
	for i, in := range requests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			for _, cuts := range [][]byte{nil, {0}, {1}, {2}, {6, 0}, {16}, {99, 0, 3}} {
				same(t, []byte(in), cuts)
			}
		})
	}
}

// However a client's bytes are cut, the answers are those that fasthttp gives to the
// whole.
func FuzzAnswersAreFasthttps(f *testing.F) {
	for _, in := range requests {
		f.Add([]byte(in), []byte{0})
		f.Add([]byte(in), []byte{6, 0, 30})
	}
	f.Fuzz(same)
}
