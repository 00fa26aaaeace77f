//go:build linux

package cli

import (
	"encoding/json"
	"io"
	"time"

	"prefork/bench/load"
)

// loadSchema names the form of the JSON. Fields may be added, none may change its
// meaning. Names and units are those of prefork bench.
const loadSchema = "prefork.load/v1"

// savedLoad is a load in JSON. Durations in names ending in _us are microseconds; null
// was not measured.
type savedLoad struct {
	Schema     string                     `json:"schema"`
	Version    string                     `json:"version"`
	URL        string                     `json:"url"`
	Started    time.Time                  `json:"started"`
	Seed       uint64                     `json:"seed"`
	Partial    bool                       `json:"partial"`
	Doubts     []string                   `json:"doubts"`
	Plan       savedPlan                  `json:"plan"`
	Seconds    float64                    `json:"seconds"`
	Conns      int                        `json:"conns"`
	Requests   int                        `json:"requests"`
	Throughput float64                    `json:"throughput"`
	Errors     map[string]int             `json:"errors"`
	First      map[string]string          `json:"first_errors"`
	Again      int                        `json:"again"`
	Due        int                        `json:"due,omitempty"`
	Begun      int                        `json:"begun,omitempty"`
	MaxOpen    int                        `json:"max_open"`
	ClientCPU  float64                    `json:"client_cpu_s"`
	N          int64                      `json:"latency_n"`
	Latency    map[string]*float64        `json:"latency_us"`
	Histograms map[string]*load.Histogram `json:"histograms"`
}

type savedPlan struct {
	Loop     string        `json:"loop"`
	Clients  int           `json:"clients,omitempty"`
	Rate     float64       `json:"rate,omitempty"`
	Requests int           `json:"requests"`
	Think    time.Duration `json:"think_ns,omitempty"`
	FIN      bool          `json:"fin,omitempty"`
	Length   time.Duration `json:"length_ns"`
	Warmup   time.Duration `json:"warmup_ns"`
	Timeout  time.Duration `json:"timeout_ns"`
	Threads  int           `json:"threads"`
}

func loadJSON(w io.Writer, l loaded) error {
	r, o := l.seen, l.order
	times := map[string]*float64{}
	for _, m := range loadMetricsOf() {
		value, measured := m.of(l)
		if m.unit == "µs" && measured {
			times[m.name] = &value
		} else if m.unit == "µs" {
			times[m.name] = nil
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(savedLoad{
		Schema: loadSchema, Version: l.Version, URL: l.goal.url, Started: l.Started, Seed: o.Seed, Partial: r.Partial,
		Doubts: append([]string{}, l.doubts()...),
		Plan: savedPlan{
			Loop: r.Loop, Clients: o.Clients, Rate: o.Rate, Requests: o.Requests, Think: o.Think, FIN: o.FIN,
			Length: o.Length, Warmup: o.Warmup, Timeout: o.Timeout, Threads: r.Threads,
		},
		Seconds: r.Seconds, Conns: r.Conns, Requests: r.Requests, Throughput: r.Throughput(), Errors: r.Errors, First: r.First,
		Again: r.Again, Due: r.Due, Begun: r.Begun, MaxOpen: r.MaxOpen, ClientCPU: r.CPU.Seconds(),
		N: r.Response.TotalCount(), Latency: times, Histograms: l.histograms(),
	})
}
