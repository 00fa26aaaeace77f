// Package anchor says what links to a heading call it.
package anchor

import (
	"strings"
	"unicode"
)

// Of is the name of a heading in links, as GitHub makes it.
func Of(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.TrimSpace(title))
}
