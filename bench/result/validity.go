package result

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Doubt is why some of a part's numbers cannot be relied on, and by how much.
type Doubt struct {
	Reason string   `json:"reason"` // a name among Reasons, or in older files a sentence
	Size   float64  `json:"size"`   // in the reason's unit
	Spoils []string `json:"spoils"` // names of metrics
}

// Reason is something that makes numbers doubtful.
type Reason struct {
	Name string
	// Outside is what neither the server nor the load has done: a part that met with
	// it is worth repeating. What the server does itself is a result.
	Outside bool
	// Limits are how much of it a kind of metric bears. One that is not named bears
	// any amount.
	Limits map[Kind]float64
	// Says is what was the matter, with a verb for its size, mostly per cent, if it has one.
	Says string
}

// Reasons are all there are. Cost bears more steal than the rest: between 11 and 25 %
// the processor time per connection stayed within 10 %, for what a server has to wait
// for it does not use.
var Reasons = []Reason{
	{"steal", true, map[Kind]float64{Rate: 10, Time: 10, Cost: 25}, "%.0f %% of the processors went to other machines"},
	{"neighbours", true, map[Kind]float64{Rate: 20, Time: 20, Cost: 30}, "other programs took %.0f %% of the processors"},
	{"unseen", true, map[Kind]float64{Cost: 50}, "this machine was so busy that %.0f %% of the measured time had passed before the server's processor time was read"},
	{"late", false, map[Kind]float64{Rate: 3, Time: 3, Harm: 3, Cost: 10}, "the load generator began %.0f %% of the connections late or never"},
	{"generator busy", false, map[Kind]float64{Rate: 97, Time: 97}, "the load generator was busy %.0f %% of the time, and so the one measured (give it more processors, or fewer --clients)"},
	{"unwaited", false, map[Kind]float64{Cost: 0}, "the server waits for no child (SIGCHLD is ignored), so that the processor time of those that ended is in no count"},
	{"no ports", false, map[Kind]float64{Rate: 0, Time: 0, Harm: 0, Cost: 0, Spread: 0}, "the load generator ran out of ports or descriptors %.0f times"},
}

// Doubts are those reasons, of the sizes given by name, that spoil anything.
func Doubts(sizes map[string]float64) (all []Doubt) {
	for _, reason := range Reasons {
		if size, met := sizes[reason.Name]; met {
			if spoils := reason.spoils(size); len(spoils) > 0 {
				all = append(all, Doubt{Reason: reason.Name, Size: size, Spoils: spoils})
			}
		}
	}
	return all
}

func (r Reason) spoils(size float64) (names []string) {
	for _, m := range Metrics {
		if limit, sensitive := r.Limits[m.Kind]; sensitive && size > limit {
			names = append(names, m.Name)
		}
	}
	return names
}

// String is the doubt in words.
func (d Doubt) String() string {
	if reason, ok := find(Reasons, func(r Reason) bool { return r.Name == d.Reason }); ok {
		if !strings.Contains(reason.Says, "%") {
			return reason.Says
		}
		return fmt.Sprintf(reason.Says, d.Size)
	}
	return d.Reason
}

func (d Doubt) outside() bool {
	reason, ok := find(Reasons, func(r Reason) bool { return r.Name == d.Reason })
	return ok && reason.Outside
}

// Sound reports whether a round's number of a metric can be relied on.
func (r Round) Sound(m Metric) bool {
	return !slices.ContainsFunc(r.Doubts, func(d Doubt) bool { return slices.Contains(d.Spoils, m.Name) })
}

// Disturbed reports whether a round has met with something from outside that spoilt
// some of it.
func (r Round) Disturbed() bool { return slices.ContainsFunc(r.Doubts, Doubt.outside) }

// Late reports whether the load generator did not make a round's connections as they
// were due.
func (r Round) Late() bool {
	return slices.ContainsFunc(r.Doubts, func(d Doubt) bool { return d.Reason == "late" })
}

// Disturbance is how much a round has met with from outside, for telling the less
// disturbed of two tries; 0 is nothing.
func (r Round) Disturbance() (sum float64) {
	for _, d := range r.Doubts {
		if d.outside() {
			sum += d.Size
		}
	}
	return sum
}

// Doubtful is what is doubtful in a round, in words; "" if nothing is.
func (r Round) Doubtful() string {
	var texts []string
	for _, d := range r.Doubts {
		texts = append(texts, d.String())
	}
	return strings.Join(texts, "; ")
}

// Showing are the rounds of an arm that a number of a metric is made from: the sound
// ones, or where there is none all of them, which are rough then. There are none of a
// quantile that they have too few samples for; see Untold.
func (r *Result) Showing(arm, phase string, m Metric) (rounds []Round, rough bool) {
	return series(r.In(phase)).showing(arm, m)
}

func (s series) showing(arm string, m Metric) (rounds []Round, rough bool) {
	rounds, all := s.measured(arm, m)
	if rough = len(rounds) == 0 && len(all) > 0; rough {
		rounds = all
	}
	if _, few := untold(rounds, m); few {
		return nil, false
	}
	return rounds, rough
}

// measured are the rounds of an arm that gave a number of a metric: the sound ones, and
// all.
func (s series) measured(arm string, m Metric) (sound, all []Round) {
	for _, round := range s {
		if value, ok := m.Of(round); !ok || !finite(value) || round.Arm != arm {
			continue
		}
		all = append(all, round)
		if round.Sound(m) {
			sound = append(sound, round)
		}
	}
	return sound, all
}

// Rough are the numbers that decide which were sound in no round, as metric(arm).
func (r *Result) Rough() (all []string) {
	for _, name := range Deciding {
		m, _ := LookupMetric(name)
		phase, ok := r.Home(m)
		for _, arm := range r.Arms {
			if _, rough := r.Showing(arm.Name, phase, m); ok && rough {
				all = append(all, name+"("+arm.Name+")")
			}
		}
	}
	return all
}

// Disturbed says in a line what the machine's other business has spoilt of the result,
// for good; "" if nothing.
func (r *Result) Disturbed() string {
	rough, sound := map[Kind]bool{}, map[Kind]bool{}
	for _, name := range Deciding {
		m, _ := LookupMetric(name)
		phase, ok := r.Home(m)
		if !ok {
			continue
		}
		for _, arm := range r.Arms {
			switch rounds, isRough := r.Showing(arm.Name, phase, m); {
			case isRough:
				rough[m.Kind] = true
			case len(rounds) > 0:
				sound[m.Kind] = true
			}
		}
	}
	causes := r.causes()
	if len(rough) == 0 || len(causes) == 0 {
		return ""
	}
	said := strings.Join(causes, ", ") + "; " + kindsInWords(rough) + " rough"
	for kind := range rough {
		delete(sound, kind)
	}
	if len(sound) > 0 {
		said += ", " + kindsInWords(sound) + " sound"
	}
	return "DISTURBED: " + said
}

// causes are what came from outside, by the mean size in the rounds that met with it.
func (r *Result) causes() (all []string) {
	for _, reason := range Reasons {
		total, n := 0.0, 0
		for _, round := range r.Rounds {
			for _, d := range round.Doubts {
				if d.Reason == reason.Name && reason.Outside {
					total, n = total+d.Size, n+1
				}
			}
		}
		if n > 0 {
			all = append(all, Doubt{Reason: reason.Name, Size: total / float64(n)}.String())
		}
	}
	return all
}

// kindNames are the kinds that decide, in sentences.
var kindNames = map[Kind]string{Rate: "rates", Time: "latencies", Cost: "CPU per connection"}

// kindsInWords has the verb with it: "rates and latencies are".
func kindsInWords(kinds map[Kind]bool) string {
	var names []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		names = append(names, kindNames[kind])
	}
	if len(names) == 1 && kinds[Cost] {
		return names[0] + " is"
	}
	return listed(names, "and") + " are"
}
