//go:build linux

package strategies_test

import (
	"math"
	"net"
	"testing"

	"prefork/internal/servertest"
)

// What SO_REUSEPORT does is throw a die for each connection. All that is
// expected of the throws follows from that: k faces, trials of n throws each.
const (
	faces  = 4
	throws = 8
	trials = 200
)

func TestHashIsDice(t *testing.T) {
	s := servertest.Start(t, "-s", "reuseport", "-w", "4")
	dice := throwDice(t, s)
	// A fair die is off the middle 99.8 % once in 500 samples. Twice in a row is
	// no accident.
	if p := dice.pValue(); p < 0.001 || p > 0.999 {
		t.Logf("χ² = %.2f, p = %.5f: once more", dice.chiSquare(), p)
		dice = throwDice(t, s)
	}
	dice.checkTotals(t)
	dice.checkEmpty(t)
	dice.checkJain(t)
}

// throwsOf is what came of the trials.
type throwsOf struct {
	totals      [faces]int
	empty       int     // trials in which some worker got nothing
	inverseJain float64 // the sum over trials of 1/Jain's index
}

func throwDice(t *testing.T, s *servertest.Server) (all throwsOf) {
	face := make(map[int]int)
	for i, pid := range s.Workers() {
		face[pid] = i
	}
	for trial := range trials {
		var counts [faces]int
		for throw := range throws {
			counts[face[askFrom(t, s, trial*throws+throw)]]++
		}
		all.add(counts)
	}
	return all
}

// askFrom asks from one of 200 source addresses, as different clients would.
func askFrom(t *testing.T, s *servertest.Server, client int) int {
	t.Helper()
	source := net.IPv4(127, 0, 0, byte(1+client%200))
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: source}}
	conn, err := dialer.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	pid, err := servertest.Greeting(conn)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func (d *throwsOf) add(counts [faces]int) {
	squares, empty := 0, false
	for i, n := range counts {
		d.totals[i] += n
		squares += n * n
		empty = empty || n == 0
	}
	if empty {
		d.empty++
	}
	// Jain's index is (Σx)²/(k·Σx²).
	d.inverseJain += float64(faces*squares) / (throws * throws)
}

func (d *throwsOf) chiSquare() (sum float64) {
	const expected = float64(trials*throws) / faces
	for _, n := range d.totals {
		sum += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	return sum
}

// pValue is how likely a fair die gives at least this χ². With three degrees of
// freedom the distribution has a closed form.
func (d *throwsOf) pValue() float64 {
	x := d.chiSquare()
	return math.Erfc(math.Sqrt(x/2)) + math.Sqrt(2*x/math.Pi)*math.Exp(-x/2)
}

// checkTotals fails for workers that are not equals, and for a dealer: one who
// is more even than chance allows.
func (d *throwsOf) checkTotals(t *testing.T) {
	t.Helper()
	t.Logf("χ² = %.2f, p = %.3f for %v", d.chiSquare(), d.pValue(), d.totals)
	if p := d.pValue(); p < 0.001 || p > 0.999 {
		t.Errorf("p = %.6f: these are no dice: %v", p, d.totals)
	}
}

// checkEmpty compares how often some worker got nothing with what theory says,
// by inclusion and exclusion: 1 − 4!·S(8,4)/4⁸, S being Stirling's number.
func (d *throwsOf) checkEmpty(t *testing.T) {
	t.Helper()
	const p = 0.3770
	sd := math.Sqrt(trials * p * (1 - p))
	t.Logf("some worker stayed empty in %d of %d trials, expected %.0f ± %.0f", d.empty, trials, trials*p, sd)
	if math.Abs(float64(d.empty)-trials*p) > 5*sd {
		t.Errorf("some worker stayed empty in %d of %d trials, want about %.0f", d.empty, trials, trials*p)
	}
}

// checkJain compares Jain's index with what even a perfect die has. Its inverse
// is 1 + χ²/n, and χ² is k−1 on average: so the harmonic mean is n/(n+k−1), and
// the variance of χ², 2(k−1)(1−1/n), tells how far off it may be.
func (d *throwsOf) checkJain(t *testing.T) {
	t.Helper()
	const n, k = float64(throws), float64(faces)
	got, want := trials/d.inverseJain, n/(n+k-1)
	sd := math.Sqrt(2*(k-1)*(1-1/n)/trials) / n * want * want
	t.Logf("Jain's index is %.3f, for dice %.3f ± %.3f", got, want, sd)
	if math.Abs(got-want) > 5*sd {
		t.Errorf("Jain's index is %.3f, want about %.3f and not 1", got, want)
	}
}
