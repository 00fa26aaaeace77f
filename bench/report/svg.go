package report

import (
	"encoding/xml"
	"math"
	"strconv"
	"strings"
)

// canvas writes the elements of an SVG. Classes are those of assets/chart.css.
type canvas struct{ out strings.Builder }

func (c *canvas) String() string { return c.out.String() }

// attributes are pairs of a name and a value.
type attributes []string

// place is a number as SVG wants it: a tenth of a pixel is enough.
func place(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		x = 0
	}
	return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64)
}

// escaped also replaces what XML cannot hold, as a control character in an arm's name.
func escaped(s string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(s)) // a Builder does not fail
	return out.String()
}

func (c *canvas) tag(name string, pairs attributes, end string) {
	c.out.WriteString("<" + name)
	for i := 0; i+1 < len(pairs); i += 2 {
		c.out.WriteString(" " + pairs[i] + `="` + escaped(pairs[i+1]) + `"`)
	}
	c.out.WriteString(end)
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	c.tag("line", attributes{"class", class, "x1", place(x1), "y1", place(y1), "x2", place(x2), "y2", place(y2)}, "/>")
}

func (c *canvas) rect(x, y, width, height float64, class string) {
	c.tag("rect", attributes{"class", class, "x", place(x), "y", place(y), "width", place(max(width, 0)), "height", place(max(height, 0))}, "/>")
}

func (c *canvas) dot(x, y, radius float64, class string) {
	c.tag("circle", attributes{"class", class, "cx", place(x), "cy", place(y), "r", place(radius)}, "/>")
}

func (c *canvas) path(d, class string) {
	c.tag("path", attributes{"class", class, "d", d}, "/>")
}

// stroke is an arm's line.
func (c *canvas) stroke(d string, l look) {
	c.tag("path", attributes{"class", "curve " + l.Class, "d", d, "stroke-width", place(l.Width), "stroke-dasharray", l.Dash}, "/>")
}

// text writes at a baseline; anchor is start, middle or end.
func (c *canvas) text(x, y float64, anchor, class, s string) {
	pairs := attributes{"class", class, "x", place(x), "y", place(y)}
	if anchor != "start" {
		pairs = append(pairs, "text-anchor", anchor)
	}
	c.tag("text", pairs, ">")
	c.out.WriteString(escaped(s) + "</text>")
}

// named opens a group whose pointer tip tells the exact values; end closes it.
func (c *canvas) named(tip, class string) {
	c.tag("g", attributes{"class", class}, ">")
	c.out.WriteString("<title>" + escaped(tip) + "</title>")
}

func (c *canvas) end() { c.out.WriteString("</g>") }

// cross is the mark of what was lost or stalled.
func (c *canvas) cross(x, y, radius float64) {
	d := "M" + place(x-radius) + " " + place(y-radius) + "L" + place(x+radius) + " " + place(y+radius) +
		"M" + place(x-radius) + " " + place(y+radius) + "L" + place(x+radius) + " " + place(y-radius)
	c.path(d, "lost")
}

// mark is the shape of an arm.
func (c *canvas) mark(x, y, radius float64, shape, class string) {
	at := func(dx, dy float64) string { return place(x+dx*radius) + " " + place(y+dy*radius) }
	switch shape {
	case "square":
		c.path("M"+at(-.9, -.9)+"L"+at(.9, -.9)+"L"+at(.9, .9)+"L"+at(-.9, .9)+"Z", class)
	case "diamond":
		c.path("M"+at(0, -1.3)+"L"+at(1.3, 0)+"L"+at(0, 1.3)+"L"+at(-1.3, 0)+"Z", class)
	case "triangle":
		c.path("M"+at(0, -1.2)+"L"+at(1.15, .9)+"L"+at(-1.15, .9)+"Z", class)
	default:
		c.dot(x, y, radius, class)
	}
}

// inline is a picture for a page that has the styles.
func (f figure) inline(width float64) string {
	d := f.draw(width)
	var c canvas
	c.tag("svg", attributes{"class", "chart", "viewBox", "0 0 " + place(d.width) + " " + place(d.height),
		"width", place(d.width), "height", place(d.height), "role", "img", "aria-label", f.Title + ". " + f.Words}, ">")
	return c.out.String() + d.body + "</svg>"
}

// alone is a picture that stands by itself: with background, title, caption and styles.
func (f figure) alone(width float64) string {
	const margin, gap = 20, 18
	d := f.draw(width - 2*margin)
	var c canvas
	y := margin + 14.0
	c.text(margin, y, "start", "heading", f.Title)
	if f.Subject != "" {
		y += gap + 2
		c.text(margin, y, "start", "note", f.Subject)
	}
	y += gap
	c.tag("g", attributes{"transform", "translate(" + place(margin) + " " + place(y) + ")"}, ">")
	c.out.WriteString(d.body)
	c.end()
	y += d.height + 24
	for _, line := range wrap(f.Caption, 12, d.width) {
		c.text(margin, y, "start", "note", line)
		y += gap
	}
	return f.envelope(width, y+margin-gap/2, c.out.String())
}

func (f figure) envelope(width, height float64, body string) string {
	var c canvas
	c.tag("svg", attributes{"xmlns", "http://www.w3.org/2000/svg", "class", "chart",
		"viewBox", "0 0 " + place(width) + " " + place(height), "width", place(width), "height", place(height),
		"role", "img", "aria-labelledby", "title words"}, ">")
	c.out.WriteString(`<title id="title">` + escaped(f.Title) + `</title><desc id="words">` + escaped(f.Words) + "</desc>")
	c.out.WriteString("<style>" + escaped(chartCSS) + "</style>")
	c.tag("rect", attributes{"class", "paper", "width", place(width), "height", place(height), "rx", "8"}, "/>")
	return c.out.String() + body + "</svg>\n"
}
