//go:build linux

package worker

import (
	"errors"
	"io"
)

// longestBody is how many bytes the body of a request may have.
const longestBody = 1 << 20

var (
	errBodyTooLarge = errors.New("the body is too large")
	errBrokenChunk  = errors.New("the body is not chunked as it should be")
)

// body gets past the body of a request as it comes, in whatever pieces (RFC 9112, 7.1).
// It is as strict as fasthttp is.
//
//	begin ─┬─► sized ──────────────────────────────────────────────┬─► none
//	       └─► digits ─┬─► spaces ─► newline ─┬─► chunk ─► ends ─┐ │
//	             ▲     └─► extension ──▲      └─0─► trailer ─────┼─┘
//	             └───────────────────────────────────────────────┘
type body struct {
	stage  stage
	left   int // of the body, or of its chunk
	digits int // of a chunk's size, so far
	total  int // of the chunks before
}

type stage uint8

const (
	none stage = iota
	sized
	digits
	spaces
	extension
	newline
	chunk
	chunkCR
	chunkLF
	trailer
)

// begin begins with a body of so many bytes. As in fasthttp, -1 is a chunked one, and
// what is below that is none.
func (b *body) begin(length int) error {
	*b = body{}
	switch {
	case length > longestBody:
		return errBodyTooLarge
	case length > 0:
		b.stage, b.left = sized, length
	case length == -1:
		b.stage = digits
	}
	return nil
}

// skip gets past what there is in in, and returns what follows. The error is errNeedsMore
// if the body is not over by then; ended says that nothing comes.
func (b *body) skip(in []byte, p *parser, ended bool) (rest []byte, err error) {
	for b.stage != none && err == nil {
		switch {
		case b.stage == trailer:
			var used int
			used, err = p.trailer(in, ended)
			in = in[used:]
			if err == nil {
				b.stage = none
			}
		case len(in) == 0 && ended:
			err = io.ErrUnexpectedEOF
		case len(in) == 0:
			err = errNeedsMore
		case b.stage == sized || b.stage == chunk:
			n := min(b.left, len(in))
			in = in[n:]
			b.pass(n)
		default:
			err = b.read(in[0])
			in = in[1:]
		}
	}
	if err != nil && err != errNeedsMore {
		b.stage = none
	}
	return in, err
}

// pass passes over some of the body.
func (b *body) pass(n int) {
	b.left -= n
	switch {
	case b.left > 0:
	case b.stage == chunk:
		b.stage = chunkCR
	default:
		b.stage = none
	}
}

// read reads a byte between chunks.
func (b *body) read(c byte) error {
	switch b.stage {
	case digits:
		return b.readDigit(c)
	case spaces, extension:
		return b.readAfterSize(c)
	case newline:
		return b.endSize(c)
	case chunkCR:
		b.stage = chunkLF
		return expect(c, '\r')
	case chunkLF:
		b.stage, b.digits = digits, 0 // and nothing is left of the chunk
		return expect(c, '\n')
	}
	return nil
}

func (b *body) readDigit(c byte) error {
	const most = 15 // in a number of 64 bits with a sign
	value, ok := hexDigit(c)
	switch {
	case !ok && b.digits > 0:
		return b.readAfterSize(c)
	case !ok || b.digits == most:
		return errBrokenChunk
	}
	b.digits++
	b.left = b.left<<4 | value
	return nil
}

// readAfterSize reads on to the line's end. An extension may say what it likes.
func (b *body) readAfterSize(c byte) error {
	switch {
	case c == '\r':
		b.stage = newline
	case c == '\n':
		return errBrokenChunk
	case b.stage == extension:
	case c == ' ' || c == '\t':
		b.stage = spaces
	case c == ';' && b.stage == digits:
		b.stage = extension
	default:
		return errBrokenChunk
	}
	return nil
}

// endSize ends the line that has the size of a chunk.
func (b *body) endSize(c byte) error {
	b.stage = trailer
	if b.left > 0 {
		b.stage = chunk
	}
	if b.total += b.left; b.total > longestBody {
		return errBodyTooLarge
	}
	return expect(c, '\n')
}

func expect(c, want byte) error {
	if c != want {
		return errBrokenChunk
	}
	return nil
}

func hexDigit(c byte) (value int, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10, true
	}
	return 0, false
}
