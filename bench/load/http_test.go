//go:build linux

package load_test

import (
	"bufio"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"prefork/bench/load"
	"prefork/internal/servertest"
)

// listen has serve take each connection that comes, and closes it after.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return l.Addr().String()
}

// request reads the head of a request; nothing at the connection's end.
func request(r *bufio.Reader) (head string) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return ""
		}
		if head += line; line == "\r\n" {
			return head
		}
	}
}

// answerOnce is a server that says one thing to each connection.
func answerOnce(text string) func(net.Conn) {
	return func(conn net.Conn) {
		if request(bufio.NewReader(conn)) != "" {
			_, _ = fmt.Fprint(conn, text)
		}
	}
}

// web is an order of HTTP in an open loop, so slow that all is done in time.
func web(address string) load.Order {
	return load.Order{Address: address, Protocol: load.HTTP, Rate: 200, Length: 300 * time.Millisecond, Timeout: 10 * time.Second, Seed: 1}
}

func TestAnswersOfServers(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		kind   string // of the error
		first  string // what is told of it
		pid    int
	}{
		"with a length":          {answer: "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello from 5\n", pid: 5},
		"without a length":       {answer: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello from 5\n", pid: 5},
		"chunked":                {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n8\r\n from 5\n\r\n0\r\n\r\n", pid: 5},
		"of another server":      {answer: "HTTP/1.1 206 Some\r\nContent-Length: 5\r\n\r\nIndex"},
		"that are no success":    {answer: "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", kind: load.Status, first: "HTTP/1.1 503 Busy"},
		"of another protocol":    {answer: "Hello \"from\" \x005\n", kind: load.Status, first: `Hello "from" \x005`},
		"of a line without end":  {answer: "\x15\x03\x01\x00\x02\x02\x16", kind: load.Empty, first: `\x15\x03\x01\x00\x02\x02\x16`},
		"that are cut":           {answer: "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello", kind: load.Empty, first: "HTTP/1.1 200 OK"},
		"of which there is none": {kind: load.Empty},
	} {
		t.Run(name, func(t *testing.T) {
			r := carryOut(t, web(listen(t, answerOnce(test.answer))))
			if test.kind != "" {
				if r.First[test.kind] != test.first {
					t.Errorf("the first of them: %q, want %q", r.First[test.kind], test.first)
				}
				if r.Conns != 0 || r.Errors[test.kind] != r.Begun || len(r.Errors) != 1 {
					t.Errorf("%d answers of %d, errors %v; want only %s", r.Conns, r.Begun, r.Errors, test.kind)
				}
				return
			}
			if answered := int(r.Response.TotalCount()); answered != r.Begun || r.Conns != r.Requests || len(r.Errors) > 0 {
				t.Errorf("%d answers of %d, %d connections and %d requests in time, errors %v", answered, r.Begun, r.Conns, r.Requests, r.Errors)
			}
			want := map[int]int{}
			if test.pid > 0 {
				want[test.pid] = r.Conns
			}
			if !maps.Equal(r.Workers, want) {
				t.Errorf("workers %v, want %v", r.Workers, want)
			}
		})
	}
}

// Each of our own workers is told apart, and counts the connections that we count.
func TestWorkersOfHTTP(t *testing.T) {
	s := servertest.Start(t, "-w", "3", "--app", "http")
	for name, requests := range map[string]int{"one request": 0, "several": 4} {
		t.Run(name, func(t *testing.T) {
			before := finished(s)
			o := web(s.Addr)
			o.Requests = requests
			r := carryOut(t, o)
			if r.Conns == 0 || r.Requests < r.Conns*max(1, requests) || len(r.Errors) > 0 {
				t.Fatalf("%d connections, %d requests, errors %v", r.Conns, r.Requests, r.Errors)
			}
			servertest.Eventually(t, "the workers have counted them", func() bool {
				n := beyond(r.Workers, served(before, finished(s)))
				return n >= 0 && n <= r.MaxOpen // connections that had their last answer after the end
			})
		})
	}
}

// keepAlive is a server that makes as many answers on a connection as it likes,
// and counts.
type keepAlive struct {
	answers       int    // on a connection
	header        string // of the last of them
	conns, served atomic.Int64
	last          atomic.Int64 // requests that said Connection: close
}

func (k *keepAlive) serve(conn net.Conn) {
	k.conns.Add(1)
	requests := bufio.NewReader(conn)
	for n := 1; n <= k.answers; n++ {
		head := request(requests)
		if head == "" {
			return
		}
		if strings.Contains(head, "Connection: close\r\n") {
			k.last.Add(1)
		}
		header := ""
		if n == k.answers {
			header = k.header
		}
		k.served.Add(1)
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%s\r\nok", header)
	}
}

func TestSeveralRequests(t *testing.T) {
	for name, test := range map[string]struct {
		answers int
		header  string
		perSix  int64 // connections that six requests take
	}{
		"kept":            {1000, "", 1},
		"closed silently": {2, "", 3},
		"closed as said":  {2, "Connection: close\r\n", 3},
	} {
		for _, think := range []time.Duration{0, 5 * time.Millisecond} {
			t.Run(fmt.Sprint(name, ", think ", think), func(t *testing.T) {
				server := keepAlive{answers: test.answers, header: test.header}
				o := web(listen(t, server.serve))
				o.Rate, o.Requests, o.Think = 100, 6, think
				r := carryOut(t, o)
				if len(r.Errors) > 0 {
					t.Fatalf("errors %v", r.Errors)
				}
				if test.header != "" && r.Again > 0 {
					t.Errorf("%d requests were made on connections that the server had said it would close", r.Again)
				}
				if n := server.served.Load(); n != r.Response.TotalCount() {
					t.Errorf("%d response times of %d answers", r.Response.TotalCount(), n)
				}
				// Clients that began late have no time for all their requests.
				if whole := server.last.Load(); whole == 0 || server.conns.Load() < whole*test.perSix {
					t.Errorf("%d clients had six answers on %d connections, want %d for each", whole, server.conns.Load(), test.perSix)
				}
				if each := 6 / int(test.perSix); r.Conns == 0 || r.Conns*each > r.Requests || r.Requests-r.Conns*each > r.Due*each {
					t.Errorf("%d connections done, of %d answers each, with %d answers", r.Conns, each, r.Requests)
				}
			})
		}
	}
}

// A pause between requests bounds how many there are.
func TestThink(t *testing.T) {
	server := keepAlive{answers: 1000}
	o := web(listen(t, server.serve))
	o.Rate, o.Clients, o.Requests, o.Think = 0, 4, -1, 50*time.Millisecond
	r := carryOut(t, o)
	if most := 4 * (1 + int(o.Length/o.Think)); r.Requests > most || r.Requests < 4 {
		t.Errorf("%d requests, want at most %d", r.Requests, most)
	}
	if server.conns.Load() != 4 || r.Conns != 4 {
		t.Errorf("%d connections, %d done; want 4", server.conns.Load(), r.Conns)
	}
	if lag := r.Lag.ValueAtQuantile(50); lag > 40_000 {
		t.Errorf("requests were sent %d µs after they were due", lag)
	}
}

func TestHeldOpen(t *testing.T) {
	s := servertest.Start(t, "-w", "3", "--app", "http", "--concurrency", "50")
	for name, think := range map[string]time.Duration{"busy": 0, "idle": time.Minute} {
		t.Run(name, func(t *testing.T) {
			o := web(s.Addr)
			o.Rate, o.Clients, o.Requests, o.Think, o.Warmup = 0, 9, -1, think, 50*time.Millisecond
			r := carryOut(t, o)
			if len(r.Errors) > 0 || sum(r.Held) != 9 || r.MaxOpen != 9 {
				t.Fatalf("held %v, at most %d, errors %v; want 9", r.Held, r.MaxOpen, r.Errors)
			}
			for pid := range r.Held {
				if _, ours := finished(s)[pid]; !ours {
					t.Errorf("pid %d is none of the workers", pid)
				}
			}
			if want := map[string]int{"busy": 9, "idle": 0}[name]; r.Conns != want || sum(r.Workers) != want {
				t.Errorf("%d connections with answers in the measured time, of %v; want %d", r.Conns, r.Workers, want)
			}
		})
	}
}

// In a partly open loop only a connection's first request is timed from when it was
// due: that the server was slow to take the connection is no part of the others' time.
func TestPartlyOpen(t *testing.T) {
	const hold = 300 * time.Millisecond
	server := func(conn net.Conn) {
		<-time.After(hold) // with the first request unread
		(&keepAlive{answers: 5}).serve(conn)
	}
	o := web(listen(t, server))
	o.Rate, o.Requests, o.Stall, o.Length = 50, 5, hold/2, 2*hold
	r := carryOut(t, o)
	if r.Loop != load.PartlyOpen {
		t.Errorf("it is called %s, want %s", r.Loop, load.PartlyOpen)
	}
	later := int(r.Response.TotalCount()) - r.Begun
	if r.Begun == 0 || later == 0 || r.Stalled < r.Begun || r.Stalled > r.Begun+later/2 {
		t.Errorf("%d connections and %d further requests, of which %d were slow in all", r.Begun, later, r.Stalled)
	}
}

func TestLoops(t *testing.T) {
	for want, o := range map[string]load.Order{
		load.ClosedLoop: {Clients: 1, Requests: 5},
		load.OpenLoop:   {Rate: 1, Requests: 1},
		load.PartlyOpen: {Rate: 1, Requests: -1},
	} {
		if got := o.Loop(); got != want {
			t.Errorf("%+v is %s, want %s", o, got, want)
		}
	}
}
