//go:build linux

package control

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const patience = 30 * time.Second

// fake is a master that answers when it is told to.
type fake struct {
	server *Server
	asked  chan uint64
	gone   chan uint64
}

// serve starts a server at a path of its own.
func serve(t *testing.T) *fake {
	t.Helper()
	dir, err := os.MkdirTemp("", "control-") // whose path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	f := &fake{asked: make(chan uint64, 1000), gone: make(chan uint64, 1000)}
	if f.server, err = Listen(filepath.Join(dir, "s"), f.master()); err != nil {
		t.Fatal(err)
	}
	f.server.Start()
	t.Cleanup(func() {
		f.server.Stop()
		for _, c := range f.server.conns {
			_ = c.socket.Close()
		}
		if err := f.server.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(f.server.Path()); err == nil {
			t.Error("the socket is left behind")
		}
	})
	return f
}

func (f *fake) master() Master {
	return Master{
		Ask:      func(id uint64, _ Request, _ Peer) { f.asked <- id },
		Withdraw: func(id uint64) { f.gone <- id },
		Status:   func() (*Status, bool) { return &Status{Schema: StatusSchema, PID: os.Getpid()}, true },
		Version:  "v0",
	}
}

func (f *fake) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := connect(f.server.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, lines *bufio.Reader) Answer {
	t.Helper()
	text, err := lines.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	a, err := ReadAnswer(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (f *fake) next(t *testing.T) uint64 {
	t.Helper()
	select {
	case id := <-f.asked:
		return id
	case <-time.After(patience):
		t.Fatal("nothing was asked")
	}
	return 0
}

const reload = `{"control":1,"verb":"reload"}` + "\n"

func TestOneRequestAfterTheOther(t *testing.T) {
	f := serve(t)
	conn := f.dial(t)
	lines := bufio.NewReader(conn)
	say(t, conn, reload+`{"control":1,"verb":"version"}`+"\n"+reload[:7]) // all at once, and half of a third
	id := f.next(t)
	f.server.Answer(id, Say(Progress, "half way"))
	f.server.Answer(id, Say(Done, "reloaded"))
	for _, want := range []Answer{{Kind: Progress, Text: "half way"}, {Kind: Done, Text: "reloaded"}, {Kind: Done, Text: "v0"}} {
		if got := hear(t, lines); got.Kind != want.Kind || got.Text != want.Text || got.Control != Version {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	say(t, conn, reload[7:])
	f.server.Answer(f.next(t), Say(Failed, "no"))
	if got := hear(t, lines); got.Kind != Failed {
		t.Errorf("%+v", got)
	}
}

// Who says nothing more after a request, as echo | nc does, is answered all the same.
func TestAHalfClosedConnectionIsAnswered(t *testing.T) {
	f := serve(t)
	conn := f.dial(t)
	say(t, conn, reload)
	_ = conn.(*net.UnixConn).CloseWrite()
	f.server.Answer(f.next(t), Say(Done, "reloaded"))
	lines := bufio.NewReader(conn)
	if got := hear(t, lines); got.Kind != Done {
		t.Errorf("%+v", got)
	}
	if _, err := lines.ReadByte(); err == nil {
		t.Error("the connection stays open")
	}
}

func TestWhatIsRefused(t *testing.T) {
	f := serve(t)
	for text, want := range map[string]struct {
		code Code
		ends bool
	}{
		"hello\n":                         {CodeUsage, false},
		"\n":                              {CodeUsage, false},
		`{"control":7,"verb":"x"}` + "\n": {CodeVersion, true},
		strings.Repeat("x", MaxRequest):   {CodeUsage, true},
	} {
		conn := f.dial(t)
		lines := bufio.NewReader(conn)
		say(t, conn, text)
		if got := hear(t, lines); got.Kind != Refused || got.Code != want.code {
			t.Errorf("%.20q: %+v", text, got)
		}
		if want.ends {
			if _, err := lines.ReadByte(); err == nil {
				t.Errorf("%.20q: the connection stays open", text)
			}
			continue
		}
		say(t, conn, `{"control":1,"verb":"version"}`+"\n")
		if got := hear(t, lines); got.Kind != Done {
			t.Errorf("%.20q: and then %+v", text, got)
		}
	}
}

// A thousand who say nothing keep nobody out, nor do those who have left.
func TestIdleConnectionsAreInNobodysWay(t *testing.T) {
	f := serve(t)
	waiting := f.dial(t)
	say(t, waiting, reload)
	id := f.next(t)
	for range 1000 {
		f.dial(t)
	}
	conn := f.dial(t)
	say(t, conn, `{"control":1,"verb":"version"}`+"\n")
	if got := hear(t, bufio.NewReader(conn)); got.Text != "v0" {
		t.Errorf("%+v", got)
	}
	f.server.Answer(id, Say(Done, "reloaded"))
	if got := hear(t, bufio.NewReader(waiting)); got.Kind != Done {
		t.Errorf("%+v", got)
	}
}

// Who waits for an answer keeps its place; who has left while waiting does not.
func TestManyRequestsAtOnce(t *testing.T) {
	f := serve(t)
	var conns []net.Conn
	for range maxConns {
		conn := f.dial(t)
		say(t, conn, reload)
		f.next(t)
		conns = append(conns, conn)
	}
	late := f.dial(t)
	if got := hear(t, bufio.NewReader(late)); got.Kind != Refused || got.Code != CodeState {
		t.Errorf("one more: %+v", got)
	}
	_ = conns[5].Close()
	late = f.dial(t)
	say(t, late, reload)
	f.next(t)
	select {
	case <-f.gone:
	case <-time.After(patience):
		t.Error("the request of who has left was not withdrawn")
	}
}

// Another image of this process goes on: with the listener, who is connected, what is
// asked and half a request.
func TestHandedOn(t *testing.T) {
	f := serve(t)
	waiting, half, idle := f.dial(t), f.dial(t), f.dial(t)
	say(t, waiting, reload)
	id := f.next(t)
	say(t, half, reload[:9])
	say(t, idle, `{"control":1,"verb":"version"}`+"\n")
	lines := bufio.NewReader(idle)
	hear(t, lines)
	old := f.server
	old.Stop()
	late := f.dial(t) // meanwhile
	say(t, late, reload)
	state := old.State()
	// As exec does: the numbers stay, and what is behind them.
	state.Listener = duplicate(t, state.Listener)
	for i := range state.Conns {
		state.Conns[i].FD = duplicate(t, state.Conns[i].FD)
	}
	for _, c := range old.conns {
		_ = c.socket.Close()
	}
	_ = old.listener.Close()
	next, err := Resume(state, f.master())
	if err != nil {
		t.Fatal(err)
	}
	f.server = next
	next.Start()
	next.Answer(id, Say(Done, "upgraded"))
	if got := hear(t, bufio.NewReader(waiting)); got.Text != "upgraded" {
		t.Errorf("who waits: %+v", got)
	}
	if got := f.next(t); got == id {
		t.Errorf("a number is given twice: %d", got)
	}
	say(t, half, reload[9:])
	f.next(t)
	say(t, idle, `{"control":1,"verb":"version"}`+"\n")
	if got := hear(t, lines); got.Kind != Done {
		t.Errorf("who was idle: %+v", got)
	}
	if fds := state.FDs(); len(fds) != 1+len(state.Conns) || len(state.Conns) != 3 {
		t.Errorf("%d descriptors of %d connections", len(fds), len(state.Conns))
	}
}

func duplicate(t *testing.T, fd int) int {
	t.Helper()
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

// Stopping and starting at any moment loses nothing.
func TestStoppedAndStartedWhileAsked(t *testing.T) {
	f := serve(t)
	var clients sync.WaitGroup
	over := make(chan struct{})
	for range 4 {
		conn := f.dial(t)
		clients.Go(func() {
			lines := bufio.NewReader(conn)
			for range 200 {
				if _, err := conn.Write([]byte(`{"control":1,"verb":"status"}` + "\n" + reload)); err != nil {
					t.Error(err)
					return
				}
				for range 2 {
					if _, err := lines.ReadBytes('\n'); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	go func() {
		clients.Wait()
		close(over)
	}()
	for n := 0; ; n++ {
		select {
		case id := <-f.asked:
			f.server.Answer(id, Say(Done, "reloaded"))
		case <-over:
			return
		case <-time.After(time.Millisecond):
			f.server.Stop()
			f.server.Start()
		}
	}
}
