package many

import (
	"context"
	"net/netip"
	"time"

	"prefork/bench/load"
	"prefork/bench/result"
)

// Link is how to reach the others.
type Link struct {
	URL     string // of NATS, several with commas; nats://host:4222
	Creds   string // path of NATS' credentials file; "" for none
	CA      string // path of the certificates that NATS' own is to be signed by; "" for the system's
	Prefix  string // of all subjects
	Name    string // of this party, for people
	Version string // of prefork
	Prefork string // path of the binary that servers and generators are run from
}

// AgentOptions are those of prefork bench agent.
type AgentOptions struct {
	Link
	Allow []netip.Prefix // whom it may load
	Say   func(string)   // a line for people
}

// ServeOptions are those of prefork bench serve-agent.
type ServeOptions struct {
	Link
	Host     string // the address that servers listen on
	Commands bool   // programs of the coordinator's choice may be run
	Say      func(string)
}

// DriveOptions are those of a run whose clients are elsewhere.
type DriveOptions struct {
	Link
	Agents   int
	Patience time.Duration // how long to wait for so many
	Server   bool          // whether a serve-agent is wanted
	Say      func(string)
	Live     func(load.Counts) // how far all agents are in a part, about once a second; may be nil
}

// HubOptions are those of agents that are started for a run.
type HubOptions struct {
	Link          // without URL
	Self   string // path of the binary that agents are run from
	Agents int
	Server bool // a serve-agent too
}

// Parties are the machines of a run, as far as it needs them.
type Parties interface {
	// Load has the agents carry out an order, each its share of it, and adds up what they
	// saw. A *LostPart says that this try came to nothing and another may not.
	Load(ctx context.Context, o load.Order) (*Loaded, error)
	// Server is the server's party; nil if none was wanted.
	Server() Server
	// Hosts are the machines, for the result.
	Hosts() []result.Host
	// Close lets everybody go.
	Close()
}

// Server is the machine that servers are started on.
type Server interface {
	Start(ctx context.Context, s Setup) (address string, err error)
	// Account makes a round of what the agents saw.
	Account(ctx context.Context, o load.Order, seen *Loaded) (result.Round, error)
	Stop(ctx context.Context) error
}

// Loaded is what all agents saw of one part.
type Loaded struct {
	*load.Result
	Agents []result.AgentRound
	Stolen float64 // share of the processors, of the agent with the most
}

// LostPart is a try of a part that came to nothing since parties were late, missing or
// gone.
type LostPart struct{ Why string }

func (l *LostPart) Error() string { return l.Why }
