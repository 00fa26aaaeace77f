//go:build linux

package demo

// Altered is a scene in which other servers are started than it asks for.
func Altered(s Scene, alter func(strategy string, flags []string) (string, []string)) Scene {
	s.alter = alter
	return s
}

// Unable is a scene that a machine cannot show.
func Unable(why error) Scene {
	return Scene{Name: "unable", play: func(*Stage) error { return errCannot{why} }}
}

// Lacking is a scene of which a machine cannot show a part.
func Lacking(what string) Scene {
	return Scene{Name: "lacking", play: func(s *Stage) error {
		s.leaveOut(what)
		s.check(exactly("answers", 1, 1, "there is one"))
		return nil
	}}
}

// Numberless is a scene without a number.
func Numberless() Scene {
	return Scene{Name: "numberless", play: func(*Stage) error { return nil }}
}

// For the tests of what theory says.
var (
	SomeEmpty        = someEmpty
	IdleBesideQueue  = idleBesideQueue
	BinomialBounds   = binomialBounds
	LeastChiSquare   = leastChiSquare
	MostChiSquare    = mostChiSquare
	ChanceBeyondEach = tail
)

// VerdictOnAGuess is what is said of one, or why it is not understood.
func VerdictOnAGuess(typed string, a Asked, n Number) string {
	g, err := a.read(typed)
	if err != nil {
		return err.Error()
	}
	return g.verdict(n)
}

// Moment draws what was seen of a closed loop: at each look who is busy, and how
// many wait in each queue.
func Moment(busy [][]bool, queues [][]int, unfair bool) Picture {
	var l line
	for i := range busy {
		l.looks = append(l.looks, look{busy[i], queues[i]})
	}
	return l.picture("reuseport", unfair)
}
