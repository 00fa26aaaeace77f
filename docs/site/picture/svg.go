package picture

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// style is what stands at the beginning of every picture: the house's colours, light
// and dark.
const style = `:root{--paper:#fff;--ink:#1b1f24;--quiet:#5b636d;--grid:#e4e7eb;--lane:#f4f6f8;--edge:#868e98;--shared:#0072b2;--reuseport:#e69f00;--dispatch:#aa4499;--reuseport-line:#b07700;--on:#1b1f24;--lost:#d55e00;--lost-text:#b34f00}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ed;--quiet:#a2abb5;--grid:#2a3037;--lane:#1b2026;--edge:#6f7983;--shared:#3f9fdb;--reuseport:#eeb02e;--dispatch:#cf74bf;--reuseport-line:#eeb02e;--on:#14171b;--lost:#ff7f2a;--lost-text:#ff9752}}
svg{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
text{fill:var(--ink)}.quiet{fill:var(--quiet)}.name{font-size:17px;font-weight:600}.big{font-size:17px;font-weight:600}.said{font-size:16px;font-weight:600}
.paper{fill:var(--paper)}.edge{fill:var(--edge)}.panel{fill:var(--paper);stroke:var(--grid)}.lane{fill:var(--lane);stroke:var(--grid)}.cell{fill:var(--paper);stroke:var(--edge)}
.asleep,.gone{fill:none;stroke:var(--lost);stroke-dasharray:4 3}.hatch{fill:url(#hatch)}.off{fill:var(--lost-text);font-weight:600}
.shared{--arm:var(--shared);--ring:var(--shared)}.reuseport{--arm:var(--reuseport);--ring:var(--reuseport-line)}.dispatch{--arm:var(--dispatch);--ring:var(--dispatch)}
.arm{fill:var(--arm)}.ring{fill:none;stroke:var(--ring);stroke-width:1.5}.gate{fill:var(--paper);font-weight:600;font-size:12px}.reuseport .gate{fill:var(--on)}
`

// drawing writes an SVG.
type drawing struct {
	out strings.Builder
	css strings.Builder // beside style

	width float64
}

// f writes an element, its coordinates to a tenth of a pixel.
func (d *drawing) f(format string, values ...any) {
	for i, v := range values {
		if x, is := v.(float64); is {
			values[i] = short(x)
		}
	}
	fmt.Fprintf(&d.out, format, values...)
}

// short is a number in as few characters as a tenth takes.
func short(x float64) string {
	text := strconv.FormatFloat(x, 'f', 1, 64)
	return strings.TrimSuffix(text, ".0")
}

func escaped(s string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(s)) // a Builder does not fail
	return out.String()
}

func (d *drawing) rect(class string, b box, corner float64) {
	d.f(`<rect class="%v" x="%v" y="%v" width="%v" height="%v" rx="%v"/>`, class, b.x, b.y, b.w, b.h, corner)
}

// text is a line of words; anchor is start, middle or end.
func (d *drawing) text(class, anchor string, x, y float64, words string) {
	d.f(`<text class="%v" text-anchor="%v" x="%v" y="%v">%v</text>`, class, anchor, x, y, escaped(words))
}

// svg is the whole picture.
func (d *drawing) svg(height float64, title, words string) string {
	const margin = 12.0 // the picture has its own paper: what is around it may be dark or light
	w, h := short(d.width+2*margin), short(height+2*margin)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="%s %s %s %s" width="%s" height="%s" role="img" aria-labelledby="title words"><title id="title">%s</title><desc id="words">%s</desc><style>%s%s</style><defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V7" stroke="var(--lost)" stroke-width="2" opacity=".35"/></pattern></defs><rect class="paper" x="%s" y="%s" width="%s" height="%s" rx="8"/>%s</svg>`+"\n",
		short(-margin), short(-margin), w, h, w, h, escaped(title), escaped(words), style, d.css.String(), short(-margin), short(-margin), w, h, d.out.String())
}
