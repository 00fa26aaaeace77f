package load

import (
	"strings"
	"testing"
)

// reading is what an answer comes to.
type reading struct {
	bad      bool
	complete bool
	persist  bool
	used     int
	status   int
	body     string
}

// readIn reads an answer that comes in pieces, and then ends.
func readIn(pieces ...string) reading {
	var a answer
	used := 0
	for _, piece := range pieces {
		if a.stage == complete {
			break
		}
		n, err := a.feed([]byte(piece))
		used += n
		if err != nil {
			return reading{bad: true}
		}
	}
	return reading{complete: a.end(), persist: a.persist, used: used, status: a.status, body: string(a.text())}
}

func TestAnswer(t *testing.T) {
	const hello = "Hello from 7\n"
	for name, test := range map[string]struct {
		text string
		want reading
	}{
		"length":                    {"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + hello, reading{complete: true, persist: true, status: 200, body: hello}},
		"length, odd spelling":      {"HTTP/1.1 200\nX: y\ncontent-LENGTH:13\n\n" + hello, reading{complete: true, persist: true, status: 200, body: hello}},
		"no body":                   {"HTTP/1.1 204 No Content\r\n\r\n", reading{complete: true, persist: true, status: 204}},
		"empty body":                {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", reading{complete: true, persist: true, status: 200}},
		"to the end":                {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + hello, reading{complete: true, status: 200, body: hello}},
		"close after length":        {"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 13\r\n\r\n" + hello, reading{complete: true, status: 200, body: hello}},
		"HTTP/1.0":                  {"HTTP/1.0 200 OK\r\nContent-Length: 13\r\n\r\n" + hello, reading{complete: true, status: 200, body: hello}},
		"HTTP/1.0 kept":             {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 13\r\n\r\n" + hello, reading{complete: true, persist: true, status: 200, body: hello}},
		"chunked":                   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n6\r\nHello \r\n7;x=y\r\nfrom 7\n\r\n0\r\n\r\n", reading{complete: true, persist: true, status: 200, body: hello}},
		"chunked with trailer":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nD\r\n" + hello + "\r\n0\r\nA: b\r\n\r\n", reading{complete: true, persist: true, status: 200, body: hello}},
		"after an interim one":      {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + hello, reading{complete: true, persist: true, status: 200, body: hello}},
		"long header":               {"HTTP/1.1 500 Oh\r\n" + strings.Repeat("x", 200) + ": 1\r\nContent-Length: 0\r\n\r\n", reading{complete: true, persist: true, status: 500}},
		"long body":                 {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + strings.Repeat("b", 100), reading{complete: true, persist: true, status: 200, body: strings.Repeat("b", 32)}},
		"cut in the head":           {"HTTP/1.1 200 OK\r\nContent-Le", reading{persist: true, status: 200}},
		"cut in the body":           {"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello", reading{persist: true, status: 200, body: "Hello"}},
		"cut in a chunk":            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nHel", reading{persist: true, status: 200, body: "Hel"}},
		"nothing":                   {"", reading{}},
		"another protocol":          {"SSH-2.0-OpenSSH\r\n", reading{bad: true}},
		"two lengths":               {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", reading{bad: true}},
		"a length that is none":     {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", reading{bad: true}},
		"a chunk size that is none": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", reading{bad: true}},
		"a chunk that is too long":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", reading{bad: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if !test.want.bad {
				test.want.used = len(test.text)
			}
			if got := readIn(test.text); got != test.want {
				t.Errorf("in one piece:\n got %+v\nwant %+v", got, test.want)
			}
			if got := readIn(strings.Split(test.text, "")...); got != test.want {
				t.Errorf("byte by byte:\n got %+v\nwant %+v", got, test.want)
			}
		})
	}
}

// What comes after an answer is not of it.
func TestAnswerStopsAtItsEnd(t *testing.T) {
	text := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
	if got := readIn(text + "HTTP/1.1"); got.used != len(text) || got.body != "ab" {
		t.Errorf("took %d bytes with body %q, want %d and ab", got.used, got.body, len(text))
	}
}

// However an answer is cut in pieces, it reads the same.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.0 100 C\n\nHTTP/1.1 200 OK\nConnection: close, x\n\nto the end",
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("long", 40) + "\r\nContent-Length: 2\r\n\r\nab",
	} {
		f.Add(text, uint(len(text)/2))
	}
	f.Fuzz(func(t *testing.T, text string, at uint) {
		at %= uint(len(text) + 1)
		whole := readIn(text)
		if cut := readIn(text[:at], text[at:]); cut != whole {
			t.Errorf("cut at %d:\n got %+v\nwant %+v", at, cut, whole)
		}
		if bytes := readIn(strings.Split(text, "")...); bytes != whole {
			t.Errorf("byte by byte:\n got %+v\nwant %+v", bytes, whole)
		}
	})
}
