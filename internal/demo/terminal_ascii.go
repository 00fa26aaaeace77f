package demo

import (
	"io"
	"strings"
)

// plain writes for terminals that show ASCII alone. Each glyph is one character, as
// it was, so that columns stay where they are.
type plain struct{ io.Writer }

// inASCII has what scenes are drawn and written with.
var inASCII = strings.NewReplacer(
	"●", "*", "○", "o", "×", "x", "·", ".", "▣", "#", "▌", "|", "▐", "|",
	"▁", "_", "▂", ".", "▃", "-", "▄", ":", "▅", "=", "▆", "+", "▇", "*", "█", "#",
	"✓", "+", "✗", "X", "─", "-", "–", "-", "…", "~", "µ", "u", "μ", "u", "χ", "X", "²", "2", "→", ">", "“", `"`, "”", `"`, "\u00a0", " ",
)

// Write takes whole characters.
func (p plain) Write(text []byte) (int, error) {
	ascii := strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, inASCII.Replace(string(text)))
	_, err := io.WriteString(p.Writer, ascii)
	return len(text), err
}
