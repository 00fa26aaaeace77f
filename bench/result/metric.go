package result

import (
	"math"
	"strings"
)

// Metric is one number of a round. Tables, thresholds, comparisons and charts are
// made from the table of them.
type Metric struct {
	Name  string
	Title string // of a column
	Unit  string // "" for ratios and counts
	Means string // one clause
	// Better is whether more of it is better, less is, or neither.
	Better Direction
	// Phase is where it says most.
	Phase string
	// Kind is what can spoil it.
	Kind Kind
	// Compared says that comparisons are made of it.
	Compared bool
	// Answered says that it is of the requests that were answered: the lost ones,
	// which waited in vain, are not in it.
	Answered bool
	// Of is the number; ok is false where it was not measured.
	Of func(Round) (value float64, ok bool)
}

// Direction is which way a metric is better.
type Direction int

// Neither is for what has no better or worse.
const (
	Neither Direction = iota
	More
	Less
)

// Kind is what sort of number a metric is. What spoils the one may leave the other as it
// is: a server that had to wait for a processor took no more of its time.
type Kind int

// The kinds.
const (
	Rate   Kind = iota // answers a second
	Time               // how long something took
	Cost               // processor time and wakeups per connection
	Harm               // how many requests came to harm
	Spread             // over workers and queues
	Lag                // of the generator itself
)

// Metrics are all there are.
var Metrics = []Metric{
	{"throughput", "req/s", "/s", "requests answered a second", More, Closed, Rate, true, false, func(r Round) (float64, bool) { return r.Throughput, true }},
	{"cpu_server", "CPU µs/conn", "µs", "processor time of all processes of the server, per connection", Less, Closed, Cost, true, false, func(r Round) (float64, bool) { return measured(r.CPU.Server) }},
	{"cpu_master", "master µs/conn", "µs", "processor time of the master alone per connection", Less, Closed, Cost, false, false, func(r Round) (float64, bool) { return measured(r.CPU.Master) }},
	{"cpu_client", "client µs/conn", "µs", "processor time of the load generator per connection", Neither, Closed, Cost, false, false, func(r Round) (float64, bool) { return measured(r.CPU.Client) }},
	{"p50", "p50", "µs", "half of the requests are answered within it", Less, Open, Time, true, true, latency(func(l Latency) float64 { return l.P50 })},
	{"p90", "p90", "µs", "90 % of the requests are answered within it", Less, Open, Time, false, true, latency(func(l Latency) float64 { return l.P90 })},
	{"p99", "p99", "µs", "99 % of the requests are answered within it", Less, Open, Time, true, true, latency(func(l Latency) float64 { return l.P99 })},
	{"p999", "p99.9", "µs", "99.9 % of the requests are answered within it", Less, Open, Time, false, true, func(r Round) (float64, bool) { return measured(r.Latency.P999) }},
	{"max", "max", "µs", "the longest time to an answer", Less, Open, Time, false, true, latency(func(l Latency) float64 { return l.Max })},
	{"mean", "mean", "µs", "the mean time to an answer", Less, Open, Time, true, true, latency(func(l Latency) float64 { return l.Mean })},
	{"sd", "sd", "µs", "standard deviation of the time to an answer", Less, Open, Time, true, true, latency(func(l Latency) float64 { return l.SD })},
	{"service_p99", "service p99", "µs", "as p99, but timed from when the request was really sent", Less, Open, Time, false, true, func(r Round) (float64, bool) { return r.Service.P99, r.Service.N > 0 }},
	{"connect_p99", "connect p99", "µs", "99 % of the handshakes are done within it", Less, Open, Time, false, false, func(r Round) (float64, bool) { return r.Connect.P99, r.Connect.N > 0 }},
	{"cheap_p99", "cheap p99", "µs", "p99 of the cheap requests alone, in workload mixed", Less, Open, Time, true, true, cheap},
	{"wakeups", "wakeups/conn", "", "how often the kernel woke a thread of the server, per connection (voluntary context switches)", Less, Open, Cost, true, false, func(r Round) (float64, bool) { return measured(r.Wakeups) }},
	{"jain", "Jain", "", "fairness over workers: 1 is even, 1/k is all on one; a hash expects n/(n+k−1)", More, Closed, Spread, false, false, func(r Round) (float64, bool) { return measured(r.Jain) }},
	{"max_share", "max share", "", "share of the busiest worker", Less, Closed, Spread, false, false, func(r Round) (float64, bool) { return measured(r.MaxShare) }},
	{"open_spread", "most−least open", "", "how many more connections the worker with the most has open than the one with the least", Less, Open, Spread, false, false, openSpread},
	{"lost", "lost", "", "requests that failed, or connections where each has one request", Less, Open, Harm, false, false, func(r Round) (float64, bool) { return float64(r.Lost()), true }},
	{"stalled", "stalled", "", "requests that took longer than the stall limit, answered or not", Less, Open, Harm, false, false, func(r Round) (float64, bool) { return float64(r.Stalled), true }},
	{"stalled_share", "stalled share", "", "of the requests that were due after the disturbance, the share that stalled", Less, Open, Harm, false, false, stalledShare},
	{"normal_after", "normal after", "s", "seconds from the disturbance until all was as before", Less, Open, Time, false, false, func(r Round) (float64, bool) { return measured(r.NormalAfter) }},
	{"queue_peak", "queue peak", "", "most connections seen waiting in accept queues", Less, Open, Spread, false, false, queuePeak},
	{"lag_p99", "lag p99", "µs", "99 % of connections were begun no later than so much after they were due", Neither, Open, Lag, false, false, func(r Round) (float64, bool) { return measured(r.ScheduleLagP99) }},
}

func measured(x *float64) (float64, bool) {
	if x == nil {
		return 0, false
	}
	return *x, true
}

func latency(part func(Latency) float64) func(Round) (float64, bool) {
	return func(r Round) (float64, bool) { return part(r.Latency), r.Latency.N > 0 }
}

func cheap(r Round) (float64, bool) {
	if r.Cheap == nil || r.Cheap.N == 0 {
		return 0, false
	}
	return r.Cheap.P99, true
}

func queuePeak(r Round) (float64, bool) {
	if r.QueuePeak == nil {
		return 0, false
	}
	return float64(*r.QueuePeak), true
}

// stalledShare is of what was due from the disturbance on: who stalls, if one comes now?
func stalledShare(r Round) (float64, bool) {
	due, stalled := 0, 0
	for _, s := range r.Timeline {
		if r.Moment != nil && s.At >= *r.Moment {
			due, stalled = due+s.Answered+s.Failed, stalled+s.Stalled
		}
	}
	return float64(stalled) / float64(due), due > 0
}

func openSpread(r Round) (float64, bool) {
	least, most := math.MaxInt, 0
	for _, w := range r.Workers {
		least, most = min(least, w.MaxOpen), max(most, w.MaxOpen)
	}
	return float64(most - least), most > 0
}

// LookupMetric finds a metric by name.
func LookupMetric(name string) (Metric, bool) {
	for _, m := range Metrics {
		if strings.EqualFold(m.Name, name) {
			return m, true
		}
	}
	return Metric{}, false
}
