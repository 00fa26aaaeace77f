package cli

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"prefork/internal/ink"
)

// folded breaks lines that are too long for the terminal they go to. Elsewhere a
// line stays a line, for grep.
func folded(w io.Writer, text string) string {
	width := columns(w)
	if width == 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if utf8.RuneCountInString(line) > width {
			lines[i] = strings.Join(ink.Fold(line, width), "\n")
		}
	}
	return strings.Join(lines, "\n")
}

// columns is the width of a terminal, 0 for anything else.
func columns(w io.Writer) int { return int(winsize(w).Col) }

// height is how many lines it shows.
func height(w io.Writer) int { return int(winsize(w).Row) }

func winsize(w io.Writer) unix.Winsize {
	file, ok := w.(*os.File)
	if !ok {
		return unix.Winsize{}
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return unix.Winsize{}
	}
	return *size
}

// unicoded reports whether a terminal shows other characters than ASCII. Where the
// locale says nothing, it does: most that are without a locale are in containers.
func unicoded() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(os.Getenv(name)); locale != "" {
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return true
}

// coloured reports whether a terminal may be sent colours: see no-color.org.
func coloured(w io.Writer) bool {
	return columns(w) > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
