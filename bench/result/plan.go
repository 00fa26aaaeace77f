// Package result is what a run of the bench was to do, what it saw, and what may be
// said of that: plan, rounds, metrics, comparisons, thresholds, verdict. It is pure, so
// that a result can be read and judged anywhere: it starts nothing, and needs no Linux.
package result

import "time"

// Plan is what a run is to do, and part of what it has found: two results may be
// compared if their plans are the same.
type Plan struct {
	Workload string        `json:"workload"` // a name among Workloads
	Scenario string        `json:"scenario"` // a name among Scenarios
	Phases   []string      `json:"phases"`   // Closed, Open or both, in order
	Baseline string        `json:"baseline"` // name of an arm
	Rounds   int           `json:"rounds"`   // of each phase
	Length   time.Duration `json:"length_ns"`
	Warmup   time.Duration `json:"warmup_ns"`
	Timeout  time.Duration `json:"timeout_ns"`
	// Stall is how long a request may take before it counts as stalled.
	Stall time.Duration `json:"stall_ns"`

	Clients int `json:"clients"` // of the closed loop
	// Rate is connections a second in the open loop. If it is 0, Share tells it:
	// that part of what the weakest arm reached in the closed loop.
	Rate  float64 `json:"rate,omitempty"`
	Share float64 `json:"share,omitempty"`
	// Rates are all of a load curve's, the lowest first, none where there is one rate alone.
	// Rate or Share is then the one of them that the arms are judged at.
	Rates []OpenRate `json:"rates,omitempty"`

	Service  string        `json:"service,omitempty"` // of work and mixed: a distribution of package stats
	Spin     bool          `json:"spin,omitempty"`
	Requests int           `json:"requests,omitempty"` // of http: requests a connection; 0 is one, which is closed after
	Think    time.Duration `json:"think_ns,omitempty"` // between the requests of a connection
	FIN      bool          `json:"fin,omitempty"`      // clients close in the usual way; otherwise they reset

	// Budget is the most that the run may take; 0 is the plan's time, and as much again
	// for what is disturbed and has to be done again. Until is how near to the truth the deciding ratios are to be, as a share of 1:
	// 0.05 has further rounds made within the budget until their intervals reach 5 % to
	// either side; 0 is however near the rounds come. Two runs may differ in both.
	Budget time.Duration `json:"budget_ns,omitempty"`
	Until  float64       `json:"until,omitempty"`

	// Margin is how much two arms may differ and still count as the same, as a share of 1.
	Margin float64 `json:"margin,omitempty"`

	Seed uint64 `json:"-"` // of all that is random; Result has it

	LeftOut []LeftOut `json:"-"` // cannot be had here; Result has it

	Pin bool `json:"pin,omitempty"` // server and load generator have processors of their own

	Sysctls map[string]string `json:"sysctls,omitempty"` // set in a network namespace of the run
}

// The two phases.
const (
	Closed = "closed" // so many clients: capacity
	Open   = "open"   // so many connections a second: latency
)

// Counted is what Lost, Stalled and Ended count, in the plural.
func (p Plan) Counted() string {
	if p.Requests > 1 || p.Requests < 0 {
		return "requests"
	}
	return "connections"
}
