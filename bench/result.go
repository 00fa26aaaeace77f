package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Schema names the form of a saved result. Other programs lean on it: fields may
// be added, none may change its meaning.
const Schema = "prefork.bench/v1"

// Result is all that a run has found. Durations in names ending in _us are
// microseconds; a nil pointer, null in JSON, was not measured.
type Result struct {
	Schema  string    `json:"schema"`
	Version string    `json:"version"`
	Seed    uint64    `json:"seed"`
	Started time.Time `json:"started"`
	// Partial says that the run was cut short, and why.
	Partial string `json:"partial,omitempty"`

	Environment Environment  `json:"environment"`
	Plan        Plan         `json:"plan"`
	Arms        []Arm        `json:"arms"`
	LeftOut     []LeftOut    `json:"left_out,omitempty"`
	Rounds      []Round      `json:"rounds"`
	Summary     []Summary    `json:"summary"`
	Comparisons []Comparison `json:"comparisons"`
	// AANoise is how far apart the baseline and itself came out, by
	// "phase/metric": the 95 % interval of their ratio.
	AANoise map[string][2]float64 `json:"aa_noise"`
}

// Environment is the machine as it was.
type Environment struct {
	Kernel    string            `json:"kernel"`
	CPUs      int               `json:"cpus"`
	CPUModel  string            `json:"cpu_model"`
	Go        string            `json:"go"`
	Sysctls   map[string]string `json:"sysctls"`
	StealPct  float64           `json:"steal_pct"` // of all processor time of the run
	LoadAvg   float64           `json:"loadavg"`   // of one minute, before the run
	Namespace bool              `json:"namespace"` // in a network namespace of its own
}

// Arm is one of the things compared.
type Arm struct {
	// Name is unique: shared/blocking; with @32 for the number of workers where
	// that varies, and #2 where the same arm is there twice.
	Name        string `json:"name"`
	Strategy    string `json:"strategy"` // "peer" for anybody else's server
	Accept      string `json:"accept,omitempty"`
	Steer       string `json:"steer,omitempty"`
	Policy      string `json:"policy,omitempty"`
	Workers     int    `json:"workers"`
	Concurrency int    `json:"concurrency"`
	// Command is what runs in place of a built-in app, or as the peer.
	Command string `json:"command,omitempty"`
	// Control marks the baseline's twin, which is there to show the noise.
	Control bool `json:"control,omitempty"`
	// Flags are further flags of prefork serve.
	Flags []string `json:"flags,omitempty"`
	// Optional allows to leave it out where it cannot be had.
	Optional bool `json:"-"`
}

// LeftOut is an arm that was to be compared and could not be.
type LeftOut struct {
	Arm    string `json:"arm"`
	Reason string `json:"reason"`
}

// String is for people.
func (l LeftOut) String() string { return l.Arm + " is left out: " + l.Reason }

// Round is one arm under load once. Rounds of the same number and phase were
// made one after the other.
type Round struct {
	Round       int     `json:"round"` // from 1
	Arm         string  `json:"arm"`
	Phase       string  `json:"phase"` // Closed or Open
	Workload    string  `json:"workload"`
	Scenario    string  `json:"scenario"`
	OfferedRate float64 `json:"offered_rate,omitempty"` // connections a second; open loop only
	Seconds     float64 `json:"seconds"`

	Conns      int            `json:"conns"`    // answered
	Requests   int            `json:"requests"` // answered; as many as conns where a connection has one
	Errors     map[string]int `json:"errors"`   // requests that failed, by the kinds of package load
	Stalled    int            `json:"stalled"`  // requests answered, or given up, after more than Plan.Stall
	MaxOpen    int            `json:"max_open"`
	Throughput float64        `json:"throughput"` // requests answered a second

	Latency Latency  `json:"latency_us"`         // from when a request was due
	Service Latency  `json:"service_us"`         // from when it was sent or its connection begun
	Connect Latency  `json:"connect_us"`         // the handshake
	Cheap   *Latency `json:"cheap_us,omitempty"` // of the cheap ones alone, where there are two kinds

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

	Valid         bool   `json:"valid"`
	InvalidReason string `json:"invalid_reason,omitempty"`
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

// Summary is one metric of one arm over all valid rounds of a phase.
type Summary struct {
	Arm    string     `json:"arm"`
	Phase  string     `json:"phase"`
	Metric string     `json:"metric"`
	Median float64    `json:"median"`
	CI95   [2]float64 `json:"ci95"`
	N      int        `json:"n"`
}

// Comparison is one metric of one arm against the baseline.
type Comparison struct {
	Phase    string   `json:"phase"`
	Metric   string   `json:"metric"`
	Arm      string   `json:"arm"`
	Baseline string   `json:"baseline"`
	Ratio    float64  `json:"ratio"`    // geometric mean of arm/baseline by round
	CI95     Interval `json:"ci95"`     // null of a single round
	N        int      `json:"n"`        // rounds that gave a ratio
	NoRatio  int      `json:"no_ratio"` // valid rounds that gave none
	PValue   float64  `json:"p_value"`
	// Verdict is "better", "worse", "more", "less" (where neither is better),
	// "no difference", "no claim" (where one lost too many requests for it) or
	// "needs N more rounds".
	Verdict string `json:"verdict"`
}

// The two phases.
const (
	Closed = "closed" // so many clients: capacity
	Open   = "open"   // so many connections a second: latency
)

// errForeign is for what is not ours to read.
var errForeign = errors.New("not a result of prefork bench")

// Read reads a saved result.
func Read(path string) (*Result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errForeign, err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("%s: %w: its schema is %q, want %q (save one with prefork bench --json)", path, errForeign, r.Schema, Schema)
	}
	return &r, nil
}

// WriteJSON writes a result as Read reads it.
func (r *Result) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// Valid are the rounds of a phase that count.
func (r *Result) Valid(phase string) (rounds []Round) {
	for _, round := range r.Rounds {
		if round.Phase == phase && round.Valid {
			rounds = append(rounds, round)
		}
	}
	return rounds
}

// Phases are those that the run had, in order.
func (r *Result) Phases() []string { return r.Plan.Phases }

// Tardy reports whether most of what p99 shows may be the load generator's own
// delay: it shared the processors with the server, and had to wait for them. Such
// a round is not invalid, since a server that takes all processors does that to
// its real clients too, but its latencies are those of the whole machine.
func (r Round) Tardy() bool {
	return r.ScheduleLagP99 != nil && r.Latency.N > 0 && *r.ScheduleLagP99 > r.Latency.P99/2
}

// voided begins the reason of a part that is invalid because another arm's is.
const voided = "another arm's part of the round was invalid: "

// Voided says whether a part is invalid for another arm's sake alone.
func (r Round) Voided() bool { return !r.Valid && strings.HasPrefix(r.InvalidReason, voided) }

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

// Counted is what Lost, Stalled and Ended count, in the plural.
func (p Plan) Counted() string {
	if p.Requests > 1 || p.Requests < 0 {
		return "requests"
	}
	return "connections"
}
