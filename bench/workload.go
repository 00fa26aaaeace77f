//go:build linux

package bench

import (
	"fmt"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
	"prefork/bench/stats"
	"prefork/internal/lookup"
)

// Workload is a kind of work that clients ask for.
type Workload struct {
	Name     string
	Sentence string

	app         string
	concurrency int  // connections a worker serves at once, unless the plan says
	staying     bool // connections last until the end
	defaults    result.Plan
	order       func(result.Plan, *load.Order)
}

// What a connection costs in workload mixed: 2 % take a hundred times as long. With 1 %
// the 99th percentile would stand on the edge between the two kinds.
const mixedService = "bimodal:1ms,100ms,2%"

// Workloads are all there are; the first is the default.
var Workloads = []Workload{
	{
		Name:     "hello",
		Sentence: "the server greets and closes: what a connection costs, and nothing else",
		app:      "hello", concurrency: 1,
		defaults: result.Plan{Clients: 16},
		order:    func(result.Plan, *load.Order) {},
	},
	{
		Name:     "http",
		Sentence: "HTTP requests, --requests of them on a connection; by default one",
		app:      "http", concurrency: 1,
		defaults: result.Plan{Clients: 16, Requests: 1},
		order:    http,
	},
	{
		Name:     "work",
		Sentence: "each connection keeps a worker busy for a time that --service says, by default exp:5ms",
		app:      "work", concurrency: 1,
		defaults: result.Plan{Clients: 40, Service: "exp:5ms"},
		order:    func(result.Plan, *load.Order) {},
	},
	{
		Name:     "mixed",
		Sentence: "as work, where 2 % of the requests take a hundred times as long as the others: how long do the cheap ones wait?",
		app:      "work", concurrency: 1,
		defaults: result.Plan{Clients: 40, Service: mixedService},
		order:    func(result.Plan, *load.Order) {},
	},
	{
		Name:     "long-lived",
		Sentence: "HTTP connections that come one by one and stay to the end: who holds how many?",
		app:      "http", concurrency: 2000,
		staying:  true,
		defaults: result.Plan{Phases: []string{result.Open}, Rate: 400, Requests: -1, Think: 100 * time.Millisecond, Length: time.Second},
		order:    http,
	},
}

func http(p result.Plan, o *load.Order) {
	o.Protocol, o.Requests, o.Think = load.HTTP, p.Requests, p.Think
}

// LookupWorkload finds a workload by its name.
func LookupWorkload(name string) (Workload, error) {
	return lookup.ByName("workload", name, Workloads, func(w Workload) string { return w.Name })
}

// demand says what the plan's service times mean for an arm at a rate: an error if that is
// so many times what a server with so many workers could keep up with.
func demand(p result.Plan, a result.Arm, rate, times float64) error {
	if p.Service == "" || rate == 0 {
		return nil
	}
	service, err := stats.ParseService(p.Service)
	if err != nil {
		return err
	}
	mean := service.Mean()
	servers, what := float64(a.Workers*max(a.Concurrency, 1)), "workers"
	if cpus, _ := processors(p); p.Spin && float64(cpus) < servers {
		servers, what = float64(cpus), "CPUs"
	}
	utilisation := rate * mean.Seconds() / servers
	if utilisation < times {
		return nil
	}
	return fmt.Errorf("%s: %.0f connections a second of %s each (--service %s) keep %.3g %s %.0f %% busy, so that the queue grows for ever: it needs more than %.0f %s, or a --rate under %.0f",
		a.Name, rate, mean, p.Service, servers, what, 100*utilisation, rate*mean.Seconds()/times, what, times*servers/mean.Seconds())
}
