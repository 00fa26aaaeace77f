package main

import (
	"bytes"
	"html/template"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"prefork/docs/anchor"
)

// heading is one of a page, for its table of contents.
type heading struct{ ID, Text string }

// render makes a page of its Markdown.
func (s *site) render(p *page, source []byte) error {
	source = replaceCharts(source)
	// The pages are this repository's own, and some of them have <details>.
	md := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithRendererOptions(html.WithUnsafe(),
		renderer.WithNodeRenderers(util.Prioritized(blocks{}, 1), util.Prioritized(scrolling{}, 1)))) // before the usual ones
	doc := md.Parser().Parse(text.NewReader(source))
	var walked error
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			s.head(p, n, source)
		case *ast.Link:
			s.link(p, n)
		case *ast.Image:
			walked = s.image(p, n)
		}
		return ast.WalkContinue, walked
	})
	if walked != nil {
		return walked
	}
	var out bytes.Buffer
	err := md.Renderer().Render(&out, source, doc)
	p.Body = template.HTML(out.String())
	return err
}

// head gives a heading its name, and notes it.
func (s *site) head(p *page, n *ast.Heading, source []byte) {
	words := plain(n, source)
	id := anchor.Of(words)
	n.SetAttributeString("id", []byte(id))
	switch n.Level {
	case 1:
		p.Title = words
	case 2:
		p.Headings = append(p.Headings, heading{id, words})
		if scene, known := s.scene(id); known && p.source == "docs/demo.md" {
			link := ast.NewLink()
			link.Destination = []byte(scene.Path)
			link.SetAttributeString("class", []byte("play"))
			link.AppendChild(link, ast.NewString([]byte("▶ Play a recording of it here")))
			line := ast.NewParagraph()
			line.AppendChild(line, link)
			n.Parent().InsertAfter(n.Parent(), n, line)
		}
	}
}

// plain is the text of a node, without its marks.
func plain(n ast.Node, source []byte) string {
	var words strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, is := n.(*ast.Text); is && entering {
			words.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return words.String()
}

// link leads to the page that another one has become, or to a file of the repository.
func (s *site) link(p *page, n *ast.Link) {
	to, at, hash := strings.Cut(string(n.Destination), "#")
	if strings.Contains(to, "://") || to == "" || strings.HasSuffix(to, ".html") {
		return
	}
	source := path.Join(path.Dir(p.source), to)
	anchor := ""
	if hash {
		anchor = "#" + at
	}
	switch known := s.pathOf(source); {
	case known != "":
		n.Destination = []byte(known + anchor)
	case source == "README.md":
		n.Destination = []byte("index.html")
	case strings.HasPrefix(source, "docs/img/"):
		n.Destination = []byte("img/" + path.Base(source))
	case s.isFile(source):
		s.sources[source] = true
		n.Destination = []byte(sourcePath(source))
	default: // a directory: there is nothing of it in the site but its name
		n.Parent().ReplaceChild(n.Parent(), n, unlinked(n))
	}
}

// unlinked is what a link says, without leading anywhere.
func unlinked(n *ast.Link) ast.Node {
	words := ast.NewEmphasis(1)
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		words.AppendChild(words, child)
	}
	return words
}

// image comes along.
func (s *site) image(p *page, n *ast.Image) error {
	source := path.Join(path.Dir(p.source), string(n.Destination))
	content, err := s.read(source)
	to := "img/" + path.Base(source)
	s.files[to] = content
	n.Destination = []byte(to)
	return err
}
