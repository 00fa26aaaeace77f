//go:build linux

package main

import (
	"strings"
	"testing"
)

// rounds are those of a baseline and of one other.
func rounds(other ...float64) results {
	r := results{}
	for _, rate := range other {
		r["nginx/reuseport"] = append(r["nginx/reuseport"], seen{rate: 1000, cpu: 1000})
		r["nginx/shared"] = append(r["nginx/shared"], seen{rate: 100, cpu: 10})
		r["prefork/shared"] = append(r["prefork/shared"], seen{rate: rate, cpu: 5})
	}
	return r
}

func TestTable(t *testing.T) {
	p := plan{only: "prefork/shared"}
	var out strings.Builder
	if err := p.table(&out, rounds(150, 90, 130)); err != nil {
		t.Fatal(err)
	}
	want := []string{"nginx/shared", "100", "1.00", "1.00–1.00", "10.00", "1.00", "1.00–1.00", "nginx/reuseport", "1000", "1.00", "1.00–1.00", "1000.00", "1.00", "1.00–1.00", "prefork/shared", "130", "1.30", "0.90–1.50", "5.00", "0.50", "0.50–0.50"}
	_, rows, _ := strings.Cut(out.String(), "\n")
	if got := strings.Fields(rows); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAgreement(t *testing.T) {
	p := plan{only: "prefork/shared"}
	if got := p.agreement([]results{rounds(150), rounds(110)}); got != "Both agree on who is ahead of nginx." {
		t.Error(got)
	}
	if got := p.agreement([]results{rounds(150), rounds(90)}); !strings.HasSuffix(got, ": prefork/shared.") {
		t.Error(got)
	}
}

func TestParse(t *testing.T) {
	for _, args := range [][]string{{"-clients", "x"}, {"-clients", "0"}, {"-rounds", "0"}, {"-idle", "-1"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
