//go:build linux

package load

import (
	"math"
	"strings"
)

// requests is what clients say, and what counts as an answer to it.
type requests struct {
	protocol string
	total    int    // of a client
	further  []byte // HTTP, if others follow
	last     []byte
}

func newRequests(o Order) requests {
	host := o.Address
	if strings.HasPrefix(host, "/") {
		host = "localhost"
	}
	get := "GET / HTTP/1.1\r\nHost: " + host + "\r\n"
	r := requests{protocol: o.Protocol, total: max(1, o.Requests), further: []byte(get + "\r\n"), last: []byte(get + "Connection: close\r\n\r\n")}
	if o.Requests < 0 {
		r.total = math.MaxInt
	}
	return r
}

// text is what to say for a client's present request; nothing to a server that
// speaks unasked. It is good until the next call.
func (r *requests) text(e *engine, c *conn) []byte {
	switch {
	case r.protocol == HTTP && c.made == r.total-1:
		return r.last
	case r.protocol == HTTP:
		return r.further
	case e.pace.demands.service != nil:
		return e.pace.demands.write(e.out[:0], c.demand)
	}
	return nil
}

// fault is what is wrong with a complete answer; nothing if it is a success.
func (r *requests) fault(a *answer, pid int) string {
	switch {
	case r.protocol == HTTP && !a.success():
		return Status
	case r.protocol == Greeting && pid == 0:
		return Empty
	}
	return ""
}
