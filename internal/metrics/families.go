// Package metrics tells a master's status to Prometheus and to load balancers: /metrics,
// /healthz and /readyz (docs/operate/metrics.md).
//
// It writes the text itself, and not by prometheus/client_golang. A worker is this same
// binary, and client_golang, with the protocol buffers behind it, takes 1.2 ms and 266 kB
// at the start of every process that has it linked in (GODEBUG=inittrace=1). The tests
// have what is written here read by its parser, and judged by its promlint.
package metrics

import (
	"runtime"
	"slices"
	"strconv"

	"prefork/internal/control"
)

// kind is what a number may do.
type kind string

const (
	counter kind = "counter" // it only grows, and begins anew with the service
	gauge   kind = "gauge"
)

// family is one metric. Its name is by the conventions of prometheus.io/docs/practices/naming.
type family struct {
	name string
	kind kind
	help string
	of   func(*control.Status) []sample
}

// sample is one number of it.
type sample struct {
	labels []label
	value  float64
}

type label struct{ name, value string }

// families are all there are, in the order in which they are written.
var families = []family{
	{"prefork_build_info", gauge, "Always 1; the version that runs is a label.", func(s *control.Status) []sample {
		return []sample{{[]label{{"goversion", runtime.Version()}, {"strategy", s.Strategy}, {"version", s.Version}}, 1}}
	}},
	{"prefork_start_time_seconds", gauge, "When the service began, in seconds since 1970. An upgrade does not end it.", one(func(s *control.Status) float64 { return s.Started })},
	{"prefork_state", gauge, "1 for the state that the server is in, 0 for the others.", states},
	{"prefork_generation", gauge, "The generation of the newest workers; each reload makes one more.", one(func(s *control.Status) float64 { return float64(s.Generation) })},
	{"prefork_reloads_total", counter, "Reloads that have ended, by how: done or failed. Upgrades count too.", func(s *control.Status) []sample {
		return []sample{
			{[]label{{"result", "done"}}, float64(s.Reloads.Done)},
			{[]label{{"result", "failed"}}, float64(s.Reloads.Failed)},
		}
	}},
	{"prefork_upgrades_total", counter, "How often another binary has gone on from here.", one(func(s *control.Status) float64 { return float64(s.Reloads.Upgrades) })},
	{"prefork_workers_wanted", gauge, "Workers that there are to be, without those of drained slots.", one(func(s *control.Status) float64 { return float64(s.Workers.Wanted - s.Workers.Held) })},
	{"prefork_workers_ready", gauge, "Workers that take connections.", one(func(s *control.Status) float64 { return float64(s.Workers.Ready) })},
	{"prefork_worker_restarts_total", counter, "Workers that were started after the first one of their slot, by why.", restarts},
	{"prefork_worker_cpu_seconds_total", counter, "Processor time of the workers in a slot, of those that live now.", bySlot(func(s control.Slot) (float64, bool) { return s.CPU, s.CPU > 0 })},
	{"prefork_worker_start_time_seconds", gauge, "When the worker of a slot was started, in seconds since 1970.", func(s *control.Status) []sample {
		now := s.Started + s.Uptime
		return bySlot(func(slot control.Slot) (float64, bool) { return now - slot.Age, slot.PID != 0 })(s)
	}},
	{"prefork_connections_accepted_total", counter, "Connections that workers have taken.", counted(func(c *control.Connections) float64 { return float64(c.Accepted) })},
	{"prefork_connections_finished_total", counter, "Connections that were served to their end.", counted(func(c *control.Connections) float64 { return float64(c.Finished) })},
	{"prefork_connections_cut_total", counter, "Connections that failed because their worker ended.", counted(func(c *control.Connections) float64 { return float64(c.Cut) })},
	{"prefork_connections_open", gauge, "Connections that workers hold.", counted(func(c *control.Connections) float64 { return float64(c.Open) })},
	{"prefork_worker_wakeups_total", counter, "Returns of workers from a wait for connections, empty-handed ones too.", counted(func(c *control.Connections) float64 { return float64(c.Wakeups) })},
	{"prefork_queue_connections", gauge, "Connections that wait at an address for somebody to accept them.", byListener(func(l control.Listener) float64 { return float64(l.Queued) })},
	{"prefork_queue_limit_connections", gauge, "Connections that may wait at an address, in all its sockets.", byListener(func(l control.Listener) float64 { return float64(l.Limit) })},
	{"prefork_slot_queue_connections", gauge, "Connections that wait for the worker of one slot alone.", bySlot(func(s control.Slot) (float64, bool) {
		if s.Queued == nil {
			return 0, false
		}
		return float64(*s.Queued), true
	})},
	{"prefork_listen_overflows_total", counter, "Connections that found a full queue, of all programs in this network namespace.", func(s *control.Status) []sample {
		if s.ListenOverflows == nil {
			return nil
		}
		return []sample{{nil, float64(*s.ListenOverflows)}}
	}},
}

func one(value func(*control.Status) float64) func(*control.Status) []sample {
	return func(s *control.Status) []sample { return []sample{{nil, value(s)}} }
}

func states(s *control.Status) (all []sample) {
	for _, state := range control.States {
		value := 0.0
		if state == s.State {
			value = 1
		}
		all = append(all, sample{[]label{{"state", string(state)}}, value})
	}
	return all
}

func slotLabel(s control.Slot) label { return label{"slot", strconv.Itoa(s.Slot)} }

func bySlot(value func(control.Slot) (float64, bool)) func(*control.Status) []sample {
	return func(s *control.Status) (all []sample) {
		for _, slot := range s.Slots {
			if v, known := value(slot); known {
				all = append(all, sample{[]label{slotLabel(slot)}, v})
			}
		}
		return all
	}
}

func counted(value func(*control.Connections) float64) func(*control.Status) []sample {
	return bySlot(func(s control.Slot) (float64, bool) {
		if s.Connections == nil {
			return 0, false
		}
		return value(s.Connections), true
	})
}

func byListener(value func(control.Listener) float64) func(*control.Status) []sample {
	return func(s *control.Status) (all []sample) {
		for _, l := range s.Listeners {
			all = append(all, sample{[]label{{"listener", l.Address}}, value(l)})
		}
		return all
	}
}

// bad are the reasons that are told although there was no such start yet: what alerts go by
// has to be 0 before it is 1, or its first increase is none.
var bad = []string{"crash", "not-ready"}

func restarts(s *control.Status) (all []sample) {
	for _, slot := range s.Slots {
		for _, why := range control.Reasons[1:] {
			if n := slot.Restarts[why]; n > 0 || slices.Contains(bad, why) {
				all = append(all, sample{[]label{{"reason", why}, slotLabel(slot)}, float64(n)})
			}
		}
	}
	return all
}
