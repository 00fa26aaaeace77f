package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// recentSeconds is how far Times.Recent looks back.
const recentSeconds = 10

// recent is the answers of the last seconds, one histogram each.
type recent struct {
	seconds [recentSeconds]*hdrhistogram.Histogram
	sum     *hdrhistogram.Histogram
	at      int           // the present second
	ends    time.Duration // when it is over
}

func newRecent() (r recent) {
	for i := range r.seconds {
		r.seconds[i] = hdrhistogram.New(lowest, highest, sliceDigits)
	}
	r.sum = hdrhistogram.New(lowest, highest, sliceDigits)
	return r
}

// add takes in answers, and those that were late.
func (r *recent) add(h *Histogram, late int, timeout time.Duration) {
	now := r.seconds[r.at]
	now.Merge(h.Histogram)
	if late > 0 {
		_ = now.RecordValues(bounded(timeout), int64(late))
	}
}

// turn is called often. Once a second it returns how that went.
func (r *recent) turn(now time.Duration) *Times {
	if now < r.ends {
		return nil
	}
	r.ends = now + time.Second
	r.sum.Reset()
	for _, second := range r.seconds {
		r.sum.Merge(second)
	}
	times := &Times{Second: quantiles(r.seconds[r.at]), Recent: quantiles(r.sum)}
	r.at = (r.at + 1) % recentSeconds
	r.seconds[r.at].Reset()
	return times
}

// forget begins anew.
func (r *recent) forget() {
	for _, second := range r.seconds {
		second.Reset()
	}
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	return Quantiles{N: h.TotalCount(), P50: h.ValueAtQuantile(50), P99: h.ValueAtQuantile(99)}
}
