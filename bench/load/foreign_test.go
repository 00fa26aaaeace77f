//go:build linux

package load_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"prefork/bench/load"
)

// quiet is for servers whose handshakes are to fail.
var quiet = log.New(io.Discard, "", 0)

// once is a short open loop of one request a connection.
func once(address, protocol string) load.Order {
	o := web(address)
	o.Protocol = protocol
	return o
}

// allAnswered wants every request to have been answered.
func allAnswered(t *testing.T, r *load.Result) {
	t.Helper()
	if n := int(r.Response.TotalCount()); n == 0 || n < r.Begun || len(r.Errors) > 0 {
		t.Errorf("%d answers of %d begun, errors %v, first %v", n, r.Begun, r.Errors, r.First)
	}
}

// What is ordered is what a server hears.
func TestAsk(t *testing.T) {
	const size = 3 << 20 // more than socket buffers hold
	body := bytes.Repeat([]byte("b"), size)
	var bad atomic.Pointer[string]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		if r.Method != "PUT" || r.URL.String() != "/a?b=c" || r.Host != "example.org" || r.Header.Get("X-Y") != "z" || !bytes.Equal(got, body) {
			said := fmt.Sprintf("%s %s of %s, X-Y %q, %d bytes", r.Method, r.URL, r.Host, r.Header.Get("X-Y"), len(got))
			bad.Store(&said)
		}
	}))
	defer server.Close()
	for _, requests := range []int{1, 3} {
		o := once(server.Listener.Addr().String(), load.HTTP)
		o.Rate, o.Clients, o.Requests = 0, 2, requests
		o.Ask = load.Ask{Method: "PUT", Path: "/a?b=c", Header: []string{"X-Y: z", "host: example.org"}, Body: body}
		allAnswered(t, carryOut(t, o))
	}
	if said := bad.Load(); said != nil {
		t.Errorf("the server heard %s", *said)
	}
}

// An answer to HEAD has a length and no body.
func TestHead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100") }))
	defer server.Close()
	o := once(server.Listener.Addr().String(), load.HTTP)
	o.Ask.Method, o.Requests = "HEAD", 3
	r := carryOut(t, o)
	allAnswered(t, r)
	if r.Again > 0 {
		t.Errorf("%d requests on connections that were closed", r.Again)
	}
}

func TestRaw(t *testing.T) {
	echo := func(conn net.Conn) { _, _ = io.Copy(conn, conn) } // does not close first
	drop := func(conn net.Conn) {}
	for name, test := range map[string]struct {
		serve    func(net.Conn)
		protocol string
		say      string
		fails    string
	}{
		"greeted":              {slow(0), load.Raw, "", ""},
		"greeted, to the end":  {slow(0), load.RawToEnd, "", ""},
		"echoed":               {echo, load.Raw, "ping\r\n", ""},
		"echoed, to the end":   {echo, load.RawToEnd, "ping\r\n", load.Late},
		"closed without words": {drop, load.Raw, "", load.Empty},
	} {
		t.Run(name, func(t *testing.T) {
			o := once(listen(t, test.serve), test.protocol)
			o.Ask.Body = []byte(test.say)
			if test.fails != "" {
				o.Timeout = 50 * time.Millisecond
			}
			r := carryOut(t, o)
			if test.fails == "" {
				allAnswered(t, r)
			} else if r.Requests != 0 || r.Errors[test.fails] != r.Begun {
				t.Errorf("%d of %d answered, errors %v; want %s", r.Requests, r.Begun, r.Errors, test.fails)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for network, address := range map[string]string{"tcp6": "[::1]:0", "unix": path} {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Logf("%s: %v", network, err)
			continue
		}
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		_ = server.Listener.Close()
		server.Listener = l
		server.Start()
		o := once(l.Addr().String(), load.HTTP)
		r := carryOut(t, o)
		if r.Begun == 0 || r.Errors[load.Status] != r.Begun || r.First[load.Status] != "HTTP/1.1 404 Not Found" {
			t.Errorf("%s: errors %v, first %v, want all %d to be not found", network, r.Errors, r.First, r.Begun)
		}
		server.Close()
	}
}

func TestTLS(t *testing.T) {
	var conns atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "Hello from 5\n") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.Config.ErrorLog = quiet
	server.StartTLS()
	defer server.Close()
	secured := once(server.Listener.Addr().String(), load.HTTP)
	secured.TLS = &load.TLS{Unverified: true}
	secured.Rate = 50
	t.Run("open", func(t *testing.T) {
		r := carryOut(t, secured)
		allAnswered(t, r)
		if r.Loop != load.OpenLoop || r.Conns != r.Requests || r.Workers[5] != r.Conns || int(r.Connect.TotalCount()) != r.Begun {
			t.Errorf("%+v", r)
		}
	})
	t.Run("closed, several requests", func(t *testing.T) {
		before := conns.Load()
		o := secured
		o.Rate, o.Clients, o.Requests = 0, 3, 5
		r := carryOut(t, o)
		allAnswered(t, r)
		made := int(conns.Load() - before)
		if n := int(r.Response.TotalCount()); n > made*5 || n < made*5-5*o.Clients {
			t.Errorf("%d answers on %d connections of five", n, made)
		}
	})
	t.Run("not trusted", func(t *testing.T) {
		o := secured
		o.TLS = &load.TLS{ServerName: "localhost"}
		r := carryOut(t, o)
		if r.Begun == 0 || r.Errors[load.BadTLS] != r.Begun || r.First[load.BadTLS] == "" {
			t.Errorf("errors %v, first %v of %d", r.Errors, r.First, r.Begun)
		}
	})
	t.Run("plain", func(t *testing.T) {
		o := secured
		o.Address = listen(t, answerOnce("HTTP/1.1 200 OK\r\n\r\n"))
		o.Timeout = 100 * time.Millisecond
		r := carryOut(t, o)
		if r.Begun == 0 || r.Errors[load.BadTLS]+r.Errors[load.Late] != r.Begun {
			t.Errorf("errors %v, first %v of %d", r.Errors, r.First, r.Begun)
		}
	})
	t.Run("nobody", func(t *testing.T) {
		o := secured
		o.Address = "127.0.0.1:1"
		r := carryOut(t, o)
		if r.Begun == 0 || r.Errors[load.Refused] != r.Begun || r.First[load.Refused] != "connection refused" {
			t.Errorf("errors %v, first %v of %d", r.Errors, r.First, r.Begun)
		}
	})
}

// An order that is ended early says what there is by then.
func TestEndedEarly(t *testing.T) {
	plain := load.Order{Address: listen(t, slow(time.Millisecond)), Clients: 4, Warmup: 20 * time.Millisecond, Length: time.Hour}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = quiet
	server.StartTLS()
	defer server.Close()
	secured := once(server.Listener.Addr().String(), load.HTTP)
	secured.Rate, secured.Clients, secured.Length, secured.TLS = 0, 2, time.Hour, &load.TLS{Unverified: true}
	stuck := load.Order{Address: listen(t, silent), Clients: 4, Threads: 2, Length: time.Hour, Timeout: time.Hour}
	for name, o := range map[string]load.Order{"plain": plain, "secure": secured, "stuck": stuck} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			r, err := load.Start(ctx, o, func(m load.Mark) {
				if m == load.Measuring {
					time.AfterFunc(2*time.Second, cancel) // for a busy machine to answer anybody
				}
			})
			if err == nil || r == nil || !r.Partial || r.Seconds <= 0 || r.Seconds > 60 {
				t.Fatalf("%+v, %v", r, err)
			}
			if answered := r.Requests + sumOf(r.Errors); (answered > 0) != (name != "stuck") {
				t.Errorf("%d answered", answered)
			}
		})
	}
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		o := plain
		o.Warmup = time.Hour
		time.AfterFunc(300*time.Millisecond, cancel)
		if r, err := load.Start(ctx, o, nil); err == nil || r != nil && (r.Seconds != 0 || r.Throughput() != 0) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
