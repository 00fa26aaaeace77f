package load

import "time"

// Want is what a live load does from now on: one without an end, which can be
// changed while it runs. The zero value makes no connections.
type Want struct {
	Address string // as in Order

	// One of the two, or neither.
	Clients int     // closed loop
	Rate    float64 // open loop

	Burst   int           // so many connections now, once, beside the others
	Service string        // as in Order
	Timeout time.Duration // as in Order
	Seed    uint64        // of arrivals and demands, which begin anew when it or what they depend on changes
}

// Report is what one live load has seen since its last report. Nothing in it is
// sampled.
type Report struct {
	Load    int            `json:"load"`    // which one
	Changes int            `json:"changes"` // of what was wanted, before all that is reported
	Begun   int            `json:"begun,omitempty"`
	Done    int            `json:"done,omitempty"` // answered
	Lost    map[string]int `json:"lost,omitempty"` // by kind
	Workers map[int]int    `json:"workers,omitempty"`
	Open    int            `json:"open,omitempty"` // begun and neither answered nor lost, now
	Times   *Times         `json:"times,omitempty"`
}

// Times is how long answers took from the moment they were due, in microseconds. A
// request that was given up as late counts with its timeout, and one that still
// waits with its age so far: either will have taken at least that. Without them the
// slowest would be missing for as long as they are slow. Zeroes where there is none.
type Times struct {
	Second Quantiles `json:"second"` // of the last second, and of those that wait
	Recent Quantiles `json:"recent"` // of the last ten, and of those that wait
}

// Quantiles are the median and the 99th percentile.
type Quantiles struct {
	N   int64 `json:"n"`
	P50 int64 `json:"p50"`
	P99 int64 `json:"p99"`
}
