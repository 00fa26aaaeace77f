package result

// Round is one arm under load once. Rounds of the same number, phase and load were
// made one after the other.
type Round struct {
	Round       int     `json:"round"` // from 1
	Run         int     `json:"-"`     // of which run it is, where several are pooled
	Arm         string  `json:"arm"`
	Phase       string  `json:"phase"`          // Closed or Open
	Load        string  `json:"load,omitempty"` // which of the plan's rates, as it is written, in a load curve
	Workload    string  `json:"workload"`
	Scenario    string  `json:"scenario"`
	OfferedRate float64 `json:"offered_rate,omitempty"` // connections a second; open loop only
	Seconds     float64 `json:"seconds"`

	Conns    int            `json:"conns"`    // answered
	Requests int            `json:"requests"` // answered; as many as conns where a connection has one
	Errors   map[string]int `json:"errors"`   // requests that failed, by the kinds of package load
	// FirstErrors is what the first failure of a kind was, such as "HTTP/1.1 500 Oh".
	FirstErrors map[string]string `json:"first_errors,omitempty"`

	Stalled    int     `json:"stalled"` // requests answered, or given up, after more than Plan.Stall
	MaxOpen    int     `json:"max_open"`
	Throughput float64 `json:"throughput"` // requests answered a second

	Latency Latency  `json:"latency_us"`         // from when a request was due
	Service Latency  `json:"service_us"`         // from when it was sent or its connection begun
	Connect Latency  `json:"connect_us"`         // the handshake
	Cheap   *Latency `json:"cheap_us,omitempty"` // of the cheap ones alone, where there are two kinds

	// Histograms are the times themselves, by what they are of, in HDR's compressed form.
	// Results that are read from files of the schema before have none.
	Histograms map[string]string `json:"histograms,omitempty"`

	Workers      []Worker `json:"workers"` // all of them, those without a connection too where they are known
	Jain         *float64 `json:"jain"`
	JainExpected *float64 `json:"jain_expected"` // of a perfect hash: n/(n+k−1)
	ChiSquareP   *float64 `json:"chi2_p"`        // that chance deals no more evenly than this
	MaxShare     *float64 `json:"max_share"`     // of the busiest worker

	CPU            CPU      `json:"cpu_us_per_conn"`
	Wakeups        *float64 `json:"wakeups_per_conn"` // voluntary context switches of the server
	QueuePeak      *int     `json:"accept_queue_peak"`
	ScheduleLagP99 *float64 `json:"schedule_lag_p99_us"`

	// Moment is when the scenario struck, in seconds from the start; NormalAfter
	// is how long after it the service was as before, null if it never was.
	Moment      *float64 `json:"moment_s,omitempty"`
	NormalAfter *float64 `json:"normal_after_s,omitempty"`
	Timeline    []Slice  `json:"timeline,omitempty"`

	// Agents is what each of several agents saw.
	Agents []AgentRound `json:"agents,omitempty"`

	// Doubts are why some of these numbers cannot be relied on; none for most rounds.
	Doubts []Doubt `json:"doubts,omitempty"`
}

// Latency is the shape of a distribution in microseconds. P999 is nil under
// 10,000 samples.
type Latency struct {
	N    int      `json:"n"`
	Min  float64  `json:"min"`
	P50  float64  `json:"p50"`
	P90  float64  `json:"p90"`
	P99  float64  `json:"p99"`
	P999 *float64 `json:"p999"`
	Max  float64  `json:"max"`
	Mean float64  `json:"mean"`
	SD   float64  `json:"sd"`
}

// Worker is what one worker had.
type Worker struct {
	Slot    int `json:"slot"` // -1 where unknown
	PID     int `json:"pid"`
	Conns   int `json:"conns"`
	MaxOpen int `json:"max_open,omitempty"` // where connections stay open
	// After is how many of the requests due from Round.Moment on it answered, whenever
	// that was, and AfterStalled how many of these took longer than Plan.Stall.
	After        int `json:"after,omitempty"`
	AfterStalled int `json:"after_stalled,omitempty"`
	// Struck says that the scenario was about this one.
	Struck bool `json:"struck,omitempty"`
}

// CPU is processor time per connection.
type CPU struct {
	Server *float64 `json:"server"` // all its processes, the master among them
	Master *float64 `json:"master"`
	Client *float64 `json:"client"`
}

// Slice is what became of the requests due in one stretch of a round.
type Slice struct {
	At       float64 `json:"at_s"` // from the start
	Answered int     `json:"answered"`
	Failed   int     `json:"failed"`
	Stalled  int     `json:"stalled"` // of both
	P50      float64 `json:"p50_us"`  // 0 where none was answered
	P99      float64 `json:"p99_us"`
}

// Tardy reports whether most of what p99 shows may be the load generator's own
// delay: it shared the processors with the server, and had to wait for them. Such
// a round is not doubtful, since a server that takes all processors does that to
// its real clients too, but its latencies are those of the whole machine.
func (r Round) Tardy() bool {
	return r.ScheduleLagP99 != nil && r.Latency.N > 0 && *r.ScheduleLagP99 > r.Latency.P99/2
}

// Lost is how many requests failed in a way that is the server's.
func (r Round) Lost() (n int) {
	for _, count := range r.Errors {
		n += count
	}
	return n
}

// Ended is how many requests were answered or lost: all that Lost and Stalled are
// of. Requests lacks those that were answered after the measured time.
func (r Round) Ended() int { return r.Latency.N + r.Lost() }
