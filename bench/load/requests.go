//go:build linux

package load

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
)

// requests is what clients say, and what counts as an answer to it.
type requests struct {
	protocol string
	total    int    // of a client
	further  []byte // if others follow
	last     []byte
	first    stage // where an answer begins
	headed   bool  // answers have no body
}

func newRequests(o Order) requests {
	r := requests{protocol: o.Protocol, total: max(1, o.Requests)}
	if o.Requests < 0 {
		r.total = math.MaxInt
	}
	switch o.Protocol {
	case HTTP:
		r.further, r.last = o.http(), o.http("Connection: close")
		r.headed = o.Ask.Method == http.MethodHead
	case Raw:
		r.first, r.last = anyBytes, o.Ask.Body
	default:
		r.first, r.last = toEnd, o.Ask.Body
	}
	return r
}

// http is the text of a request. A header that was ordered takes the place of ours.
func (o Order) http(more ...string) []byte {
	host := cmp.Or(o.Ask.Host, o.Address)
	if strings.HasPrefix(host, "/") {
		host = "localhost"
	}
	method := cmp.Or(o.Ask.Method, http.MethodGet)
	headers := append([]string{"Host: " + host}, more...)
	if len(o.Ask.Body) > 0 || slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, method) {
		headers = append(headers, fmt.Sprintf("Content-Length: %d", len(o.Ask.Body)))
	}
	headers = slices.DeleteFunc(headers, func(ours string) bool {
		return slices.ContainsFunc(o.Ask.Header, func(theirs string) bool { return strings.EqualFold(headerName(ours), headerName(theirs)) })
	})
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\n", method, cmp.Or(o.Ask.Path, "/"))
	for _, header := range append(headers, o.Ask.Header...) {
		text.WriteString(header + "\r\n")
	}
	text.WriteString("\r\n")
	text.Write(o.Ask.Body)
	return text.Bytes()
}

func headerName(line string) string {
	name, _, _ := strings.Cut(line, ":")
	return strings.TrimSpace(name)
}

// text is what to say for a client's present request; nothing to a server that
// speaks unasked. It is good until the next call.
func (r *requests) text(e *engine, c *conn) []byte {
	switch {
	case e.pace.demands.service != nil:
		return e.pace.demands.write(e.out[:0], c.demand)
	case c.made < r.total-1:
		return r.further
	}
	return r.last
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
