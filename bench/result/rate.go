package result

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// OpenRate is how many connections come in an open loop: so many a second, or a share of
// what the weakest arm reaches in a closed one. One of the two is 0.
type OpenRate struct {
	PerSecond float64 `json:"per_second,omitempty"`
	Share     float64 `json:"share,omitempty"`
}

const (
	// mostRates is how many points a load curve may have.
	mostRates = 20
	// mostPerSecond is more than a load generator makes.
	mostPerSecond = 1e7
	// MostOverload is how much more than can be borne a rate may be, as a multiple. An
	// overload has no latency of its own: the longer it lasts, the longer people wait.
	MostOverload = 2
)

// rateForms say what a rate is.
const rateForms = "want connections a second, such as 500, or a share of the weakest arm's capacity, such as 50%"

// String is the rate as one writes it: 500 or 50%.
func (r OpenRate) String() string {
	if r.Share > 0 {
		return plainNumber(100*r.Share) + "%"
	}
	return plainNumber(r.PerSecond)
}

// plainNumber has no more digits than anybody gives a rate, and no exponent.
func plainNumber(x float64) string {
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64); err == nil {
		x = rounded
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// ParseRates reads one rate, or those of a load curve: 20%,50%,80% or 500,1000,2000. They
// come back with the lowest first.
func ParseRates(text string) (rates []OpenRate, err error) {
	for field := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(field) == "" && strings.TrimSpace(text) != "" {
			return nil, errors.New("there is a comma without a rate beside it")
		}
		rate, err := parseRate(strings.TrimSpace(field))
		switch {
		case err != nil:
			return nil, err
		case len(rates) > 0 && (rate.Share > 0) != (rates[0].Share > 0):
			return nil, fmt.Errorf("%s and %s do not go together, as which is more would only be known afterwards: give all as shares, or all in connections a second", rates[0], rate)
		case slices.ContainsFunc(rates, func(r OpenRate) bool { return r.String() == rate.String() }):
			return nil, fmt.Errorf("%s is there twice", rate)
		}
		rates = append(rates, rate)
	}
	if len(rates) > mostRates {
		return nil, fmt.Errorf("these are %d rates; %d at most", len(rates), mostRates)
	}
	slices.SortFunc(rates, func(a, b OpenRate) int { return cmp.Compare(a.PerSecond+a.Share, b.PerSecond+b.Share) })
	return rates, nil
}

func parseRate(text string) (r OpenRate, err error) {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	switch {
	case err != nil || !(value/100 > 0): // the least number there is has no hundredth
		return r, errors.New(rateForms)
	case percent && value > 100*MostOverload:
		return r, fmt.Errorf("%s is more than %d %% of what can be borne: the queue would only show how long the overload lasts", text, 100*MostOverload)
	case percent:
		return OpenRate{Share: value / 100}, nil
	case value > mostPerSecond:
		return r, fmt.Errorf("%s a second is more than a load generator makes", text)
	}
	return OpenRate{PerSecond: value}, nil
}

// OpenRates are those of the open loop, the lowest first: one, or those of a load curve.
func (p Plan) OpenRates() []OpenRate {
	if len(p.Rates) > 0 {
		return p.Rates
	}
	return []OpenRate{{p.Rate, p.Share}}
}

// SetRates has the open loop at these rates, of which the arms are judged at the highest
// that bearable allows, or the lowest if it allows none.
func (p *Plan) SetRates(rates []OpenRate, bearable func(OpenRate) bool) {
	judged := rates[0]
	for _, rate := range rates {
		if bearable(rate) {
			judged = rate
		}
	}
	p.Rate, p.Share, p.Rates = judged.PerSecond, judged.Share, nil
	if len(rates) > 1 {
		p.Rates = rates
	}
}

// Loads are the rates of the phase that a load curve has by name, the lowest first; one
// without a name where there is no curve.
func (p Plan) Loads(phase string) (names []string) {
	if phase != Open || len(p.Rates) == 0 {
		return []string{""}
	}
	for _, rate := range p.Rates {
		names = append(names, rate.String())
	}
	return names
}

// JudgedAt is the load of a phase that the arms are judged at, "" where it has but one.
func (p Plan) JudgedAt(phase string) string {
	if phase != Open || len(p.Rates) == 0 {
		return ""
	}
	return OpenRate{p.Rate, p.Share}.String()
}

// CountLoads is how many loads each arm is put under, of all phases together.
func (p Plan) CountLoads() (n int) {
	for _, phase := range p.Phases {
		n += len(p.Loads(phase))
	}
	return n
}
