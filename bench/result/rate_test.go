package result

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestParseRates(t *testing.T) {
	for text, want := range map[string]string{
		"500":                  "500",
		"50%":                  "50%",
		"1e3":                  "1000",
		"0.5":                  "0.5",
		"12.5%":                "12.5%",
		"20%,40%,60%,80%,90%":  "20%,40%,60%,80%,90%",
		"90%, 20 % ,55%":       "20%,55%,90%",
		"2000,500,1000":        "500,1000,2000",
		"33.333333333333336%":  "33.3333333333%",
		"200%":                 "200%",
		"10,9,8,7,6,5,4,3,2,1": "1,2,3,4,5,6,7,8,9,10",
	} {
		got, err := ParseRates(text)
		if err != nil || written(got) != want {
			t.Errorf("%s: %s, %v; want %s", text, written(got), err, want)
		}
	}
}

func TestParseRatesErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "connections a second",
		"never":                  "connections a second",
		"0":                      "connections a second",
		"0%":                     "connections a second",
		"-5":                     "connections a second",
		"-5%":                    "connections a second",
		"NaN":                    "connections a second",
		"%":                      "connections a second",
		"50%%":                   "connections a second",
		"1000;500":               "connections a second",
		"20%,":                   "a comma without a rate",
		",20%":                   "a comma without a rate",
		"20%,,40%":               "a comma without a rate",
		",":                      "a comma without a rate",
		"1,000":                  "connections a second",
		"20%,500":                "20% and 500 do not go together",
		"500,20%":                "500 and 20% do not go together",
		"20%,20%":                "20% is there twice",
		"500,5e2":                "500 is there twice",
		"201%":                   "more than 200 %",
		"Inf%":                   "more than 200 %",
		"Inf":                    "more than a load generator makes",
		"1e9":                    "more than a load generator makes",
		"http://localhost:8080/": "connections a second",
		many(mostRates + 1):      "20 at most",
	} {
		if got, err := ParseRates(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, error %v; want one that says %q", text, written(got), err, want)
		}
	}
}

func many(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i+1))
	}
	return strings.Join(all, ",")
}

func written(rates []OpenRate) string {
	var all []string
	for _, rate := range rates {
		all = append(all, rate.String())
	}
	return strings.Join(all, ",")
}

// Whatever is read is in rising order, without doubles, positive, of one kind, and reads back
// as itself. Whatever is no rate is an error and no panic.
func FuzzParseRates(f *testing.F) {
	for _, text := range []string{"20%,50%", "500,1000", "0%", "1e-320", "9,8.5 , 7%", "5e-324%", ",", "1_0", "0x1p4", "٣"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rates, err := ParseRates(text)
		if err != nil {
			if len(rates) > 0 {
				t.Fatalf("%q: %v, and yet %s", text, err, written(rates))
			}
			return
		}
		for i, rate := range rates {
			value := rate.PerSecond + rate.Share
			if !(value > 0) || math.IsInf(value, 0) || (rate.PerSecond > 0) == (rate.Share > 0) || rate.Share > MostOverload {
				t.Fatalf("%q: %+v", text, rate)
			}
			if i > 0 && value <= rates[i-1].PerSecond+rates[i-1].Share {
				t.Fatalf("%q: %s after %s", text, rate, rates[i-1])
			}
		}
		again, err := ParseRates(written(rates))
		if err != nil || written(again) != written(rates) {
			t.Fatalf("%q: %s reads back as %s, %v", text, written(rates), written(again), err)
		}
	})
}

// Any set of rates in any order is the same curve.
func TestRatesInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		unit := []string{"", "%"}[random.IntN(2)]
		var texts []string
		for _, n := range random.Perm(150)[:1+random.IntN(mostRates)] {
			texts = append(texts, fmt.Sprintf("%d%s", n+1, unit))
		}
		sorted, err := ParseRates(strings.Join(texts, ","))
		random.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		other, failed := ParseRates(strings.Join(texts, " , "))
		if err != nil || failed != nil || !slices.Equal(sorted, other) || len(sorted) != len(texts) {
			t.Fatalf("%q: %v, %v; %v, %v", texts, sorted, err, other, failed)
		}
	}
}

// Arms are judged at the highest rate that is no overload on purpose.
func TestWhereACurveIsJudged(t *testing.T) {
	for text, want := range map[string]string{
		"20%,90%":       "90%",
		"20%,90%,120%":  "90%",
		"120%,150%":     "120%",
		"100%,101%":     "100%",
		"500,1000,2000": "1000",
	} {
		rates, err := ParseRates(text)
		if err != nil {
			t.Fatal(err)
		}
		var p Plan
		p.SetRates(rates, func(r OpenRate) bool { return r.Share <= 1 && r.PerSecond <= 1500 })
		if got := p.JudgedAt(Open); got != want || p.JudgedAt(Closed) != "" || !slices.Contains(p.Loads(Open), got) {
			t.Errorf("%s is judged at %q, want %q; loads %q", text, got, want, p.Loads(Open))
		}
	}
	p := Plan{Phases: []string{Closed, Open}}
	p.SetRates([]OpenRate{{PerSecond: 500}}, func(OpenRate) bool { return false })
	if p.Rate != 500 || len(p.Rates) != 0 || p.JudgedAt(Open) != "" || p.CountLoads() != 2 {
		t.Errorf("one rate makes a curve: %+v", p)
	}
}
