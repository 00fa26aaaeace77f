// Package control is how a running master is spoken to: over a Unix socket, one line of
// JSON a request, and one or more lines in answer (docs/operate/control.md).
//
//	{"control":1,"verb":"workers","arg":"+1"}
//	◄ {"control":1,"kind":"progress","text":"4 of 5 workers are ready","done":4,"of":5}
//	◄ {"control":1,"kind":"done","text":"5 workers"}
//
// What can be asked for is the table Verbs. Reading a request is pure; who listens is a
// Server, who asks a Client, and where the socket lies is for Place and Find.
package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	// Version is that of requests and answers. It grows with what an older program
	// could not read, or would read wrongly.
	Version = 1

	// MaxRequest is how long a request may be, in bytes, with the end of its line.
	MaxRequest = 4096
)

// Wire is a request as it is written.
type Wire struct {
	Control int    `json:"control"` // Version
	Verb    string `json:"verb"`
	Arg     string `json:"arg,omitempty"`
}

// Kind is what an answer says about the request.
type Kind string

// The kinds. After any but the first, nothing more follows.
const (
	Progress Kind = "progress" // it is under way
	Done     Kind = "done"     // it has come true
	Failed   Kind = "failed"   // it was tried
	Refused  Kind = "refused"  // it was not begun
)

// Code says why something failed or was refused, for who cannot read the text.
type Code string

// The codes.
const (
	CodeUsage      Code = "usage"       // the request cannot be read, or asks for what there is not
	CodeVersion    Code = "version"     // it is of a version that is not known here
	CodeNotAllowed Code = "not-allowed" // this user may not ask
	CodeState      Code = "state"       // not now: the server is paused, or stopping
	CodeNoStart    Code = "no-start"    // a new worker did not get ready
	CodeOther      Code = "other"
)

// Answer is one line of an answer.
type Answer struct {
	Control int    `json:"control"` // Version
	Kind    Kind   `json:"kind"`
	Text    string `json:"text,omitempty"` // a sentence for people
	Code    Code   `json:"code,omitempty"`
	// Progress has come so far, of so many.
	Done   int     `json:"done,omitempty"`
	Of     int     `json:"of,omitempty"`
	Status *Status `json:"status,omitempty"`
}

// Final reports whether nothing follows it.
func (a Answer) Final() bool { return a.Kind != Progress }

// Say makes an answer.
func Say(kind Kind, format string, args ...any) Answer {
	return Answer{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// Refuse makes one that refuses.
func Refuse(code Code, format string, args ...any) Answer {
	return Answer{Kind: Refused, Code: code, Text: fmt.Sprintf(format, args...)}
}

// Line is the answer as it is sent.
func (a Answer) Line() []byte { return line(a.versioned()) }

func (a Answer) versioned() Answer {
	a.Control = Version
	return a
}

// Line is the request as it is sent.
func (w Wire) Line() []byte { return line(w) }

func line(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types can be written
	}
	return append(text, '\n')
}

// RefusalError is why a request is not heeded.
type RefusalError struct {
	Code Code
	Text string
}

func (e *RefusalError) Error() string { return e.Text }

func unreadable(format string, args ...any) error {
	return &RefusalError{CodeUsage, fmt.Sprintf(format, args...)}
}

// example is in what is said about a line that is no request.
const example = `{"control":1,"verb":"status"}`

// ReadRequest reads one line. An error is a *RefusalError.
func ReadRequest(text []byte) (Request, error) {
	var w Wire
	decoder := json.NewDecoder(bytes.NewReader(text))
	// A newer version may have more in it: first of all comes which one this is.
	var version struct{ Control int }
	switch err := json.NewDecoder(bytes.NewReader(text)).Decode(&version); {
	case err != nil || version.Control < 1:
		return Request{}, unreadable("this is no request; want a line such as %s", example)
	case version.Control > Version:
		return Request{}, &RefusalError{CodeVersion, fmt.Sprintf("the request is of version %d, and this master knows version %d: ask it with the prefork that it runs", version.Control, Version)}
	}
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&w); err != nil {
		return Request{}, unreadable("the request cannot be read: %v; want a line such as %s", err, example)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Request{}, unreadable("something follows the request on its line; want one request a line, such as %s", example)
	}
	return w.Request()
}

// ReadAnswer reads one line.
func ReadAnswer(text []byte) (a Answer, err error) {
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("the answer cannot be read: %w", err)
	}
	if a.Control > Version {
		return a, fmt.Errorf("the master answers in version %d, and this prefork knows version %d: ask it with the prefork that it runs", a.Control, Version)
	}
	return a, nil
}

// RefusalOf is the answer to what was refused with an error.
func RefusalOf(err error) Answer {
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		return Refuse(refusal.Code, "%s", refusal.Text)
	}
	return Refuse(CodeOther, "%v", err)
}

// Peer is who has connected, as the kernel says (SO_PEERCRED in unix(7)).
type Peer struct{ PID, UID int }

func (p Peer) String() string { return fmt.Sprintf("pid %d, uid %d", p.PID, p.UID) }
