package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"prefork/bench/result"
)

// phaseTitles say over each group of columns under which load it was measured.
func (t *table) phaseTitles(strips []tableStrip) string {
	var b strings.Builder
	for i := 0; i < len(strips); {
		j := i
		for j < len(strips) && strips[j].phase == strips[i].phase {
			j++
		}
		width := widthOf(strips[i:j]) - len(columnGap)
		title := t.phaseTitle(strips[i].phase, width)
		rule := max(0, width-utf8.RuneCountInString(title)-1)
		b.WriteString(columnGap + t.paint.Bold(title) + " " + t.paint.Dim(strings.Repeat("─", rule)))
		i = j
	}
	return b.String()
}

// phaseTitle says as much as fits.
func (t *table) phaseTitle(phase string, width int) string {
	much, note := numbered(t.Plan.Clients, "client"), t.closedNote()
	if phase == result.Open {
		much, note = result.Digits(t.rate(), 1)+" conns/s", t.openNote()
	}
	mark := t.notes.mark(note)
	if title := phase + ": " + much + mark; utf8.RuneCountInString(title) <= width {
		return title
	}
	return phase + mark
}

// mostClients is the share of the clients that have to be connected at once for them
// to be called as many as they are.
const mostClients = 0.9

func (t *table) closedNote() string {
	text := "closed loop: each client connects again as soon as it is answered. It shows capacity"
	most := 0
	for _, round := range t.In(result.Closed) {
		most = max(most, round.MaxOpen)
	}
	if most > 0 && float64(most) < mostClients*float64(t.Plan.Clients) {
		text += fmt.Sprintf(". Of the clients no more than %s were connected at once: they are answered faster than the load generator can begin them", result.Thousands(most))
	}
	return text
}

// rate is that of the open loop, the same for all arms.
func (t *table) rate() float64 {
	for _, round := range t.In(result.Open) {
		if round.OfferedRate > 0 {
			return round.OfferedRate
		}
	}
	return t.Plan.Rate
}

func (t *table) openNote() string {
	text := "open loop: connections come at random times, answered or not, and are timed from when they were due. It shows latency"
	if t.Plan.Counted() == "requests" { // several on a connection: load.PartlyOpen
		text = "partly open loop: connections come at random times, answered or not. A connection's first request is timed from when it was due, the others from when they were sent. It shows latency"
	}
	if t.Plan.Rate == 0 && t.Plan.Share > 0 {
		text += fmt.Sprintf(". The rate is %s of what the weakest arm reached", result.Percent(t.Plan.Share))
	}
	if n := len(t.Plan.Rates); n > 0 {
		text += fmt.Sprintf(". It is one of %d, which the load curve shows", n)
	}
	if lag := t.medians("lag_p99", result.Open); len(lag) > 0 {
		text += fmt.Sprintf(". 99 %% were begun within %s of when they were due", timeText(slices.Max(lag)))
	}
	return text
}

// theoryNote is what the means would be if work took what was asked for and nothing
// else took any time.
func (t *table) theoryNote() string {
	var parts []string
	for _, arm := range t.Arms {
		if theory, ok := t.InTheory(arm); ok && !arm.Control {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", arm.Name, timeText(float64(theory.Mean.Microseconds())), theory.Model))
		}
	}
	return "in theory " + strings.Join(parts, ", ")
}

// titleMark is for columns that a newcomer would misread.
func (t *table) titleMark(c tableColumn) string {
	switch {
	case c.metric.Name == "jain":
		return t.notes.mark(t.fairnessNote(c.phase))
	case c.metric.Name == "mean":
		return t.notes.mark(t.theoryNote())
	case c.added:
		return t.notes.mark("added up over all rounds; stalled took longer than " + t.Plan.Stall.String())
	}
	return ""
}

// survivors is the mark of a latency that lacks the many requests that were lost.
func (t *table) survivors(m result.Metric, arm, phase string) string {
	if !m.Answered {
		return ""
	}
	return t.survivorsNote(arm, phase)
}

func (t *table) survivorsNote(arm, phase string) string {
	share := t.LostShare(arm, phase)
	if share == 0 {
		return ""
	}
	return t.notes.mark(fmt.Sprintf("%s, of those answered; %s were lost, and the slowest may be among them", arm, result.Percent(share)))
}

func (t *table) fairnessNote(phase string) string {
	text := "Jain's index: 1 is the same number of connections for every worker, 1/k all of them for one of k" + t.busiest(phase)
	for _, arm := range t.Arms {
		if f, ok := t.FairnessOf(arm, phase); ok && arm.Strategy == "reuseport" && !arm.Control && known(f.OfHash) && known(f.ChiSquareP) {
			return text + fmt.Sprintf(". A hash is like dice: a perfect one would have %.5f, and would be as uneven as %s or more with a probability of %.2g (χ² test over all rounds)", f.OfHash, arm.Name, f.ChiSquareP)
		}
	}
	return text
}

// busiest says what share the busiest worker of each arm had.
func (t *table) busiest(phase string) string {
	var parts []string
	even := 0.0
	for _, arm := range t.Arms {
		if f, ok := t.FairnessOf(arm, phase); ok && !arm.Control {
			parts, even = append(parts, fmt.Sprintf("%s %.1f %%", arm.Name, 100*f.Busiest)), f.Even
		}
	}
	if len(parts) == 0 {
		return ""
	}
	text := ". The busiest worker had, under " + strings.Join(parts, ", ")
	if _, same := t.sameWorkers(); same {
		text += fmt.Sprintf(" (even: %s)", result.Percent(even))
	}
	return text
}

// noise says what the baseline's twin is for.
func (t *table) noise(arm result.Arm) string {
	var parts []string
	for _, c := range t.columns() {
		if noise, ok := t.AANoise[result.NoiseKey(c.phase, c.metric.Name)]; ok {
			much := "± " + result.Percent(noise[1]-1)
			if noise[1] >= 2 {
				much = result.Factor(noise[1])
			}
			parts = append(parts, result.MetricInWords(c.metric.Name)+" "+much)
		}
	}
	text := t.Plan.Baseline + " a second time: whatever differs between the two is noise"
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}

// doubts are the notes that belong to the whole.
func (t *table) doubts() {
	if t.Partial != "" {
		t.notes.add("partial, since it was cut short: %s", t.Partial)
	}
	for _, text := range leftOut(t.Result) {
		t.notes.add("%s", text)
	}
	for _, f := range failures(t.Result) {
		t.notes.add("%s", f.said(t.Plan))
	}
	t.short()
	t.doubtful()
	t.tardy()
	if !t.claims() {
		t.notes.add("too few rounds for a claim, which takes 6; the numbers are the medians of these")
	}
	t.judged()
	if t.Environment.StealPct >= 1 {
		t.notes.add("%.1f %% of the processors' time went to other machines on this host", t.Environment.StealPct)
	}
	t.notes.add("numbers are medians of rounds, in as many digits as their 95 %% intervals support; %s", t.closing())
	t.notes.add("%s", t.machine())
}

// leftOut tells of the arms that could not be had, those together that have the same
// reason.
func leftOut(r *result.Result) (said []string) {
	for rest := r.LeftOut; len(rest) > 0; {
		reason, names := rest[0].Reason, []string(nil)
		rest = slices.DeleteFunc(slices.Clone(rest), func(out result.LeftOut) bool {
			same := out.Reason == reason
			if same {
				names = append(names, out.Arm)
			}
			return same
		})
		said = append(said, fmt.Sprintf("left out: %s, for %s", strings.Join(names, ", "), reason))
	}
	return said
}

// judged says what a finding takes, where there are any.
func (t *table) judged() {
	if t.claims() && len(t.Comparisons) > 0 {
		t.notes.add("better and worse are significant at 5 %%, corrected for all that is compared; same is where the whole interval is that near to 1; likely may still be chance among so many comparisons")
	}
}

// short tells of loops that have fewer rounds than planned, and of what took the time.
func (t *table) short() {
	for _, short := range t.Short {
		t.notes.add("the %s has %d of %s: the budget of %s was spent", loopAt(short.Phase, short.Load), short.Rounds, numbered(t.Plan.Rounds, "round"), t.Plan.Budget)
	}
	if n := len(t.Repeats); n > 0 {
		t.notes.add("%s disturbed from outside and done again", numbered(n, "part"))
	}
}

// loopAt names a load: "open loop at 80%".
func loopAt(phase, load string) string {
	if load == "" {
		return phase + " loop"
	}
	return phase + " loop at " + load
}

// doubtful counts the parts of rounds of which some numbers do not count, with the cause
// in one of each phase: they mostly have the same.
func (t *table) doubtful() {
	for _, phase := range t.Phases() {
		all, bad, cause := 0, 0, ""
		for _, round := range t.Under(phase) {
			all++
			if len(round.Doubts) > 0 {
				bad++
				cause = cmp.Or(cause, fmt.Sprintf("in round %d, under %s, %s", round.Round, round.Arm, round.Doubtful()))
			}
		}
		if bad > 0 {
			t.notes.add("%d of %s of the %s loop disturbed; what was spoilt there is not counted: %s", bad, numbered(all, "part"), phase, cause)
		}
	}
}

// tardy tells of rounds whose p99 is the generator's as much as the server's.
func (t *table) tardy() {
	bad, all := 0, 0
	for _, round := range t.Under(result.Open) {
		all++
		if round.Tardy() {
			bad++
		}
	}
	if bad > 0 {
		t.notes.add("in %d of %d parts of rounds, more than half of p99 was delay in the load generator, which had to wait for a processor: there p99 tells of the whole machine and not of the server", bad, all)
	}
}

func (t *table) closing() string {
	if t.Plan.FIN {
		return "clients close in the usual way (FIN)"
	}
	return "clients close by reset (RST), which leaves no ports in TIME_WAIT"
}

func (t *table) machine() string {
	e := t.Environment
	parts := []string{"Linux " + e.Kernel, fmt.Sprintf("%d × %s", e.CPUs, e.CPUModel), e.Go, fmt.Sprintf("load before %.2f", e.LoadAvg)}
	if e.Pinning != nil {
		parts = append(parts, e.Pinning.String())
	}
	if e.Namespace {
		parts = append(parts, "own network namespace")
	}
	return strings.Join(parts, " · ")
}
