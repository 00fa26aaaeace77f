package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"
	"sync"

	"prefork/bench/result"
	"prefork/internal/uplot"
)

var (
	//go:embed assets/report.html.tmpl
	pageText string
	//go:embed assets/report.css
	pageCSS string
	//go:embed assets/report.js
	pageJS string
)

// What takes time to make is made when it is first used: this package is part of every
// worker too, which would pay for it at its start.
var (
	pageTemplate = sync.OnceValue(func() *template.Template {
		return template.Must(template.New("report").Funcs(template.FuncMap{"flags": flags, "breakable": breakable}).Parse(pageText))
	})
	flagText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`--[a-z][-a-z]*`) })
)

// flags keeps the flags of a command in one piece: a browser breaks lines at hyphens.
func flags(text string) template.HTML {
	return template.HTML(flagText().ReplaceAllString(template.HTMLEscapeString(text), `<span class="flag">$0</span>`))
}

// page is what the template asks for.
type page struct {
	Title, Started, Date, Version string
	Partial, Warning              string
	Brief                         briefView
	Verdict, InGeneral            []string

	Summary     summaryTable
	Figures     []figureView
	Baseline    string
	Comparisons []metricView
	ForestHead  template.HTML
	NoiseWords  string
	Doubtful    []doubtfulRound
	Facts       []facts
	Command     string

	CSS       template.CSS
	UPlot, JS template.JS
	Data      liveData
}

// breakable lets a line end within an arm's name, before what its strategy is like.
func breakable(name string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(name), "/", "/<wbr>"))
}

// figureView is a chart, drawn for both kinds of screen.
type figureView struct {
	figure
	Wide, Narrow template.HTML
	Live         *liveView
	Replaced     bool // by Live, where there is JavaScript
}

// HTML writes the result as one file that asks for nothing from any network.
func HTML(w io.Writer, r *result.Result) error {
	v := newView(r)
	p := page{
		Title: r.Plan.Workload + ", " + r.Plan.Scenario, Version: r.Version,
		Started: r.Started.Format("2006-01-02T15:04:05Z07:00"), Date: r.Started.Format("2 January 2006, 15:04 MST"),
		Partial: r.Partial, Brief: v.brief(), Verdict: paragraphs(r.Verdict()), InGeneral: r.InGeneral(),
		Summary: v.summaryTable(), Baseline: r.Plan.Baseline,
		NoiseWords: v.noiseWords(), Doubtful: v.doubtful(),
		Facts: v.facts(), Command: command(r),
		CSS:   template.CSS(uplot.CSS + chartCSS + pageCSS),
		UPlot: template.JS("/*\n" + uplot.License + "*/\n" + uplot.JS), JS: template.JS(pageJS),
		Data: v.liveData(),
	}
	p.Comparisons, p.ForestHead = v.comparisons()
	p.Figures = v.figureViews(p.Data)
	if n := len(p.Doubtful); n > 0 {
		p.Warning = cmp.Or(said(r.Disturbed()), fmt.Sprintf("In %d of %s something was disturbed and does not count.", n, numbered(r.Plan.Rounds*max(r.Plan.CountLoads(), 1), "round")))
	}
	return pageTemplate().Execute(w, p)
}

// said is a line of a terminal as a sentence.
func said(disturbed string) string {
	if disturbed == "" {
		return ""
	}
	return strings.TrimPrefix(disturbed, "DISTURBED: ") + "."
}

func paragraphs(text string) []string {
	var all []string
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return all
}

func (v view) figureViews(data liveData) []figureView {
	var all []figureView
	for _, f := range v.figures() {
		live := v.liveView(f, data)
		all = append(all, figureView{
			figure: f, Wide: template.HTML(f.inline(wide)), Narrow: template.HTML(f.inline(narrow)),
			Live: live, Replaced: live != nil && live.Chart == f.Name,
		})
	}
	return all
}

// swatch is an arm's mark in a line of text, on a piece of its line where lines
// are drawn.
func (l look) swatch(line bool) template.HTML {
	var c canvas
	width, class := 16.0, "swatch chart"
	if line {
		width, class = 30, "swatch line chart"
	}
	c.tag("svg", attributes{"class", class, "viewBox", "0 0 " + place(width) + " 16", "aria-hidden", "true"}, ">")
	if line {
		c.stroke("M0 8h30", l)
	}
	c.mark(width/2, 8, 5, l.Shape, l.mark())
	return template.HTML(c.String() + "</svg>")
}
