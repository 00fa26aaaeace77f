package result

// Host is one of the machines of a run whose clients were on several.
type Host struct {
	Name     string `json:"name"`
	Role     string `json:"role"` // ServerHost or AgentHost
	Kernel   string `json:"kernel"`
	CPUs     int    `json:"cpus"`
	CPUModel string `json:"cpu_model,omitempty"`
	// StealPct is the most of its processors that other machines took in a part.
	StealPct float64 `json:"steal_pct"`
	// ControlPct is how much of one processor the agent took besides its load generator, on
	// an average of all parts: what it costs to be told and to tell.
	ControlPct float64 `json:"control_pct"`
	// ClockErrorUS bounds how wrong the difference of its clock from the coordinator's may
	// be known, in microseconds: half the least round trip.
	ClockErrorUS float64 `json:"clock_error_us"`
}

// Sharing says how servers and load generators had the processors of their machines.
func (r *Result) Sharing() string {
	if len(r.Hosts) == 0 {
		return r.Environment.Sharing()
	}
	agents, server := 0, ""
	for _, h := range r.Hosts {
		if h.Role == AgentHost {
			agents++
		} else {
			server = ", servers on " + h.Name
		}
	}
	return "clients of " + plural(agents, "agent") + server
}

// The roles of a host.
const (
	ServerHost = "server"
	AgentHost  = "agent"
)

// AgentRound is what one agent saw of a round.
type AgentRound struct {
	Agent        string         `json:"agent"`
	Conns        int            `json:"conns"`
	Throughput   float64        `json:"throughput"`
	Errors       map[string]int `json:"errors,omitempty"`
	P50          float64        `json:"p50_us"`
	P99          float64        `json:"p99_us"`
	CPUs         float64        `json:"cpus"` // processors that its load generator used
	ControlPct   float64        `json:"control_pct"`
	ClockErrorUS float64        `json:"clock_error_us"`
}
