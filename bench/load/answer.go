package load

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// answer reads one answer as it comes, in whatever pieces. The zero value is at
// the beginning of an HTTP answer; one that stands at toEnd or anyBytes has no head,
// as a greeting has none. It reads what servers send to a request, and is no judge of
// the rest of RFC 9112.
//
//	statusLine ─► headLine ─┬─► sized ──────────────────────────────┬─► complete
//	     ▲            │     ├─► chunkSize ─► chunk ─► chunkEnd ─┐   │
//	     └────1xx─────┘     │       ▲ └─0─► trailer ─────────────┼───┤
//	                        │       └────────────────────────────┘   │
//	                        └─► toEnd ──────── end() ────────────────┤
//	                            anyBytes ────────────────────────────┘
type answer struct {
	stage   stage
	started bool // a byte has come
	persist bool // the server keeps the connection
	chunked bool
	sized   bool  // a Content-Length has come
	headed  bool  // the request was HEAD: there is no body, whatever the head says
	left    int64 // of the body, or of its chunk
	status  int

	first    [64]byte // the beginning of the status line
	firstLen int
	line     [64]byte // the beginning of the present line
	lineLen  int      // of the whole line
	body     [32]byte // the beginning of the body
	bodyLen  int
}

type stage uint8

const (
	statusLine stage = iota
	headLine
	sizedBody
	chunkSize
	chunk
	chunkEnd
	trailer
	toEnd
	anyBytes // the first that come are all of it
	complete
)

var errAnswer = errors.New("not an HTTP answer")

// reset makes it ready for the next answer.
func (a *answer) reset(first stage, headed bool) {
	*a = answer{stage: first, headed: headed}
}

// feed takes in bytes and returns how many of them belong to the answer: all,
// unless it is complete.
func (a *answer) feed(b []byte) (used int, err error) {
	a.started = a.started || len(b) > 0
	for used < len(b) && a.stage != complete && err == nil {
		n := 0
		switch a.stage {
		case sizedBody, chunk:
			n = a.takeBody(b[used:])
		case toEnd:
			n = len(b) - used
			a.keep(b[used:])
		case anyBytes:
			n = len(b) - used
			a.keep(b[used:])
			a.stage = complete
		default:
			n, err = a.takeLine(b[used:])
		}
		used += n
	}
	return used, err
}

// end says that the connection has been closed, and reports whether the answer is
// complete by that.
func (a *answer) end() bool {
	if a.stage == toEnd && a.started {
		a.stage = complete
		a.persist = false
	}
	return a.stage == complete
}

// success reports a 2xx.
func (a *answer) success() bool { return a.status/100 == 2 }

// said is the first line of what has come, or its beginning, fit to be printed;
// nothing if nothing has come. It costs more than reading does.
func (a *answer) said() string {
	text := a.text()
	switch {
	case a.firstLen > 0:
		text = a.first[:a.firstLen]
	case len(text) == 0:
		text = a.line[:min(a.lineLen, len(a.line))]
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	quoted := strconv.Quote(string(bytes.TrimRight(line, "\r")))
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// text is the beginning of the body.
func (a *answer) text() []byte { return a.body[:a.bodyLen] }

func (a *answer) keep(b []byte) {
	a.bodyLen += copy(a.body[a.bodyLen:], b)
}

func (a *answer) takeBody(b []byte) int {
	n := int(min(a.left, int64(len(b))))
	a.keep(b[:n])
	a.left -= int64(n)
	switch {
	case a.left > 0:
	case a.stage == chunk:
		a.stage = chunkEnd
	default:
		a.stage = complete
	}
	return n
}

// takeLine takes in bytes up to a line's end. Of a long line only the beginning is
// looked at: what matters here is short.
func (a *answer) takeLine(b []byte) (n int, err error) {
	n = bytes.IndexByte(b, '\n') + 1
	ended := n > 0
	if !ended {
		n = len(b)
	}
	copy(a.line[min(a.lineLen, len(a.line)):], b[:n])
	a.lineLen += n
	if !ended {
		return n, nil
	}
	line := a.line[:min(a.lineLen, len(a.line))]
	a.lineLen = 0
	return n, a.endLine(bytes.TrimRight(line, "\r\n"))
}

func (a *answer) endLine(line []byte) error {
	switch a.stage {
	case statusLine:
		return a.readStatus(line)
	case headLine:
		if len(line) == 0 {
			a.endHead()
			return nil
		}
		return a.readHeader(line)
	case chunkSize:
		return a.readChunkSize(line)
	case chunkEnd:
		a.stage = chunkSize
		if len(line) > 0 {
			return errAnswer
		}
	case trailer:
		if len(line) == 0 {
			a.stage = complete
		}
	}
	return nil
}

// readStatus reads "HTTP/1.1 200 OK".
func (a *answer) readStatus(line []byte) error {
	const before = len("HTTP/1.1 ")
	a.firstLen = copy(a.first[:], line)
	version, ok := bytes.CutPrefix(line, []byte("HTTP/1."))
	if !ok || len(line) < before+3 || version[1] != ' ' {
		return errAnswer
	}
	status, err := strconv.ParseUint(string(line[before:before+3]), 10, 16)
	if err != nil || status < 100 || len(line) > before+3 && line[before+3] != ' ' {
		return errAnswer
	}
	a.status, a.persist, a.stage = int(status), version[0] != '0', headLine
	a.sized, a.chunked = false, false
	return nil
}

func (a *answer) readHeader(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		if len(line) == len(a.line) {
			return nil // a name so long is none that matters
		}
		return errAnswer
	}
	value = bytes.TrimSpace(value)
	switch {
	case bytes.EqualFold(name, []byte("content-length")):
		length, err := strconv.ParseUint(string(value), 10, 62)
		if err != nil || a.sized && a.left != int64(length) {
			return errAnswer
		}
		a.left, a.sized = int64(length), true
	case bytes.EqualFold(name, []byte("transfer-encoding")):
		a.chunked = hasToken(value, "chunked")
	case bytes.EqualFold(name, []byte("connection")):
		a.persist = !hasToken(value, "close") && (a.persist || hasToken(value, "keep-alive"))
	}
	return nil
}

// hasToken looks in a list such as "gzip, chunked".
func hasToken(list []byte, token string) bool {
	for item := range bytes.SplitSeq(list, []byte(",")) {
		if bytes.EqualFold(bytes.TrimSpace(item), []byte(token)) {
			return true
		}
	}
	return false
}

// endHead chooses how the body's end is told (RFC 9112, 6.3).
func (a *answer) endHead() {
	switch {
	case a.status < 200: // 100 Continue, 103 Early Hints: the answer is yet to come
		a.stage = statusLine
	case a.headed || a.status == 204 || a.status == 304:
		a.stage = complete
	case a.chunked:
		a.stage = chunkSize
	case !a.sized:
		a.stage, a.persist = toEnd, false
	case a.left == 0:
		a.stage = complete
	default:
		a.stage = sizedBody
	}
}

// readChunkSize reads "1f;extension".
func (a *answer) readChunkSize(line []byte) error {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	size, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 62)
	if err != nil {
		return errAnswer
	}
	a.left, a.stage = int64(size), chunk
	if size == 0 {
		a.stage = trailer
	}
	return nil
}

// parsePID reads the number in "Hello from 123\n"; 0 if there is none.
func parsePID(text []byte) (pid int) {
	number, ok := bytes.CutPrefix(text, []byte("Hello from "))
	if !ok {
		return 0
	}
	for _, b := range number {
		if b < '0' || b > '9' {
			break
		}
		pid = pid*10 + int(b-'0')
	}
	return pid
}
