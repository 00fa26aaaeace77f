package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Service is a distribution of service times: fixed, exponential, or bimodal,
// where a share of the requests is slow. The zero value takes no time.
type Service struct {
	exponential bool
	// usual is the mean of all, or of those that are not slow.
	usual time.Duration
	slow  time.Duration
	// slowPercent is of all requests, 0 to 100, as it was written.
	slowPercent float64
}

const serviceForms = "write fixed:5ms, exp:5ms or bimodal:1ms,100ms,1% (usual, slow, share of the slow)"

// MinService and MaxService bound what may be asked for. Latency histograms
// span the same range.
const (
	MinService = time.Microsecond
	MaxService = time.Minute
)

// ParseService reads "fixed:5ms", "exp:5ms" (its mean) or
// "bimodal:1ms,100ms,1%" (99 % take 1 ms and 1 % take 100 ms).
func ParseService(text string) (Service, error) {
	kind, values, _ := strings.Cut(text, ":")
	var service Service
	var err error
	switch kind {
	case "fixed":
		service.usual, err = parseTime(values)
	case "exp":
		service.exponential = true
		service.usual, err = parseTime(values)
	case "bimodal":
		service, err = parseBimodal(values)
	default:
		err = fmt.Errorf("no such kind: %s", serviceForms)
	}
	if err != nil {
		return Service{}, fmt.Errorf("service %q: %w", text, err)
	}
	return service, nil
}

func parseBimodal(values string) (s Service, err error) {
	parts := strings.Split(values, ",")
	if len(parts) != 3 {
		return s, fmt.Errorf("bimodal takes three values and this has %d: %s", len(parts), serviceForms)
	}
	if s.usual, err = parseTime(parts[0]); err != nil {
		return s, err
	}
	if s.slow, err = parseTime(parts[1]); err != nil {
		return s, err
	}
	s.slowPercent, err = parsePercent(parts[2])
	return s, err
}

func parseTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time: %s", text, serviceForms)
	}
	if d < MinService || d > MaxService {
		return 0, fmt.Errorf("%s is out of range: take %s to %s", text, MinService, MaxService)
	}
	return d, nil
}

func parsePercent(text string) (float64, error) {
	number, isPercent := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if err != nil || !isPercent {
		return 0, fmt.Errorf("%q is no share: write it like 1%% or 0.5%%", text)
	}
	// A NaN is within no bounds.
	if !(percent > 0 && percent < 100) {
		return 0, fmt.Errorf("a share of %s has but one kind of request: take more than 0%% and less than 100%%, or write fixed:5ms", text)
	}
	return percent, nil
}

// String is what ParseService reads as the same distribution.
func (s Service) String() string {
	switch {
	case s.slowPercent > 0:
		return fmt.Sprintf("bimodal:%s,%s,%s%%", s.usual, s.slow, strconv.FormatFloat(s.slowPercent, 'g', -1, 64))
	case s.exponential:
		return "exp:" + s.usual.String()
	}
	return "fixed:" + s.usual.String()
}

// Mean is the mean service time.
func (s Service) Mean() time.Duration {
	return time.Duration(math.Round(s.mean()))
}

// mean is in nanoseconds, not rounded to whole ones.
func (s Service) mean() float64 {
	slow := s.slowPercent / 100
	return (1-slow)*float64(s.usual) + slow*float64(s.slow)
}

// SCV is the squared coefficient of variation, the variance over the square of
// the mean: 0 for fixed, 1 for exponential, p(1−p)(slow−usual)²/mean² for
// bimodal (the variance of a two-point distribution).
func (s Service) SCV() float64 {
	switch {
	case s.exponential:
		return 1
	case s.slowPercent == 0:
		return 0
	}
	slow := s.slowPercent / 100
	relative := float64(s.slow-s.usual) / s.mean()
	return slow * (1 - slow) * relative * relative
}

// Draw is the service time of one request. For common random numbers see
// Arrivals.
func (s Service) Draw(random *rand.Rand) time.Duration {
	switch {
	case s.exponential:
		return time.Duration(random.ExpFloat64() * float64(s.usual))
	case s.slowPercent > 0 && random.Float64()*100 < s.slowPercent:
		return s.slow
	}
	return s.usual
}
