//go:build linux

package dispatch

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func newPair(t *testing.T) Pair {
	t.Helper()
	pair, err := NewPair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pair.Close() })
	return pair
}

// descriptors is how many this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// noLeak fails at the end of the test if it has left descriptors open.
func noLeak(t *testing.T) {
	before := descriptors(t)
	t.Cleanup(func() {
		if after := descriptors(t); after != before {
			t.Errorf("%d descriptors open, %d before the test", after, before)
		}
	})
}

// conns are n sockets, and their peers to speak with whoever gets them.
func conns(t *testing.T, n int) (ours, peers []int) {
	t.Helper()
	for range n {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		ours, peers = append(ours, fds[0]), append(peers, fds[1])
	}
	return ours, peers
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

func inode(t *testing.T, fd int) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Ino
}

func undelivered(t *testing.T, pair Pair) int {
	t.Helper()
	n, err := pair.Undelivered()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPassesConnections(t *testing.T) {
	for _, n := range []int{1, 2, 3, MaxBatch} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			noLeak(t)
			pair := newPair(t)
			ours, peers := conns(t, n)
			defer closeAll(peers)
			if err := new(Sender).Send(pair.Master, ours); err != nil {
				t.Fatal(err)
			}
			var want []uint64
			for _, fd := range ours {
				want = append(want, inode(t, fd))
			}
			closeAll(ours) // they are the receiver's now
			got, err := new(Receiver).Receive(pair.Worker, 0)
			if err != nil || len(got) != n {
				t.Fatalf("received %d, %v, want %d", len(got), err, n)
			}
			defer closeAll(got)
			for i, fd := range got {
				if inode(t, fd) != want[i] {
					t.Errorf("connection %d is another one", i)
				}
				if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
					t.Errorf("connection %d would be inherited by a program that the worker starts", i)
				}
			}
		})
	}
}

// A connection is closed for its client when its receiver closes it, and not
// before: nobody else has kept a descriptor of it.
func TestPassedConnectionsHaveOneOwner(t *testing.T) {
	pair := newPair(t)
	ours, peers := conns(t, 1)
	client := file(peers[0])
	defer client.Close()
	if err := new(Sender).Send(pair.Master, ours); err != nil {
		t.Fatal(err)
	}
	closeAll(ours)
	got, err := new(Receiver).Receive(pair.Worker, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(got[0], []byte("hello")); err != nil {
		t.Fatal(err)
	}
	closeAll(got)
	if text, err := io.ReadAll(client); err != nil || string(text) != "hello" {
		t.Errorf("the client read %q, %v", text, err)
	}
}

func file(fd int) *os.File { return os.NewFile(uintptr(fd), fmt.Sprintf("descriptor %d", fd)) }

// One Receiver for messages of any size in any order: no number of the last one
// may show through.
func TestReceiverForgetsTheLastMessage(t *testing.T) {
	noLeak(t)
	pair := newPair(t)
	var sender Sender
	var receiver Receiver
	for _, n := range []int{MaxBatch, 1, 5, MaxBatch, 2} {
		ours, peers := conns(t, n)
		if err := sender.Send(pair.Master, ours); err != nil {
			t.Fatal(err)
		}
		got, err := receiver.Receive(pair.Worker, 0)
		if err != nil || len(got) != n {
			t.Errorf("received %v, %v, want %d", got, err, n)
		}
		closeAll(got)
		closeAll(append(ours, peers...))
	}
}

func TestUndeliveredCountsConnections(t *testing.T) {
	pair := newPair(t)
	ours, peers := conns(t, MaxBatch)
	defer closeAll(append(ours, peers...))
	want := 0
	var sender Sender
	sizes := []int{1, 1, 5, MaxBatch, 2}
	for _, n := range sizes {
		if err := sender.Send(pair.Master, ours[:n]); err != nil {
			t.Fatal(err)
		}
		if want += n; undelivered(t, pair) != want {
			t.Errorf("%d undelivered, want %d", undelivered(t, pair), want)
		}
	}
	for range sizes {
		got, err := new(Receiver).Receive(pair.Worker, unix.MSG_DONTWAIT)
		if err != nil {
			t.Fatal(err)
		}
		closeAll(got)
		if want -= len(got); undelivered(t, pair) != want {
			t.Errorf("%d undelivered, want %d", undelivered(t, pair), want)
		}
	}
}

func TestNothingToReceive(t *testing.T) {
	pair := newPair(t)
	if _, err := new(Receiver).Receive(pair.Worker, unix.MSG_DONTWAIT); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("%v, want EAGAIN", err)
	}
}

// fill sends one connection after the other until the pair is full.
func fill(t *testing.T, pair Pair, conn int) (sent int) {
	t.Helper()
	var sender Sender
	for {
		err := sender.Send(pair.Master, []int{conn})
		if errors.Is(err, ErrFull) {
			return sent
		}
		if sent++; err != nil || sent > 10000 {
			t.Fatalf("after %d: %v", sent, err)
		}
	}
}

// receive takes all there is and reports how many connections that were.
func receive(t *testing.T, pair Pair) (n int) {
	t.Helper()
	var receiver Receiver
	for {
		got, err := receiver.Receive(pair.Worker, unix.MSG_DONTWAIT)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		n += len(got)
		closeAll(got)
	}
}

func TestAFullPairLosesNothing(t *testing.T) {
	noLeak(t)
	pair := newPair(t)
	ours, peers := conns(t, 1)
	defer closeAll(append(ours, peers...))
	for range 3 { // full once is not full for good
		sent := fill(t, pair, ours[0])
		if n := undelivered(t, pair); n != sent {
			t.Errorf("%d undelivered of %d", n, sent)
		}
		if got := receive(t, pair); got != sent {
			t.Errorf("received %d of %d", got, sent)
		}
	}
}

func TestLimit(t *testing.T) {
	for _, window := range []int{4, 16, 64} {
		t.Run(fmt.Sprint(window), func(t *testing.T) {
			pair := newPair(t)
			if got, err := pair.Limit(window); err != nil || got != window {
				t.Fatalf("limited to %d: %v", got, err)
			}
			ours, peers := conns(t, 1)
			defer closeAll(append(ours, peers...))
			// The kernel has a least size for the buffer, and its own idea of
			// what a message costs.
			if sent := fill(t, pair, ours[0]); sent < window || sent > 2*window+8 {
				t.Errorf("full at %d, want between %d and about %d", sent, window, 2*window)
			}
		})
	}
}

// What was passed before the master died is received before the end is heard of.
func TestEndOfFileComesLast(t *testing.T) {
	noLeak(t)
	pair, err := NewPair()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair.Worker)
	ours, peers := conns(t, 3)
	defer closeAll(append(ours, peers...))
	for _, conn := range ours {
		if err := new(Sender).Send(pair.Master, []int{conn}); err != nil {
			t.Fatal(err)
		}
	}
	_ = unix.Close(pair.Master)
	var receiver Receiver
	for i := range ours {
		got, err := receiver.Receive(pair.Worker, 0)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		closeAll(got)
	}
	for range 2 {
		if _, err := receiver.Receive(pair.Worker, 0); !errors.Is(err, io.EOF) {
			t.Errorf("%v, want io.EOF", err)
		}
	}
}

// A program run as a worker may write to its descriptor, though nobody reads it;
// the kernel then calls the end a reset.
func TestEndOfFileAfterTheWorkerWrote(t *testing.T) {
	pair, err := NewPair()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair.Worker)
	if _, err := unix.Write(pair.Worker, []byte("hello?")); err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(pair.Master)
	if _, err := new(Receiver).Receive(pair.Worker, 0); !errors.Is(err, io.EOF) {
		t.Errorf("%v, want io.EOF", err)
	}
}

// A receiver that waits is woken by the end, too.
func TestEndOfFileWakesTheReceiver(t *testing.T) {
	pair, err := NewPair()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair.Worker)
	done := make(chan error)
	go func() {
		_, err := new(Receiver).Receive(pair.Worker, 0)
		done <- err
	}()
	_ = unix.Close(pair.Master)
	if err := <-done; !errors.Is(err, io.EOF) {
		t.Errorf("%v, want io.EOF", err)
	}
}

// Real connections, over TCP, as the master passes them.
func TestPassesTCP(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := accepted.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	pair := newPair(t)
	var sendErr error
	if err := raw.Control(func(fd uintptr) { sendErr = new(Sender).Send(pair.Master, []int{int(fd)}) }); err != nil || sendErr != nil {
		t.Fatal(err, sendErr)
	}
	_ = accepted.Close()
	got, err := new(Receiver).Receive(pair.Worker, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(got[0], []byte("hello")); err != nil {
		t.Error(err)
	}
	closeAll(got)
	if text, err := io.ReadAll(client); err != nil || string(text) != "hello" {
		t.Errorf("the client read %q, %v", text, err)
	}
}
