//go:build linux

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// linked are the pages whose first use of a term leads to the glossary.
var linked = []string{
	"README.md", "docs/README.md", "docs/shared.md", "docs/reuseport.md", "docs/dispatch.md", "docs/choosing.md", "docs/demo.md",
	"docs/lab.md", "docs/lesson.md", "docs/measuring.md", "docs/steering.md", "docs/peers.md", "docs/workers/README.md",
}

// forms are how a term of the glossary stands in a text where it is not as in its
// heading, with or without an s; "" is for words of every line.
var forms = map[string]string{
	"master":              "",
	"worker":              "",
	"round":               "",
	"successor":           "",
	"capability":          `capabilit(?:y|ies)|CAP_[A-Z_]+`,
	"policy":              `polic(?:y|ies)`,
	"hash":                `hash(?:es|ed)?`,
	"drain":               `drain(?:s|ed|ing)?`,
	"steer":               `steer(?:s|ed|ing)?`,
	"thundering herd":     `(?:thundering )?herd`,
	"percentile":          `percentiles?|p99`,
	"migration":           `migrat(?:e|es|ed|ion)`,
	"Jain's index":        `Jain's index`,
	"chi-squared":         `χ²`,
	"confidence interval": `intervals?`,
	"same server twice":   `same server twice\.|A/A`,
	"M/M/k":               `[MGE]₄?/[MG]/[1-9k]`,
}

// TestFirstUses wants the first use of each term on a page to lead to the glossary.
// Headings, code, and the words of other links are no uses.
func TestFirstUses(t *testing.T) {
	glossary, err := os.ReadFile("glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range linked {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		uses := prose(string(text))
		for _, term := range terms(string(glossary)) {
			first := term.pattern.FindStringIndex(uses)
			link := strings.Index(uses, mark(term.anchor))
			if first != nil && (link < 0 || link > first[0]) {
				t.Errorf("%s uses %q before it links to glossary.md#%s: … %s …", page, uses[first[0]:first[1]], term.anchor, around(uses, first[0]))
			}
		}
	}
}

type term struct {
	anchor  string
	pattern *regexp.Regexp
}

// terms are those of the glossary that are looked for.
func terms(glossary string) (all []term) {
	for line := range strings.Lines(glossary) {
		name, is := strings.CutPrefix(line, "### ")
		if name = strings.TrimSpace(name); !is {
			continue
		}
		form, told := forms[name]
		switch {
		case told && form == "":
			continue
		case !told:
			form = regexp.QuoteMeta(name) + "s?"
		}
		all = append(all, term{headings(line)[0], regexp.MustCompile(`(?i)(?:^|[^\pL\pN_\x00/-])(?:` + form + `)(?:$|[^\pL\pN_-])`)})
	}
	return all
}

// mark stands in prose for a link to the glossary.
func mark(anchor string) string { return "\x00" + anchor + "\x00" }

var (
	fenced     = regexp.MustCompile("(?ms)^```.*?^```")
	heading    = regexp.MustCompile(`(?m)^#.*$`)
	inline     = regexp.MustCompile("`[^`]*`")
	tag        = regexp.MustCompile(`<[^>]*>`)
	toGlossary = regexp.MustCompile(`\[[^\]]*\]\([^)]*glossary\.md#([^)]+)\)`)
	otherLink  = regexp.MustCompile(`!?\[[^\]]*\]\([^)]*\)`)
	spaces     = regexp.MustCompile(`\s+`)
)

// prose is a page without code, headings and links, but for marks of those to the
// glossary.
func prose(page string) string {
	for _, dropped := range []*regexp.Regexp{fenced, heading, inline, tag} {
		page = dropped.ReplaceAllString(page, " ")
	}
	page = toGlossary.ReplaceAllString(page, "\x00$1\x00")
	page = otherLink.ReplaceAllString(page, " ")
	return spaces.ReplaceAllString(page, " ")
}

func around(text string, at int) string {
	return text[max(0, at-30):min(len(text), at+40)]
}

// A first use that leads elsewhere is found.
func TestFirstUsesAreFound(t *testing.T) {
	all := terms("### hash\nA number.\n")
	for text, right := range map[string]bool{
		"A [hash](glossary.md#hash) is a hash.":                      true,
		"A hash is a [hash](glossary.md#hash).":                      false,
		"Hashes.":                                                    false,
		"`hash` and [a hash](steering.md).":                          true,
		"# A hash\n```sh\nhash\n```\nRehash it.":                     true,
		"A [hash](../glossary.md#hash).":                             true,
		"A [hash](shared.md), and [another](glossary.md#hash) hash.": true,
	} {
		uses := prose(text)
		first, link := all[0].pattern.FindStringIndex(uses), strings.Index(uses, mark("hash"))
		if found := first == nil || link >= 0 && link < first[0]; found != right {
			t.Errorf("%q: %t, want %t", text, found, right)
		}
	}
}
