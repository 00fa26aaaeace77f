package load

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histogram counts times of 1 µs to 60 s, to three digits.
type Histogram struct{ *hdrhistogram.Histogram }

const (
	longest = time.Minute

	lowest  = 1
	highest = int64(longest / time.Microsecond)
	digits  = 3
)

// NewHistogram makes an empty one.
func NewHistogram() *Histogram {
	return &Histogram{hdrhistogram.New(lowest, highest, digits)}
}

// Record counts a time.
func (h *Histogram) Record(d time.Duration) {
	us := bounded(d)
	_ = h.RecordValue(us) // within bounds
}

func bounded(d time.Duration) (us int64) {
	return min(max(d.Microseconds(), lowest), highest)
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
