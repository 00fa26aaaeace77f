package main

import (
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// blocks renders fenced blocks: commands with their comments set back, and what they
// have printed in the strategies' colours.
type blocks struct{}

func (b blocks) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		block := n.(*ast.FencedCodeBlock)
		var text strings.Builder
		for i := range block.Lines().Len() {
			line := block.Lines().At(i)
			text.Write(line.Value(source))
		}
		_, err := w.WriteString(fenced(string(block.Language(source)), text.String()))
		return ast.WalkSkipChildren, err
	})
}

var (
	comment  = regexp.MustCompile(`(?m)(^|\s)(#.*)$`)
	strategy = regexp.MustCompile(`^\s+(shared|reuseport|dispatch) ·`)
	dots     = regexp.MustCompile(`[●○▣]+|▌master▐`)
	marks    = map[string]string{"✓": "ok", "✗": "off", "×": "lost"}
)

// fenced is a block as HTML.
func fenced(language, text string) string {
	kind, words := language, html.EscapeString(text)
	switch language {
	case "sh":
		words = comment.ReplaceAllString(words, `$1<i>$2</i>`)
	case "text":
		words = painted(words)
	case "":
		kind = "plain"
	}
	return `<pre class="` + html.EscapeString(kind) + `"><code>` + words + "</code></pre>\n"
}

// painted is what a scene has printed: dots in the colour of the strategy that the picture
// is of, and marks in theirs.
func painted(text string) string {
	arm := ""
	var out strings.Builder
	for line := range strings.Lines(text) {
		if of := strategy.FindStringSubmatch(line); of != nil {
			arm = of[1]
			line = strings.Replace(line, arm, `<b class="`+arm+`">`+arm+`</b>`, 1)
		} else if strings.TrimSpace(line) == "" && arm != "" && !strings.HasPrefix(line, " ") {
			arm = ""
		}
		if arm != "" {
			line = dots.ReplaceAllString(line, `<span class="`+arm+`">$0</span>`)
		}
		for mark, class := range marks {
			if trimmed := strings.TrimLeft(line, " "); strings.HasPrefix(trimmed, mark) {
				line = strings.Replace(line, mark, `<span class="`+class+`">`+mark+`</span>`, 1)
			}
		}
		out.WriteString(line)
	}
	return out.String()
}

// scrolling renders tables in a box of their own, which scrolls where there is no room.
type scrolling struct{}

func (scrolling) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(table.KindTable, func(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
		words := "</table></div>\n"
		if entering {
			words = `<div class="table"><table>`
		}
		_, err := w.WriteString(words)
		return ast.WalkContinue, err
	})
}
