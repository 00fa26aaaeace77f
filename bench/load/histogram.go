package load

import (
	"fmt"
	"io"
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

// WriteHGRM writes it as the text that HdrHistogram's tools call .hgrm and their
// plotters read: values in milliseconds by percentile.
func (h *Histogram) WriteHGRM(w io.Writer) error {
	const ticksPerHalf, usPerMS = 5, 1000
	_, err := h.PercentilesPrint(w, ticksPerHalf, usPerMS)
	return err
}

// MarshalText encodes it in HdrHistogram's compressed V2 form in base64, which its
// libraries read in every language.
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
