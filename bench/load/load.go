// Package load is the client side of the bench: it makes connections to a server
// in a closed or an open loop, and measures them. It runs in a process of its own
// (process.go), on one thread, with bare sockets and epoll, so that what it costs
// is as little as may be and can be told from what the server costs.
package load

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Order is what a generator is to do.
type Order struct {
	Address string // host:port of IPv4, or a Unix-domain path that begins with /

	// Closed loop: so many clients, each with one connection at a time, the next
	// as soon as the last is done. Open loop: so many connections a second, at
	// random (Poisson), whatever becomes of them. One of the two is zero.
	Clients int
	Rate    float64

	Warmup  time.Duration // at the start, not measured
	Length  time.Duration // measured
	Timeout time.Duration // a connection not done by then is given up as late
	Seed    uint64        // of arrivals and demands

	// Service, for the app work, is the demand that each client states:
	// "exp:5ms", as package stats reads it. Spin asks for processor time in place
	// of sleep.
	Service string
	Spin    bool

	// FIN closes a connection as clients usually do, which leaves the port in
	// TIME_WAIT if the client is first; by default the client resets it.
	FIN bool
}

// Kinds of errors. Local ones are the generator's own fault, or its machine's.
const (
	Refused = "refused" // nobody listens
	Reset   = "reset"   // accepted by the kernel, and lost
	Empty   = "empty"   // closed without an answer
	Late    = "late"    // not done within the timeout
	Local   = "local"   // the generator has run out of ports or descriptors
)

// Result is what a generator saw. Times are in microseconds.
type Result struct {
	Seconds float64        // measured
	Conns   int            // answered
	Errors  map[string]int // by kind
	Workers map[int]int    // answers by the pid in the greeting
	MaxOpen int
	CPU     time.Duration // used by the generator while it measured

	Response *Histogram // from the moment the connection was due
	Service  *Histogram // from the moment it was begun
	Connect  *Histogram // from then to the end of the handshake
	Lag      *Histogram // from the moment it was due to when it was begun; open loop
}

// Throughput is answers a second.
func (r *Result) Throughput() float64 { return float64(r.Conns) / r.Seconds }

// Histogram counts times of 1 µs to 60 s, to three digits.
type Histogram struct{ *hdrhistogram.Histogram }

const (
	shortest = 1
	longest  = int64(60 * time.Second / time.Microsecond)
	digits   = 3
)

// NewHistogram makes an empty one.
func NewHistogram() *Histogram {
	return &Histogram{hdrhistogram.New(shortest, longest, digits)}
}

// Record counts a time.
func (h *Histogram) Record(d time.Duration) {
	us := min(max(d.Microseconds(), shortest), longest)
	_ = h.RecordValue(us) // within bounds
}

// MarshalText encodes it in the HDR library's own interchange form.
func (h *Histogram) MarshalText() ([]byte, error) {
	return h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

// UnmarshalText is the inverse of MarshalText.
func (h *Histogram) UnmarshalText(text []byte) error {
	decoded, err := hdrhistogram.Decode(text)
	if err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	h.Histogram = decoded
	return nil
}
