//go:build linux

package docs_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// scrapes are what Prometheus would have of one server after some scrapes.
type scrapes struct {
	series map[string]*scraped
	last   time.Time
	text   string // of the last one
}

const scrapeEvery = time.Minute

// add takes in one more scrape, as of scrapeEvery after the one before.
func (s *scrapes) add(t *testing.T, text string) {
	t.Helper()
	if s.series == nil {
		s.series, s.last = map[string]*scraped{}, time.Unix(1e9, 0)
	}
	s.last, s.text = s.last.Add(scrapeEvery), text
	textParser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := textParser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			pairs := []string{model.MetricNameLabel, name, "instance", "web-1", "job", "prefork"}
			for _, l := range m.GetLabel() {
				pairs = append(pairs, l.GetName(), l.GetValue())
			}
			set := labels.FromStrings(pairs...)
			one := s.series[set.String()]
			if one == nil {
				one = &scraped{labels: set}
				s.series[set.String()] = one
			}
			one.points = append(one.points, point{s.last.UnixMilli(), m.GetCounter().GetValue() + m.GetGauge().GetValue()})
		}
	}
}

// and is these and one more, in which something has changed since the last one.
func (s *scrapes) and(t *testing.T, change func(string) string) *scrapes {
	t.Helper()
	text := change(s.text)
	if text == s.text {
		t.Fatalf("nothing has changed in:\n%s", text)
	}
	more := &scrapes{series: map[string]*scraped{}, last: s.last}
	for key, one := range s.series {
		more.series[key] = &scraped{one.labels, slices.Clone(one.points)}
	}
	more.add(t, text)
	return more
}

// ask runs an expression as of the last scrape, with the variables of a dashboard.
func (s *scrapes) ask(t *testing.T, expression string) promql.Vector {
	t.Helper()
	expression = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".+").Replace(expression)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	query, err := engine.NewInstantQuery(context.Background(), s, nil, expression, s.last)
	if err != nil {
		t.Errorf("%s: %v", expression, err)
		return nil
	}
	defer query.Close()
	result := query.Exec(context.Background())
	vector, err := result.Vector()
	if err != nil {
		t.Errorf("%s: %v", expression, err)
	}
	for _, warning := range result.Warnings.AsErrors() {
		t.Errorf("%s: %v", expression, warning)
	}
	return slices.Clone(vector)
}

// scraped is one series.
type scraped struct {
	labels labels.Labels
	points []chunks.Sample
}

// What follows makes a storage of Prometheus out of them.

func (s *scrapes) Querier(int64, int64) (storage.Querier, error) { return s, nil }
func (s *scrapes) Close() error                                  { return nil }
func (s *scrapes) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (s *scrapes) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (s *scrapes) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	found := &selected{at: -1}
	for _, one := range s.series {
		fits := true
		for _, m := range matchers {
			fits = fits && m.Matches(one.labels.Get(m.Name))
		}
		if fits {
			found.all = append(found.all, one)
		}
	}
	return found
}

type selected struct {
	all []*scraped
	at  int
}

func (s *selected) Next() bool { s.at++; return s.at < len(s.all) }
func (s *selected) At() storage.Series {
	return storage.NewListSeries(s.all[s.at].labels, s.all[s.at].points)
}
func (s *selected) Err() error                        { return nil }
func (s *selected) Warnings() annotations.Annotations { return nil }

// point is one number of a series, at a time in milliseconds.
type point struct {
	t int64
	v float64
}

func (p point) T() int64                      { return p.t }
func (p point) ST() int64                     { return 0 }
func (p point) F() float64                    { return p.v }
func (p point) H() *histogram.Histogram       { return nil }
func (p point) FH() *histogram.FloatHistogram { return nil }
func (p point) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (p point) Copy() chunks.Sample           { return p }
