package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// maxSlices and sliceDigits bound a timeline to about 6 MB a loop.
const (
	maxSlices   = 300
	sliceDigits = 2
)

// timeline counts requests by when they were due. The zero value counts nothing.
type timeline struct {
	width  time.Duration
	shared bool
	slices []sliceCount
}

type sliceCount struct {
	answered int
	failed   int
	stalled  int                     // of both
	response *hdrhistogram.Histogram // made by the first answer
}

func newTimeline(o Order) timeline {
	if o.Slice <= 0 {
		return timeline{}
	}
	span := o.Warmup + o.Length + o.Tail
	narrow := ceilDiv(span, o.Slice) // slices if they are not widened
	width := o.Slice * ceilDiv(narrow, maxSlices)
	return timeline{width, o.Shared, make([]sliceCount, ceilDiv(span, width))}
}

func ceilDiv(a, b time.Duration) time.Duration { return (a + b - 1) / b }

// at is the slice of a time before the end; nil if there is no timeline.
func (t *timeline) at(due time.Duration) *sliceCount {
	if t.width == 0 {
		return nil
	}
	return &t.slices[due/t.width]
}

func (t *timeline) answered(due, response time.Duration) {
	s := t.at(due)
	if s == nil {
		return
	}
	if s.response == nil {
		s.response = hdrhistogram.New(lowest, highest, sliceDigits)
	}
	s.answered++
	_ = s.response.RecordValue(bounded(response))
}

func (t *timeline) failed(due time.Duration) {
	if s := t.at(due); s != nil {
		s.failed++
	}
}

func (t *timeline) stalled(due time.Duration) {
	if s := t.at(due); s != nil {
		s.stalled++
	}
}

// add takes in another loop's, of the same order.
func (t *timeline) add(other timeline) {
	for i, from := range other.slices {
		s := &t.slices[i]
		s.answered += from.answered
		s.failed += from.failed
		s.stalled += from.stalled
		if s.response == nil {
			s.response = from.response
		} else if from.response != nil {
			s.response.Merge(from.response)
		}
	}
}

func (t *timeline) result() (slices []Slice) {
	for i, s := range t.slices {
		slice := Slice{At: (time.Duration(i) * t.width).Seconds(), Answered: s.answered, Failed: s.failed, Stalled: s.stalled}
		if s.response != nil {
			slice.P50 = float64(s.response.ValueAtQuantile(50))
			slice.P99 = float64(s.response.ValueAtQuantile(99))
			if t.shared {
				slice.Times = &Histogram{s.response}
			}
		}
		slices = append(slices, slice)
	}
	return slices
}
