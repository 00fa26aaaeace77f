// Package uplot is uPlot, the library that draws the charts of reports and of the
// lab. It is taken from the npm registry as it is: https://github.com/leeoniya/uPlot
package uplot

import _ "embed"

// The library, its style sheet, and what must be said wherever they are used.
var (
	//go:embed uPlot.iife.min.js
	JS string
	//go:embed uPlot.min.css
	CSS string
	//go:embed uPlot.LICENSE
	License string
)
