//go:build linux

package worker

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAClientThatTakesNothingIsDropped(t *testing.T) {
	eachWay(t, generous, 50*time.Millisecond, func(t *testing.T, c hosted) {
		say(t, c, "?")
		<-c.gone
	})
}

// The time is without any progress: a slow client is none that takes nothing.
func TestASlowClientIsServed(t *testing.T) {
	eachWay(t, generous, longEnough, func(t *testing.T, c hosted) {
		say(t, c, "?")
		if n, err := io.Copy(io.Discard, c); n != much || err != nil {
			t.Errorf("%d bytes came, %v", n, err)
		}
	})
}

// Who has begun a request and does not end it is told so, however often a byte comes.
func TestARequestHasItsTime(t *testing.T) {
	eachWay(t, mustApp("http"), 50*time.Millisecond, func(t *testing.T, c hosted) {
		ends := make(chan struct{})
		next := time.NewTicker(10 * time.Millisecond)
		defer next.Stop()
		told := make(chan struct{})
		go func() {
			defer close(ends)
			for range 2000 { // short of the longest head
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
				select {
				case <-next.C:
				case <-told:
					return
				}
			}
		}()
		if got := answered(t, bufio.NewReader(c)); got.StatusCode != http.StatusRequestTimeout || !got.Close {
			t.Errorf("%s", got.Status)
		}
		close(told)
		<-ends
		_ = c.TCPConn.Close()
	})
}

// Nothing is wrong with a client that asks for nothing: it hears the end.
func TestASilentClientIsHungUpOn(t *testing.T) {
	for _, app := range []string{"http", "work"} {
		eachWay(t, mustApp(app), 20*time.Millisecond, func(t *testing.T, c hosted) {
			if got, err := io.ReadAll(c); len(got) > 0 || err != nil {
				t.Errorf("%s: %q, %v", app, got, err)
			}
		})
	}
}

// A worker that was stopped finds the time over, and the request in the socket.
func TestWhatHasArrivedIsReadThoughTimeIsUp(t *testing.T) {
	for _, part := range []string{get, "GET / HTTP/1.1\r\n", ""} {
		peer, fd := pair(t)
		s := newService(mustApp("http"), Spec{ReadTimeout: time.Minute}, new(atomic.Bool))
		var c conn
		s.begin(&c, fd)
		if s.read(&c, false) || c.phase != reading {
			t.Fatalf("phase %d", c.phase)
		}
		if part != "" {
			say(t, peer, part)
			arrives(t, fd)
		}
		s.now += time.Hour
		s.expire(&c)
		switch {
		case part == get:
			if c.phase != reading {
				t.Errorf("%q: phase %d", part, c.phase)
			}
			answered(t, bufio.NewReader(peer))
		case part != "":
			if c.phase != reading || !c.within {
				t.Errorf("%q: phase %d", part, c.phase)
			}
		case c.phase != over:
			t.Errorf("%q: phase %d", part, c.phase)
		}
		if c.phase != over {
			s.close(&c)
		}
	}
}

// When a worker leaves, whoever asks for nothing goes, and whoever has asked is served.
func TestWhoAsksForNothingGoesFirst(t *testing.T) {
	app := mustApp("http")
	eachWay(t, app, longEnough, func(t *testing.T, c hosted) {
		say(t, c, get)
		answers := bufio.NewReader(c)
		if got := answered(t, answers); got.Close {
			t.Error("the first answer ends the connection")
		}
		c.leave()
		if _, err := answers.ReadByte(); err != io.EOF {
			t.Errorf("who has asked before: %v, want the end", err)
		}
	})
	eachWay(t, app, longEnough, func(t *testing.T, c hosted) {
		c.leave()
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("who has never asked: %v, want the end", err)
		}
	})
	eachWay(t, app, longEnough, func(t *testing.T, c hosted) {
		half := len(get) / 2
		say(t, c, get[:half])
		c.leave()
		say(t, c, get[half:])
		if got := answered(t, bufio.NewReader(c)); !got.Close {
			t.Error("who was asking is not told that it was the last answer")
		}
	})
}

// Who has begun a request when the worker leaves has the time of a request for the rest of
// it, and who has not, a moment.
func TestABegunRequestMayTakeItsTime(t *testing.T) {
	for part, want := range map[string]time.Duration{get[:len(get)/2]: longEnough, "": justNow} {
		peer, fd := pair(t)
		var leaving atomic.Bool
		s := newService(mustApp("http"), Spec{ReadTimeout: longEnough}, &leaving)
		var c conn
		s.begin(&c, fd)
		if part != "" {
			say(t, peer, part)
			arrives(t, fd)
			s.read(&c, false)
		}
		leaving.Store(true)
		if at, ok := s.deadline(&c); !ok || at-c.since != want {
			t.Errorf("%q: %v, %v, want %v", part, at-c.since, ok, want)
		}
		s.close(&c)
	}
}

// What a client sends to a worker that leaves does not undo the answer to what it has
// sent before; nor does what it goes on to send when it was refused.
func TestNoResetOvertakesAnAnswer(t *testing.T) {
	eachWay(t, mustApp("http"), longEnough, func(t *testing.T, c hosted) {
		say(t, c, get)
		answers := bufio.NewReader(c)
		answered(t, answers)
		c.leave()
		say(t, c, get+get)
		if got := answered(t, answers); !got.Close {
			t.Error("the last answer is not said to be the last")
		}
		_, _ = io.WriteString(c, get)
		if rest, err := io.ReadAll(answers); len(rest) > 0 || err != nil {
			t.Errorf("%q, %v, want the end", rest, err)
		}
	})
	eachWay(t, mustApp("http"), longEnough, func(t *testing.T, c hosted) {
		head := "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("c", 64<<10) + "\r\n\r\n"
		for ; len(head) > 0; head = head[min(len(head), 1000):] {
			if _, err := io.WriteString(c, head[:min(len(head), 1000)]); err != nil {
				t.Fatalf("with %d bytes to go: %v", len(head), err)
			}
		}
		answers := bufio.NewReader(c)
		if got := answered(t, answers); got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s", got.Status)
		}
		if rest, err := io.ReadAll(answers); len(rest) > 0 || err != nil {
			t.Errorf("%q, %v, want the end", rest, err)
		}
	})
}

// Who asks without waiting for answers gets as many as it has asked for, in either way of
// cutting what it sends, and though it does not read meanwhile.
func TestPipelining(t *testing.T) {
	const requests = 20000
	eachWay(t, mustApp("http"), longEnough, func(t *testing.T, c hosted) {
		sent := make(chan error, 1)
		go func() {
			_, err := io.Copy(c, strings.NewReader(strings.Repeat(get, requests)))
			sent <- err
		}()
		answers := bufio.NewReader(c)
		for i := range requests {
			if got := answered(t, answers); got.StatusCode != http.StatusOK {
				t.Fatalf("answer %d: %s", i, got.Status)
			}
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}

// echo sends back all, though it is more than fits on the way, and ends when its client
// does.
func TestEchoOfMuch(t *testing.T) {
	eachWay(t, mustApp("echo"), longEnough, func(t *testing.T, c hosted) {
		text := bytes.Repeat([]byte("a line of its own\n"), 1<<20)
		go func() {
			_, _ = c.Write(text)
			_ = c.CloseWrite()
		}()
		if got, err := io.ReadAll(c); !bytes.Equal(got, text) || err != nil {
			t.Errorf("%d bytes of %d, %v", len(got), len(text), err)
		}
	})
}

// One client that sends a byte at a time, one that pipelines, one that sends 64 kB of
// headers, one that says nothing, one that takes nothing and some that sleep: nobody is
// kept waiting by them.
func TestNobodyHoldsUpTheLoop(t *testing.T) {
	w := newTestWorker(t, mustApp("http"), longEnough)
	l := newTestLoop(t, w)
	var peers []*net.TCPConn
	var fds []int
	for range 6 {
		peer, fd := pair(t)
		peers, fds = append(peers, peer), append(fds, fd)
	}
	ended := make(chan error, 1)
	go func() {
		for _, fd := range fds {
			l.welcome(fd)
		}
		ended <- l.run()
	}()
	slow, eager, big, deaf, _, usual := peers[0], peers[1], peers[2], peers[3], peers[4], peers[5]
	answers := bufio.NewReader(usual)
	for i := range len(get) {
		say(t, slow, get[i:i+1])
		say(t, eager, strings.Repeat(get, 100))
		_, _ = io.WriteString(big, strings.Repeat("x", 2<<10))
		_ = deaf.SetWriteDeadline(time.Now().Add(time.Millisecond))
		_, _ = io.WriteString(deaf, strings.Repeat(get, 1000)) // as much as fits on the way
		say(t, usual, get)
		answered(t, answers)
	}
	answered(t, bufio.NewReader(slow))
	if got := answered(t, bufio.NewReader(big)); got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s", got.Status)
	}
	pipelined := bufio.NewReader(eager)
	for range 100 * len(get) {
		answered(t, pipelined)
	}
	for _, peer := range peers {
		_ = peer.Close()
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Connections that wait for nothing but a request hold no buffers, and wake nobody.
func TestIdleConnectionsHoldNoBuffers(t *testing.T) {
	const idle = 100
	w := newTestWorker(t, mustApp("http"), time.Hour)
	l := newTestLoop(t, w)
	turnUntil := func(all func(*conn) bool) {
		for done := 0; done < idle; {
			if err := l.turn(); err != nil {
				t.Fatal(err)
			}
			done = 0
			for _, c := range l.conns {
				if c != nil && all(c) {
					done++
				}
			}
		}
	}
	var peers []*net.TCPConn
	for range idle {
		peer, fd := pair(t)
		l.welcome(fd)
		say(t, peer, get+get[:9])
		peers = append(peers, peer)
	}
	turnUntil(func(c *conn) bool { return c.kept && string(c.rest) == get[:9] })
	for _, peer := range peers {
		say(t, peer, get[9:])
	}
	turnUntil(func(c *conn) bool { return !c.within })
	for _, peer := range peers {
		answers := bufio.NewReader(peer)
		answered(t, answers)
		answered(t, answers)
	}
	for _, c := range l.conns {
		if c != nil && (c.rest != nil || c.out != nil || c.unread || c.phase != reading) {
			t.Fatalf("%+v", c.life)
		}
	}
	if len(l.again) > 0 || l.door.open != idle {
		t.Errorf("%d are to be come back to, %d are open", len(l.again), l.door.open)
	}
	if wait := l.limit(); wait < time.Minute {
		t.Errorf("the next look is in %v", wait)
	}
	for _, c := range l.conns {
		if c != nil {
			l.close(c)
			l.release(c)
		}
	}
}
