package result

import (
	"strconv"
	"strings"
	"time"
)

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
	Hosts       []Host       `json:"hosts,omitempty"` // where clients were on several
	Rounds      []Round      `json:"rounds"`
	Repeats     []Repeat     `json:"repeats,omitempty"`
	Short       []Short      `json:"short,omitempty"`
	Summary     []Summary    `json:"summary"`
	Comparisons []Comparison `json:"comparisons"`
	Harms       []Harmed     `json:"harms,omitempty"`
	Curve       []Point      `json:"curve,omitempty"`
	Untold      []Untold     `json:"untold,omitempty"`
	// AANoise is how far apart the baseline and itself came out, by
	// "phase/metric": the 95 % interval of their ratio.
	AANoise map[string][2]float64 `json:"aa_noise"`

	seenAt string // see At
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
	Pinning   *Pinning          `json:"pinning,omitempty"`
}

// Arm is one of the things compared.
type Arm struct {
	// Name is unique: shared/blocking; with @32 for the number of workers where
	// that varies, and #2 where the same arm is there twice.
	Name        string `json:"name"`
	Strategy    string `json:"strategy"` // Peer for anybody else's server
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

// Flag is the number that one of the arm's further flags says, in either of the two ways
// to write it; 0 if it is not among them.
func (a Arm) Flag(name string) int {
	for i, field := range a.Flags {
		flag, value, together := strings.Cut(field, "=")
		if flag != "-"+name && flag != "--"+name {
			continue
		}
		if !together && i+1 < len(a.Flags) {
			value = a.Flags[i+1]
		}
		n, _ := strconv.Atoi(value) // what is no number, prefork serve refuses
		return n
	}
	return 0
}

// Peer is the Strategy of anybody else's server.
const Peer = "peer"

// LeftOut is an arm that was to be compared and could not be.
type LeftOut struct {
	Arm    string `json:"arm"`
	Reason string `json:"reason"`
}

// Repeat is a try of a part that was disturbed more than the one that stands.
type Repeat struct {
	Round  int     `json:"round"`
	Arm    string  `json:"arm"`
	Phase  string  `json:"phase"`
	Load   string  `json:"load,omitempty"` // as that of a Round
	Doubts []Doubt `json:"doubts"`
}

// Short is a load that has fewer rounds than planned, since the budget was spent.
type Short struct {
	Phase  string `json:"phase"`
	Load   string `json:"load,omitempty"` // as that of a Round
	Rounds int    `json:"rounds"`
}

// String is for people.
func (l LeftOut) String() string { return l.Arm + " is left out: " + l.Reason }

// Summary is one metric of one arm over all rounds of a load in which it was sound.
type Summary struct {
	Arm    string     `json:"arm"`
	Phase  string     `json:"phase"`
	Load   string     `json:"load,omitempty"` // as that of a Round
	Metric string     `json:"metric"`
	Median float64    `json:"median"`
	CI95   [2]float64 `json:"ci95"`
	N      int        `json:"n"`
	// Rough says that no round was sound, and that it is of those that were not.
	Rough bool `json:"rough,omitempty"`
}

// Comparison is one metric of one arm against the baseline.
type Comparison struct {
	Phase    string   `json:"phase"`
	Load     string   `json:"load,omitempty"` // as that of a Round
	Metric   string   `json:"metric"`
	Arm      string   `json:"arm"`
	Baseline string   `json:"baseline"`
	Ratio    float64  `json:"ratio"`    // geometric mean of arm/baseline by round
	CI95     Interval `json:"ci95"`     // null of a single round
	N        int      `json:"n"`        // rounds that gave a ratio
	NoRatio  int      `json:"no_ratio"` // sound rounds that gave none
	// Value and Base are the geometric means of exactly those rounds, in the unit of the
	// metric, Base of the baseline and its twin together: Ratio is their quotient. 0 where
	// it is the rounds of two runs that are compared.
	Value  float64 `json:"value,omitempty"`
	Base   float64 `json:"base,omitempty"`
	PValue float64 `json:"p_value"` // corrected for the comparisons that are judged with it
	// Finding is the verdict before it is known which way is better: "above", "below",
	// "likely above", "likely below", "same" or "unknown". Where that is no answer, Rounds
	// is how many it would take in all.
	Finding string `json:"finding"`
	Rounds  int    `json:"rounds_to_tell,omitempty"`
	// Verdict is "better", "worse", "more", "less" (where neither is better), one of these
	// with "likely" before it, "no difference", "no claim" (where one lost too many
	// requests for it) or "needs N more rounds".
	Verdict string `json:"verdict"`
}

// At is the result as it is seen at one of the loads of its load curve: all that is
// asked of it by phase is of that load. Otherwise that is of the one the arms are judged at.
func (r *Result) At(load string) *Result {
	seen := *r
	seen.seenAt = load
	return &seen
}

// load is which of a phase's loads is meant where the phase alone is named.
func (r *Result) load(phase string) string {
	if judged := r.Plan.JudgedAt(phase); judged == "" || r.seenAt == "" {
		return judged
	}
	return r.seenAt
}

// In are the rounds of a phase; of a load curve those of one load, see At.
func (r *Result) In(phase string) (rounds []Round) {
	load := r.load(phase)
	for _, round := range r.Rounds {
		if round.Phase == phase && round.Load == load {
			rounds = append(rounds, round)
		}
	}
	return rounds
}

// Under are the rounds of a phase, of a load curve at all its loads.
func (r *Result) Under(phase string) (rounds []Round) {
	for _, round := range r.Rounds {
		if round.Phase == phase {
			rounds = append(rounds, round)
		}
	}
	return rounds
}

// Phases are those that the run had, in order.
func (r *Result) Phases() []string { return r.Plan.Phases }
