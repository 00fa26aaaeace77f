//go:build linux

package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// keyboard is a terminal at which guesses are typed. What is typed while nobody asks
// is not shown, for it would stand in the middle of a picture, and answers nothing.
type keyboard struct {
	file *os.File
	was  unix.Termios // before it was ours
}

// openKeyboard takes a terminal until close.
func openKeyboard(file *os.File) (*keyboard, error) {
	was, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("the terminal's settings: %w", err)
	}
	k := &keyboard{file, *was}
	k.set(unix.TCSETS, was.Lflag&^unix.ECHO)
	return k, nil
}

// close leaves the terminal as it was found.
func (k *keyboard) close() { k.set(unix.TCSETS, k.was.Lflag) }

// set fails only if the terminal has gone; then there is nobody to see it.
func (k *keyboard) set(how uint, flags uint32) {
	settings := k.was
	settings.Lflag = flags
	_ = unix.IoctlSetTermios(int(k.file.Fd()), how, &settings)
}

// line forgets what has been typed so far and waits for a line, io.EOF being the end
// of all. Who waits can be interrupted; then what reads ends with the process.
func (k *keyboard) line(ctx context.Context) (string, error) {
	k.set(unix.TCSETSF, k.was.Lflag|unix.ECHO)
	defer k.set(unix.TCSETS, k.was.Lflag&^unix.ECHO)
	type read struct {
		text string
		err  error
	}
	typed := make(chan read, 1)
	go func() {
		const longest = 4096 // that a terminal lets one type: see termios(3)
		text := make([]byte, longest)
		n, err := k.file.Read(text)
		typed <- read{string(text[:n]), err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case got := <-typed:
		if got.err != nil { // the terminal may also have gone
			return "", io.EOF
		}
		return got.text, nil
	}
}
