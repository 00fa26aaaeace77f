// Package ink is how text is set in a terminal: colours and line breaks.
package ink

import (
	"strings"
	"unicode/utf8"
)

// Paint is whether there are colours. Without them text stays as it is.
type Paint bool

// The colours are safe for colour-blind eyes (Okabe & Ito; Tol), and their contrast is
// 3:1 or more on white and on #1e1e1e alike. The report and the lab, which know what
// is behind them, have the same in their style sheets, but for a lighter orange
// (#E69F00, which is 2.2:1 on white).
const (
	blue      = "38;2;0;114;178"  // #0072B2
	orange    = "38;2;184;127;0"  // #B87F00
	purple    = "38;2;170;68;153" // #AA4499
	vermilion = "38;2;213;94;0"   // #D55E00
)

// ofStrategy is the one colour of each, everywhere.
var ofStrategy = map[string]string{"shared": blue, "reuseport": orange, "dispatch": purple}

// Strategy has the colour of a strategy; other names have none.
func (p Paint) Strategy(name, text string) string { return p.with(ofStrategy[name], text) }

// Bold is for what matters.
func (p Paint) Bold(text string) string { return p.with("1", text) }

// Dim is for what one may pass over.
func (p Paint) Dim(text string) string { return p.with("2", text) }

// Alarm is for what was lost or has stalled. It does not stand alone: there is a
// mark besides.
func (p Paint) Alarm(text string) string { return p.with("1;"+vermilion, text) }

func (p Paint) with(code, text string) string {
	if !p || code == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Fold breaks text at spaces into lines of at most so many characters, where words
// allow. A no-break space is none of those.
func Fold(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' }) {
		if line != "" && utf8.RuneCountInString(line+" "+word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
