//go:build linux

package cli_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/cli"
	"prefork/internal/servertest"
)

// pseudoterminal is a terminal, and the hands and eyes in front of it.
func pseudoterminal(t *testing.T) (hands, terminal *os.File) {
	t.Helper()
	hands, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hands.Close() })
	if err := unix.IoctlSetPointerInt(int(hands.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(hands.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return hands, terminal
}

func settings(t *testing.T, terminal *os.File) unix.Termios {
	t.Helper()
	now, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *now
}

func echoes(t *testing.T, terminal *os.File) bool {
	return settings(t, terminal).Lflag&unix.ECHO != 0
}

func typeAt(t *testing.T, hands *os.File, text string) {
	t.Helper()
	if _, err := hands.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// What is typed before anybody asks is no guess and is not seen, and afterwards the
// terminal is as it was.
func TestKeyboardForgetsWhatWasTypedAhead(t *testing.T) {
	hands, terminal := pseudoterminal(t)
	before := settings(t, terminal)
	guess, done, err := cli.Guesses(terminal)
	if err != nil {
		t.Fatal(err)
	}
	if echoes(t, terminal) {
		t.Error("it shows what is typed while nobody asks")
	}
	typeAt(t, hands, "98\n99\n7")
	servertest.Eventually(t, "that has arrived", func() bool {
		n, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCINQ)
		return err == nil && n >= len("98\n99\n")
	})
	for answer, want := range map[string]error{"42\n": nil, "\x04": io.EOF} {
		var got string
		var err error
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			got, err = guess(t.Context())
		}()
		servertest.Eventually(t, "it asks", func() bool { return echoes(t, terminal) })
		typeAt(t, hands, answer)
		<-answered
		if !errors.Is(err, want) || err == nil && got != answer {
			t.Errorf("typed %q: got %q and error %v", answer, got, err)
		}
		if echoes(t, terminal) {
			t.Error("it shows what is typed after the answer")
		}
	}
	done()
	if after := settings(t, terminal); after != before {
		t.Errorf("left as %+v, found as %+v", after, before)
	}
}

// Who waits for a guess can be interrupted, and then too the terminal is given back.
func TestKeyboardInterrupted(t *testing.T) {
	_, terminal := pseudoterminal(t)
	before := settings(t, terminal)
	guess, done, err := cli.Guesses(terminal)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := guess(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	done()
	if after := settings(t, terminal); after != before {
		t.Errorf("left as %+v, found as %+v", after, before)
	}
}
