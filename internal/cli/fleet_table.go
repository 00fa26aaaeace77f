//go:build linux

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/internal/fleet"
	"prefork/internal/ink"
)

// tellFleet prints accounts as they come.
type tellFleet struct {
	w      io.Writer
	json   bool
	begun  bool
	harmed []string // rows that were to spare everybody, and did not
}

const fleetColumns = "  %-10s %8s %8s %8s %10s %10s %9s\n"

// row says what comes.
func (t *tellFleet) row(r fleet.Row, o fleet.Options) {
	if t.json {
		return
	}
	if !t.begun {
		fmt.Fprintf(t.w, "%d hosts of %d workers, %s connections a second; failed and stalled are counted at\nthe clients\n", o.Hosts, o.Workers, result.Digits(o.Rate, 0))
		t.begun = true
	}
	paint := ink.Paint(coloured(t.w))
	fmt.Fprintf(t.w, "\n%s\n", paint.Bold(strings.Join(ink.Fold(r.Name+" · "+r.Sentence, helpWidth(t.w)), "\n")))
	fmt.Fprintf(t.w, fleetColumns, "", "requests", "failed", "stalled", "99 %", "longest", "harm for")
}

// account prints one.
func (t *tellFleet) account(a fleet.Account) error {
	if a.Spared && a.Failed > 0 {
		t.harmed = append(t.harmed, a.Row+" with "+a.Strategy)
	}
	if t.json {
		return json.NewEncoder(t.w).Encode(a)
	}
	paint := ink.Paint(coloured(t.w))
	harm := "–"
	if a.Harmed > 0 {
		harm = fmt.Sprintf("%.2f s", a.Harmed)
	}
	name := paint.Strategy(a.Strategy, fmt.Sprintf("%-10s", a.Strategy))
	_, err := fmt.Fprintf(t.w, "  %s %8s %8s %8s %10s %10s %9s\n", name, result.Thousands(a.Requests), result.Thousands(a.Failed), result.Thousands(a.Stalled),
		inTime(a.P99), inTime(a.Longest), harm)
	for _, kind := range slices.Sorted(maps.Keys(a.Errors)) {
		fmt.Fprintf(t.w, "             × %s %s\n", result.Thousands(a.Errors[kind]), fleetFailure(kind))
	}
	for _, end := range slices.Sorted(maps.Keys(a.Ends)) {
		fmt.Fprintf(t.w, "             HAProxy: %s × %s\n", result.Thousands(a.Ends[end]), end)
	}
	return err
}

// fleetFailure is a kind of error in words, as a client of a balancer has it.
func fleetFailure(kind string) string {
	switch kind {
	case load.Empty:
		return "closed without an answer"
	case load.Late:
		return "not answered within 5 s"
	case load.Status:
		return "answered with no success"
	case load.Local:
		return "not begun, for want of ports or descriptors here"
	}
	return kind
}

// end says what is to be concluded.
func (t *tellFleet) end() error {
	if len(t.harmed) > 0 {
		return coded{exitFailed, fmt.Errorf("clients were harmed where none was to be: %s", strings.Join(t.harmed, ", "))}
	}
	if t.json {
		return nil
	}
	_, err := fmt.Fprintln(t.w, "\nstalled: more than 500 ms. harm for: from the first to the last that failed or stalled.\nmore: docs/many.md")
	return err
}
