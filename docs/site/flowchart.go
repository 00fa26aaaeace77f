package main

import (
	"html"
	"regexp"
	"strings"
)

// chart is a tree of questions, read from a Mermaid flowchart: GitHub draws that, and here
// it is a list, which needs no program to draw it and can be read aloud.
type chart struct {
	first string
	words map[string]string
	ways  map[string][]way
}

// way is an answer, and where it leads.
type way struct{ answer, to string }

var (
	mermaid = regexp.MustCompile("(?s)```mermaid\n(.*?)```\n")
	edge    = regexp.MustCompile(`^\s*(\w+)(?:[{\[](.*?)[}\]])? -- (.*?) --> (\w+)(?:[{\[](.*?)[}\]])?\s*$`)
)

// replaceCharts has a tree wherever a page has a flowchart.
func replaceCharts(page []byte) []byte {
	return mermaid.ReplaceAllFunc(page, func(block []byte) []byte {
		c := readChart(string(mermaid.FindSubmatch(block)[1]))
		return []byte(`<div class="tree">` + c.from(c.first) + "</div>\n")
	})
}

func readChart(text string) chart {
	c := chart{words: map[string]string{}, ways: map[string][]way{}}
	for line := range strings.Lines(text) {
		found := edge.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		from, to := found[1], found[4]
		if c.first == "" {
			c.first = from
		}
		for id, words := range map[string]string{from: found[2], to: found[5]} {
			if words != "" {
				c.words[id] = joined(words)
			}
		}
		c.ways[from] = append(c.ways[from], way{found[3], to})
	}
	return c
}

// joined is the words of a box in one line. In an answer the lines are two things.
func joined(words string) string {
	if !strings.HasSuffix(words, "?") {
		words = strings.ReplaceAll(strings.ReplaceAll(words, ",<br>", ", "), "<br>", ": ")
	}
	return strings.ReplaceAll(words, "<br>", " ")
}

// from is the tree below a node, as a list in a list.
func (c chart) from(id string) string {
	words := html.EscapeString(c.words[id])
	if len(c.ways[id]) == 0 {
		return "<b>" + words + "</b>"
	}
	var out strings.Builder
	out.WriteString("<span>" + words + "</span><ul>")
	for _, w := range c.ways[id] {
		out.WriteString("<li><i>" + html.EscapeString(w.answer) + "</i> " + c.from(w.to) + "</li>")
	}
	return out.String() + "</ul>"
}
