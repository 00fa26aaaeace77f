package load

import (
	"iter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// recentSeconds is how far Times.Recent looks back.
const recentSeconds = 10

// recent is the answers of the last seconds, one histogram each, and who waits.
type recent struct {
	seconds [recentSeconds]*hdrhistogram.Histogram
	sum     *hdrhistogram.Histogram
	waits   *hdrhistogram.Histogram // the ages of those that wait now
	at      int                     // the present second
	ends    time.Duration           // when it is over
}

func newRecent() (r recent) {
	for i := range r.seconds {
		r.seconds[i] = hdrhistogram.New(lowest, highest, sliceDigits)
	}
	r.sum = hdrhistogram.New(lowest, highest, sliceDigits)
	r.waits = hdrhistogram.New(lowest, highest, sliceDigits)
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

// turn is called often. Once a second it returns how that went, those that still
// wait included.
func (r *recent) turn(now time.Duration, waiting iter.Seq[time.Duration]) *Times {
	if now < r.ends {
		return nil
	}
	r.ends = now + time.Second
	r.waits.Reset()
	for age := range waiting {
		_ = r.waits.RecordValue(bounded(age))
	}
	times := &Times{Second: r.quantiles(r.seconds[r.at]), Recent: r.quantiles(r.seconds[:]...)}
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

// quantiles are those of some seconds' answers and of those that wait.
func (r *recent) quantiles(seconds ...*hdrhistogram.Histogram) Quantiles {
	r.sum.Reset()
	r.sum.Merge(r.waits)
	for _, second := range seconds {
		r.sum.Merge(second)
	}
	return Quantiles{N: r.sum.TotalCount(), P50: r.sum.ValueAtQuantile(50), P99: r.sum.ValueAtQuantile(99)}
}
