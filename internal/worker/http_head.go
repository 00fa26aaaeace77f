//go:build linux

package worker

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/valyala/fasthttp"
)

// longestHead is how many bytes the head of a request may have, and the trailer behind
// its body.
const longestHead = 4 << 10

// errNeedsMore says that a request is not complete yet.
var errNeedsMore = errors.New("more is needed")

// parser has fasthttp read what has arrived. It is not called before it may be able to
// read to the end, since it begins anew each time. It holds nothing between two calls.
type parser struct {
	header fasthttp.RequestHeader
	uri    fasthttp.URI
	input  bytes.Reader
	buffer *bufio.Reader // over input; fasthttp takes longestHead from its size

	readHeader, readTrailer func(*bufio.Reader) error // header's
}

func newParser() *parser {
	p := &parser{}
	p.buffer = bufio.NewReaderSize(&p.input, longestHead)
	p.readHeader, p.readTrailer = p.header.Read, p.header.ReadTrailer
	return p
}

// head reads the head of a request, of which so many bytes were used. It is good until
// the next call. ended says that nothing follows what is in. The error is errNeedsMore
// where something has to, and io.EOF where there is no request.
func (p *parser) head(in []byte, ended bool) (h *fasthttp.RequestHeader, used int, err error) {
	start := 0
	for start < min(len(in), longestHead) && (in[start] == '\r' || in[start] == '\n') {
		start++ // lines before a request are passed over
	}
	if used, err = p.parse(p.readHeader, in, start, ended); err != nil {
		return nil, 0, err
	}
	return &p.header, used, p.uri.Parse(p.header.Host(), p.header.RequestURI())
}

// trailer reads what may follow the last chunk of a body.
func (p *parser) trailer(in []byte, ended bool) (used int, err error) {
	if bytes.HasPrefix(in, []byte("\r\n")) {
		return 2, nil
	}
	p.header.Reset()
	if used, err = p.parse(p.readTrailer, in, 0, ended); err == io.EOF {
		err = io.ErrUnexpectedEOF // there was a request
	}
	return used, err
}

// parse reads in to the blank line that may be the end, and further if it was not.
func (p *parser) parse(read func(*bufio.Reader) error, in []byte, start int, ended bool) (used int, err error) {
	end := bytes.Index(in[start:min(len(in), longestHead)], []byte("\n\r\n"))
	if end < 0 && len(in) < longestHead && !ended {
		return 0, errNeedsMore
	}
	if end >= 0 {
		if used, err = p.try(read, in[:start+end+3]); !errors.Is(err, io.EOF) {
			return used, err
		}
	}
	if used, err = p.try(read, in); errors.Is(err, io.EOF) && len(in) < longestHead && !ended {
		return 0, errNeedsMore
	}
	return used, err
}

// try has fasthttp read from in. Where that ends too early, the error is an io.EOF.
func (p *parser) try(read func(*bufio.Reader) error, in []byte) (used int, err error) {
	p.input.Reset(in)
	p.buffer.Reset(&p.input)
	if err := read(p.buffer); err != nil {
		return 0, err
	}
	return len(in) - p.input.Len() - p.buffer.Buffered(), nil
}

// expectsContinue says that a client sends its body when it is asked to (RFC 9110,
// 10.1.1).
func expectsContinue(h *fasthttp.RequestHeader) bool {
	return h.IsHTTP11() && bytes.EqualFold(h.Peek(fasthttp.HeaderExpect), []byte("100-continue"))
}
