//go:build linux

package worker

import (
	"errors"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"
)

// answers are all that the app says to a request that it serves. They are written anew
// once a second, for the date in them: a timer for that, as fasthttp has one, would wake
// an idle worker.
type answers struct {
	body    string
	written time.Duration // when, by Exchange.Now
	good    bool
	// The connection stays, as is usual in HTTP/1.1; stays, which is to be told; ends.
	usual, stays, ends answer
}

// answer has a head and a body, which HEAD does not get.
type answer struct {
	text []byte
	head int // so long
}

// append appends an answer.
func (a *answers) append(to []byte, now time.Duration, ends, old, headOnly bool) []byte {
	if !a.good || now-a.written >= time.Second {
		a.write(now)
	}
	say := &a.usual
	switch {
	case ends:
		say = &a.ends
	case old:
		say = &a.stays
	}
	if headOnly {
		return append(to, say.text[:say.head]...)
	}
	return append(to, say.text...)
}

func (a *answers) write(now time.Duration) {
	wall := time.Now()
	a.good, a.written = true, now-time.Duration(wall.Nanosecond()) // when that second began
	a.usual.write(wall, fasthttp.StatusOK, "", a.body)
	a.stays.write(wall, fasthttp.StatusOK, "Connection: keep-alive\r\n", a.body)
	a.ends.write(wall, fasthttp.StatusOK, "Connection: close\r\n", a.body)
}

// write writes an answer as fasthttp would.
func (a *answer) write(wall time.Time, status int, connection, body string) {
	a.text = fmt.Appendf(a.text[:0], "HTTP/1.1 %d %s\r\nServer: prefork\r\nDate: ", status, fasthttp.StatusMessage(status))
	a.text = fasthttp.AppendHTTPDate(a.text, wall)
	a.text = fmt.Appendf(a.text, "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n%s\r\n", len(body), connection)
	a.head = len(a.text)
	a.text = append(a.text, body...)
}

// statusOf is the status that says what is wrong with a request.
func statusOf(err error) int {
	var tooBig *fasthttp.ErrSmallBuffer
	if errors.As(err, &tooBig) {
		return fasthttp.StatusRequestHeaderFieldsTooLarge
	}
	return fasthttp.StatusBadRequest
}

// refusals are the words of fasthttp.
var refusals = map[int]string{
	fasthttp.StatusBadRequest:                  "Error when parsing request",
	fasthttp.StatusRequestTimeout:              "Request timeout",
	fasthttp.StatusRequestHeaderFieldsTooLarge: "Too big request header",
}

// appendRefusal appends an answer that says what is wrong, and ends the connection.
func appendRefusal(to []byte, status int) []byte {
	var a answer
	a.write(time.Now(), status, "Connection: close\r\n", refusals[status])
	return append(to, a.text...)
}
