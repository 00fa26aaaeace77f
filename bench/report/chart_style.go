package report

import (
	"strconv"
	"strings"

	"prefork/bench/result"
)

// look is how an arm is drawn everywhere: a colour for its strategy (by class),
// and a shape and a dash that tell it from others of the same strategy.
type look struct {
	Name  string `json:"name"`
	Class string `json:"class"`
	Shape string `json:"shape"`
	Dash  string `json:"dash"`
	// Hollow is for the control: the baseline once more.
	Hollow bool `json:"hollow"`
	// Width is of lines: a later one is thinner, so that it hides none under it.
	Width float64 `json:"width"`
}

var (
	shapes = []string{"circle", "square", "diamond", "triangle"}
	dashes = []string{"", "7 4", "2 3", "9 3 2 3"}

	// firstShape is where each strategy begins among the shapes, which so tell apart what
	// colours do not tell everybody.
	firstShape = map[string]int{"shared": 0, "reuseport": 1, "dispatch": 2, "peer": 3}
)

// greys is how many neutral colours there are for peers.
const greys = 3

// looks are those of the arms, in order.
func looks(arms []result.Arm) []look {
	seen := map[string]int{}
	var all []look
	for i, arm := range arms {
		class := strategyClass(arm.Strategy)
		n := seen[class]
		seen[class]++
		l := look{Name: arm.Name, Class: class, Shape: shapes[(firstShape[class]+n)%len(shapes)], Dash: dashes[n%len(dashes)], Hollow: arm.Control,
			Width: 3.8 - 2.2*float64(i)/float64(max(len(arms)-1, 1))}
		if class == "peer" {
			l.Class = "peer" + strconv.Itoa(n%greys+1)
		}
		all = append(all, l)
	}
	return all
}

func strategyClass(strategy string) string {
	switch strategy {
	case "shared", "reuseport", "dispatch":
		return strategy
	}
	return "peer"
}

// legend says which line is whose, and returns where it ends.
func (c *canvas) legend(looks []look, width float64) float64 {
	const swatch, gap = 30, 22
	x, y := 0.0, 12.0
	for _, l := range looks {
		w := swatch + textWidth(l.label(), labelSize)
		if x > 0 && x+w > width {
			x, y = 0, y+22
		}
		c.stroke("M"+place(x)+" "+place(y-4)+"h24", l)
		c.mark(x+12, y-4, 4, l.Shape, l.mark())
		c.text(x+swatch, y, "start", "label", shorten(l.label(), labelSize, width-swatch))
		x += w + gap
	}
	return y
}

// mark is the class of the arm's marks.
func (l look) mark() string {
	if l.Hollow {
		return "mark hollow " + l.Class
	}
	return "mark " + l.Class
}

// label is the arm's name, with what its mark means where that is not plain.
func (l look) label() string {
	if l.Hollow && !strings.Contains(l.Name, "control") {
		return l.Name + " (control)"
	}
	return l.Name
}
