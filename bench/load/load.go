// Package load is the client side of the bench: it makes connections to a server
// in a closed or an open loop, and measures them. It runs in a process of its own
// (process.go), one event loop a thread, with bare sockets and epoll, so that what
// it costs is as little as may be and can be told from what the server costs.
package load

import (
	"cmp"
	"time"
)

// Order is what a generator is to do.
type Order struct {
	Address string // an IP address and a port, or a Unix-domain path that begins with /

	// Closed loop: so many clients, each with one connection at a time, the next
	// as soon as the last is done. Open loop: so many connections a second, at
	// random (Poisson), whatever becomes of them. One of the two is zero.
	Clients int
	Rate    float64

	// Threads is how many event loops there are, each on a thread of its own; 0 is
	// one. The clients are divided among them. An open loop is the same stream of
	// arrivals and demands whatever their number.
	Threads int

	Warmup  time.Duration // at the start, not measured
	Length  time.Duration // measured
	Tail    time.Duration // after it, as much load again, not measured: for those who measure later
	Timeout time.Duration // a request not answered by then is given up as late; 0 is a minute
	Seed    uint64        // of arrivals and demands

	// Protocol is Greeting, HTTP, Raw or RawToEnd.
	Protocol string
	// Ask is what is asked for in HTTP, or said in Raw.
	Ask Ask
	// TLS, unless it is nil, wraps each connection of HTTP. Then an ordinary Go client
	// does the work, which costs several times as much.
	TLS *TLS

	// Null asks no server: no connection is made, and an answer comes when the demand of
	// Service is over, at once if there is none. It shows what the generator itself can do.
	Null bool

	// Service, for the app work, is the demand that each client states:
	// "exp:5ms", as package stats reads it. Spin asks for processor time in place
	// of sleep.
	Service string
	Spin    bool

	// Requests is how many HTTP requests are made on a connection, one after the
	// other. 0 and 1 are one, with Connection: close. A negative number keeps the
	// connection open, and busy, until the end of the order.
	Requests int
	// Think is the pause between an answer and the connection's next request.
	Think time.Duration

	Stall time.Duration // what takes longer counts in Result.Stalled; 0 counts none
	// Slice is the width of Result.Timeline's slices. 0 makes no timeline; one that
	// makes more than 300 slices is widened to a multiple of itself.
	Slice time.Duration
	// Shared is for one generator among several: slices keep their Times, for Sum.
	Shared bool
	// Every is how often counts are told of while the order is carried out; 0 is never.
	Every time.Duration
	// Moment is when something happens to the server, from the order's start: what is due
	// from then on is in Result.After. 0 is never.
	Moment time.Duration

	// FIN closes a connection as clients usually do, which leaves the port in
	// TIME_WAIT if the client is first; by default the client resets it.
	FIN bool
	// Sources is how many addresses, 127.0.0.1 and those after it, to connect from
	// in turn, 28,000 ports each; 0 leaves it to the kernel. It has no effect
	// unless Address is a TCP one on the loopback.
	Sources int
}

// Loops. A loop is partly open where connections come whatever becomes of them and
// each makes several requests, one after the other (Schroeder, Wierman and
// Harchol-Balter, "Open Versus Closed", NSDI 2006): only a connection's first request
// is due at a time that the server has no part in, and timed from that. Those after
// it are timed from when they are sent, or the pause before them has ended.
const (
	ClosedLoop = "closed"
	OpenLoop   = "open"
	PartlyOpen = "partly open"
)

// Loop is which one an order makes.
func (o Order) Loop() string {
	several := o.Requests < 0 || o.Requests > 1
	switch {
	case o.Rate == 0:
		return ClosedLoop
	case several:
		return PartlyOpen
	}
	return OpenLoop
}

// Protocols.
const (
	Greeting = "" // the server speaks, after the demand if there is one, and closes
	HTTP     = "http"
	Raw      = "raw"        // the client may speak first; the first bytes that come are the answer
	RawToEnd = "raw to end" // the same, and all that comes until the server closes is the answer
)

// Ask is what clients ask for. The zero value is GET / in HTTP, and nothing in Raw.
type Ask struct {
	Method string
	Path   string   // with the query
	Host   string   // of the URL; Order.Address if empty
	Header []string // "Name: value"; Host, Content-Length and Connection are there without
	Body   []byte   // in Raw, all that is said
}

// TLS is how the server's certificate is looked at.
type TLS struct {
	ServerName string
	Unverified bool // any will do
}

// Kinds of errors. Local ones are the generator's own fault, or its machine's.
const (
	Refused = "refused" // nobody listens
	Reset   = "reset"   // accepted by the kernel, and lost
	Empty   = "empty"   // closed without an answer, or before its end
	Late    = "late"    // not done within the timeout
	Status  = "status"  // answered, but not with an HTTP success
	BadTLS  = "tls"     // the handshake of TLS failed
	Local   = "local"   // the generator has run out of ports or descriptors
)

var inWords = map[string]string{
	Refused: "refused",
	Reset:   "accepted, and then reset",
	Empty:   "closed without an answer, or before its end",
	Late:    "not answered in time",
	Status:  "answered with no success",
	BadTLS:  "no TLS handshake",
	Local:   "not begun, for want of ports or descriptors here",
}

// InWords is what a kind of errors means, for people.
func InWords(kind string) string { return cmp.Or(inWords[kind], kind) }

// Mark is a moment in the course of an order.
type Mark string

// The marks, in order.
const (
	Measuring Mark = "measuring" // the warm-up has ended
	Measured  Mark = "measured"  // the measured time has ended; answers are still awaited
)

// Result is what a generator saw. Answers and connections are those that came within
// the measured time, whenever they were due: throughput is the same however long one
// measures. Times, in microseconds, and failures are of the requests that were due in
// it, whose answers are waited for beyond its end.
type Result struct {
	Loop    string        // ClosedLoop, OpenLoop or PartlyOpen
	From    time.Duration // when measuring began: CLOCK_MONOTONIC
	Seconds float64       // measured
	Partial bool          // ended early: Seconds are fewer than ordered, or answers were still awaited
	Threads int           // event loops

	// Requests is those answered within the measured time, Conns the connections
	// whose last answer was one of them, or that were kept open to the end and had
	// one.
	Requests int
	Conns    int
	Errors   map[string]int // by kind; of requests, by when they were due

	// First is what the first failure of each kind was: the status line of the answer,
	// the beginning of what else the server said, or the system's error. Those of which
	// there is nothing to say are not in it.
	First   map[string]string
	Stalled int // answered, or given up, after more than Order.Stall

	// Again is how many requests were made once more, because the server had closed
	// a connection on which it had answered before. That is no error, but their
	// response times have both in them.
	Again int

	// Workers is Conns by the pid in the first answer. It lacks those whose answer had
	// none, and all but the first 65,536 pids of a loop.
	Workers map[int]int
	// Held is how many connections each pid held open when the measured time ended,
	// if Order.Requests is negative.
	Held map[int]int
	// After is what became of the requests due from Order.Moment on, by the pid in the
	// connection's first answer, whenever that came. It lacks those that nobody answered.
	After   map[int]Fate
	MaxOpen int           // of several threads, the sum of each one's
	CPU     time.Duration // used by the generator, all its threads, in the measured time

	// Due is how many connections were due in the measured time of an open loop, and
	// Begun how many of them were begun before it had ended, or 20 ms later. Those
	// that were not are in no other count: the generator missed its rate.
	Due   int
	Begun int

	Response *Histogram // from the moment the request was due; see PartlyOpen
	Service  *Histogram // from the moment it was sent or its connection begun
	Connect  *Histogram // from the connection's begin to the end of the handshake
	Lag      *Histogram // from the moment it was due to when it was begun
	Cheap    *Histogram // Response of those that asked for the usual; of a bimodal service only

	Timeline []Slice
}

// Slice is what became of the requests that were due in one stretch of an order,
// its warm-up included.
type Slice struct {
	At       float64 // seconds from the order's start
	Answered int
	Failed   int
	Stalled  int     // of both
	P50      float64 // µs to two digits; 0 where none was answered
	P99      float64

	Times *Histogram `json:",omitempty"` // two digits; kept of an order that is Shared
}

// Counts is what there has been since an order's start, its warm-up included.
type Counts struct {
	Begun    int64 `json:"begun"`
	Answered int64 `json:"answered"`
	Failed   int64 `json:"failed"`
}

// Throughput is answers a second; 0 if nothing was measured.
func (r *Result) Throughput() float64 {
	if r.Seconds == 0 {
		return 0
	}
	return float64(r.Requests) / r.Seconds
}
