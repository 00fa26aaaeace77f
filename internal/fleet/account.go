//go:build linux

package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"prefork/bench/load"
)

// Account is what a row cost the clients, by cause.
type Account struct {
	Row      string `json:"row"`
	Hosts    int    `json:"hosts"`
	Strategy string `json:"strategy"`
	Starts   int    `json:"starts"` // of servers, the first ones included

	Requests int            `json:"requests"` // one a connection
	Answered int            `json:"answered"`
	Failed   int            `json:"failed"`
	Errors   map[string]int `json:"errors,omitempty"` // the failed, as clients saw it, by load's kinds
	First    string         `json:"first,omitempty"`  // what the first failure was
	// Harmed is from the first to the last moment at which a request was due that failed or
	// stalled, in seconds; 0 if none did.
	Harmed  float64 `json:"harmed_s"`
	Stalled int     `json:"stalled"` // answered or given up after more than half a second
	P99     float64 `json:"p99_us"`
	Longest float64 `json:"longest_us"`
	// Ends is how the balancer says that sessions ended, in words; of HAProxy only, and
	// without those that ended well.
	Ends map[string]int `json:"ends,omitempty"`
	// Spared says that none was to fail.
	Spared bool `json:"spared"`
}

// endings are HAProxy's own words for how a session ended, its first two letters
// (termination state, HAProxy's configuration manual, 8.5).
var endings = []struct{ letters, words string }{
	{"CC", "the client left before a host had taken it"}, {"cD", "the client said nothing"},
	{"SC", "the host refused it, or was gone"}, {"sC", "the host did not take it in time"},
	{"SD", "the host broke it off"}, {"sD", "the host said nothing in time"},
	{"LR", "answered by HAProxy itself"}, {"PC", "HAProxy refused it"}, {"PD", "HAProxy refused the answer"},
	{"RC", "no room in HAProxy"}, {"DC", "HAProxy saw the host go"}, {"DD", "HAProxy saw the host go"}, {"KD", "ended by hand"},
}

// ending is what HAProxy says of a session, in words; "" of one that ended well: a client that
// has its answer may be the first to close.
func ending(letters string) string {
	if letters == "--" || letters == "CD" {
		return ""
	}
	for _, e := range endings {
		if e.letters == letters {
			return e.words
		}
	}
	return fmt.Sprintf("HAProxy says %q", letters)
}

func account(r Row, f *fleet, seen *load.Result, sessions map[string]int) Account {
	a := Account{
		Row: r.Name, Hosts: f.Hosts, Strategy: f.Strategy, Spared: r.spared,
		Requests: seen.Begun, Answered: int(seen.Response.TotalCount()), Errors: seen.Errors, Stalled: seen.Stalled,
		P99: float64(seen.Response.ValueAtQuantile(99)), Longest: float64(seen.Response.Max()), Ends: map[string]int{},
	}
	for _, host := range f.hosts {
		host.mu.Lock()
		a.Starts += host.starts
		host.mu.Unlock()
	}
	for _, n := range seen.Errors {
		a.Failed += n
	}
	for _, kind := range slices.SortedFunc(maps.Keys(seen.Errors), func(x, y string) int { return cmp.Compare(seen.Errors[y], seen.Errors[x]) }) {
		if a.First == "" {
			a.First = seen.First[kind]
		}
	}
	a.Harmed = harmed(seen.Timeline)
	for letters, n := range sessions {
		if words := ending(letters); words != "" {
			a.Ends[words] += n
		}
	}
	return a
}

// harmed is how long there was harm.
func harmed(timeline []load.Slice) float64 {
	first, last := -1.0, -1.0
	for i, s := range timeline {
		if s.Failed+s.Stalled == 0 {
			continue
		}
		if first < 0 {
			first = s.At
		}
		last = s.At + slice.Seconds()
		if i+1 < len(timeline) {
			last = timeline[i+1].At
		}
	}
	return last - first
}
