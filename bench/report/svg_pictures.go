package report

import (
	_ "embed"

	"prefork/bench/result"
)

//go:embed assets/chart.css
var chartCSS string

// Picture is a chart that stands alone, as for a README: readable on light and on
// dark, with its title and what one point is.
type Picture struct {
	Name string // of a file
	SVG  []byte
}

// SVGs are the charts that the result has data for.
func SVGs(r *result.Result) []Picture {
	var all []Picture
	for _, f := range newView(r).figures() {
		all = append(all, Picture{f.Name + ".svg", []byte(f.alone(pictureWidth))})
	}
	return all
}

// pictureWidth is about the column of a README.
const pictureWidth = 760.0
