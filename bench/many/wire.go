// Package many is what the machines of one run say to each other over NATS, and what a
// user may ask of them. It holds the words alone, so that the command line can know them
// and does not have NATS linked in: package agent and package drive speak.
package many

import (
	"encoding/json"
	"net/netip"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
)

// Schema names this form of the words. Who speaks another is not talked to.
const Schema = "prefork.many/v1"

// The micro services (NATS ADR-32) by whose names the parties find each other.
const (
	AgentService  = "prefork-agent"
	ServerService = "prefork-serve-agent"
)

// Keys of a service's metadata.
const (
	MetaSchema  = "schema"
	MetaVersion = "version" // of prefork
	MetaName    = "name"    // of the party, for people
	MetaPrefix  = "prefix"  // of its subjects

	MetaKernel   = "kernel"
	MetaCPUs     = "cpus"
	MetaCPUModel = "cpu_model"
	MetaBoot     = "boot" // tells machines apart
)

// DefaultPrefix is what subjects begin with.
const DefaultPrefix = "prefork"

// Private are the addresses that an agent loads unless it is told otherwise: loopback,
// link-local ones, and those that nobody has alone (RFC 1918, RFC 4193).
func Private() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
		netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("fc00::/7"),
	}
}

// Lease is how long a party does what it was told without a word from the coordinator,
// and Beat how often there is one.
const (
	Lease = 2 * time.Second
	Beat  = 400 * time.Millisecond
)

// MostTime is the longest order an agent takes. With its lease it bounds what an agent
// ever does by itself.
const MostTime = 10 * time.Minute

// Subject is that on which a party, a run or all parties hear of a matter.
func Subject(prefix string, tokens ...string) string {
	for _, token := range tokens {
		prefix += "." + token
	}
	return prefix
}

// Matters: the last token of a subject.
const (
	// Of one party, by its ID; each is answered.
	Ping    = "ping"    // Time
	Hold    = "hold"    // Claim: from now on it works for one run
	Prepare = "prepare" // Order: it makes ready, and answers when it is
	Go      = "go"      // Start
	// Of a server's party.
	Serve   = "serve"   // Setup, answered with Served
	Watch   = "watch"   // Window: when to meter
	Account = "account" // Accounting, answered with a result.Round
	Leave   = "leave"   // ends the server
	// Of one run, by its name; none is answered.
	Heartbeat = "beat"
	Release   = "release" // whoever works for it ends that, and is free
	Drop      = "drop"    // whoever is at a part of it gives that up
	Counts    = "counts"  // Count, a second each
	Done      = "done"    // Outcome
)

// Answer is what each request is answered with.
type Answer struct {
	// Error is why it was not done, for people; "" if it was.
	Error string `json:"error,omitempty"`
	// Held names who else the party works for, and Free says that it does not work for
	// the run that asks: its lease has ended.
	Held *Claim          `json:"held,omitempty"`
	Free bool            `json:"free,omitempty"`
	Body json.RawMessage `json:"body,omitempty"`
}

// Time is one party's clock: CLOCK_MONOTONIC when the request was answered.
type Time struct {
	Mono time.Duration `json:"mono_ns"`
}

// Claim is a coordinator that wants a party for a run.
type Claim struct {
	Run  string `json:"run"`
	From string `json:"from"` // host and process, for people
}

// Order is one agent's share of a part.
type Order struct {
	Run   string     `json:"run"`
	Part  int        `json:"part"` // counts the tries of parts of the run
	Order load.Order `json:"order"`
}

// Start is when an order begins, by the agent's own clock.
type Start struct {
	Run  string        `json:"run"`
	Part int           `json:"part"`
	At   time.Duration `json:"at_ns"`
}

// Count is how far an agent is in a part.
type Count struct {
	Agent string `json:"agent"` // ID
	Part  int    `json:"part"`
	load.Counts
}

// Outcome is what an agent's part has come to.
type Outcome struct {
	Agent   string       `json:"agent"` // ID
	Part    int          `json:"part"`
	Error   string       `json:"error,omitempty"`
	Result  *load.Result `json:"result,omitempty"`
	Stolen  float64      `json:"stolen"`  // share of its processors that other machines took
	Control float64      `json:"control"` // share of one processor that the agent itself took meanwhile, without its generator
}

// Setup is a server to be started for a part.
type Setup struct {
	Run      string      `json:"run"`
	Part     int         `json:"part"`
	Plan     result.Plan `json:"plan"`
	Seed     uint64      `json:"seed"`
	Arm      result.Arm  `json:"arm"`
	Phase    string      `json:"phase"`
	Load     string      `json:"load,omitempty"`
	Round    int         `json:"round"`
	Peaceful bool        `json:"peaceful"` // nothing happens to it, whatever the plan's scenario
}

// Served is a server that was started.
type Served struct {
	Address string `json:"address"`
}

// Window is the measured time of a part, by the clock of the server's party.
type Window struct {
	Run  string        `json:"run"`
	Part int           `json:"part"`
	From time.Duration `json:"from_ns"`
	To   time.Duration `json:"to_ns"`
}

// Accounting is what the clients saw of a server, to be made a round of.
type Accounting struct {
	Run    string       `json:"run"`
	Part   int          `json:"part"`
	Order  load.Order   `json:"order"` // of all agents together
	Result *load.Result `json:"result"`
	// Beside is what generators used of the processors of the server's own machine.
	Beside time.Duration `json:"beside_ns"`
}
