//go:build linux

package load_test

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"prefork/bench/load"
)

// queue is a server with a few workers and one line before them, which counts its
// answers.
type queue struct {
	workers chan struct{}
	service time.Duration
	answers atomic.Int64
}

func (q *queue) serve(conn net.Conn) {
	q.workers <- struct{}{}
	<-time.After(q.service)
	q.answers.Add(1)
	_, _ = fmt.Fprint(conn, "Hello from 5\n")
	<-q.workers
}

// However short the measured time, all that is answered in it is counted, that also
// which was due before: with 40 clients and four workers who take 20 ms, an answer
// comes 200 ms after it was due.
func TestShortMeasuredTimes(t *testing.T) {
	for _, test := range []struct {
		clients int
		service time.Duration
	}{{40, 20 * time.Millisecond}, {400, 5 * time.Millisecond}} {
		for _, length := range []time.Duration{400 * time.Millisecond, 200 * time.Millisecond, 100 * time.Millisecond} {
			t.Run(fmt.Sprint(test.clients, " clients, ", length), func(t *testing.T) {
				server := queue{workers: make(chan struct{}, 4), service: test.service}
				var before, after int64 // by the server's own account
				o := load.Order{Address: listen(t, server.serve), Clients: test.clients, Warmup: 300 * time.Millisecond, Length: length, Timeout: time.Minute}
				r, err := load.Run(t.Context(), o, func(m load.Mark) {
					before, after = after, server.answers.Load()
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d requests, the server made %d answers meanwhile: %.0f a second", r.Requests, after-before, r.Throughput())
				if made := float64(after - before); float64(r.Requests) < made/2 || float64(r.Requests) > made*2 {
					t.Errorf("%d requests, the server made %.0f answers", r.Requests, made)
				}
				if r.Conns != r.Requests || r.Workers[5] != r.Requests {
					t.Errorf("%d requests on %d connections, %d of the worker", r.Requests, r.Conns, r.Workers[5])
				}
			})
		}
	}
}
