package report

import (
	"strings"
	"testing"

	"prefork/bench/result"
)

// losing is a run whose last arm lost most of what came in the open loop, and was
// quick with the rest.
func losing() *result.Result {
	r := made(10, sharedArm, reuseportArm, dispatchArm)
	for i := range r.Rounds {
		if round := &r.Rounds[i]; round.Arm == dispatchArm.Name && round.Phase == result.Open {
			round.Errors, round.Latency.N = map[string]int{"reset": 640}, 360
			round.Latency.P50, round.Latency.P99 = round.Latency.P50/10, round.Latency.P99/10
		}
	}
	r.Summarise()
	return r
}

// Wherever a latency lacks the lost requests, it says so.
func TestLatencyOfSurvivorsIsMarked(t *testing.T) {
	const note = "dispatch/round-robin, of those answered; 64 % were lost, and the slowest may be among them"
	var markdown strings.Builder
	if err := Markdown(&markdown, losing()); err != nil {
		t.Fatal(err)
	}
	table := tableOf(t, losing(), TableOptions{})
	for form, c := range map[string]struct {
		text string
		want []string
	}{
		"table":    {table, []string{"17.90⁴ 56.4⁴", "no claim p50 0.191 × (0.187–0.194)⁴, p99", "⁴ " + note}},
		"markdown": {markdown.String(), []string{"| 17.90¹ (", "¹ | no claim |", "- ¹ " + note}},
		"html":     {rendered(t, losing()), []string{">17.90¹<small>", "<br>¹ " + note, `verdict-none">no claim<`, "these are the answered alone: 64 % were lost", "No claim is made for the latency of an arm that lost"}},
	} {
		text := strings.Join(strings.Fields(c.text), " ")
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q", form, want)
			}
		}
	}
	if text := tableOf(t, made(10, sharedArm, dispatchArm), TableOptions{}); strings.Contains(text, "were lost") {
		t.Errorf("nothing was lost:\n%s", text)
	}
}

// What is lost counts requests where a connection has several.
func TestCountsAreOfRequests(t *testing.T) {
	r := losing()
	if text := tableOf(t, r, TableOptions{}); !strings.Contains(text, "conns     conns\n") {
		t.Errorf("got\n%s", text)
	}
	r.Plan.Requests = 10
	if text := tableOf(t, r, TableOptions{}); !strings.Contains(text, "reqs      reqs\n") {
		t.Errorf("got\n%s", text)
	}
}

// What the first failure of each kind was stands below the numbers, the most frequent kind
// first; where something was done to the servers, not at first sight: how many there are is
// what that run asks.
func TestFirstFailuresAreTold(t *testing.T) {
	r := made(10, sharedArm, reuseportArm)
	each(r, func(x *result.Round) {
		if x.Arm == reuseportArm.Name {
			x.Errors = map[string]int{"status": 30, "reset": 2}
			x.FirstErrors = map[string]string{"status": "HTTP/1.1 500 Oh"}
		}
	})
	r.Summarise()
	const status = "600 connections failed: answered with no success. The first, under reuseport/hash: HTTP/1.1 500 Oh"
	for form, text := range map[string]string{"brief": briefOf(t, r, BriefOptions{}), "table": tableOf(t, r, TableOptions{}), "page": rendered(t, r)} {
		text = strings.Join(strings.Fields(text), " ")
		if at, other := strings.Index(text, status), strings.Index(text, "40 connections failed: accepted, and then reset"); at < 0 || other < at {
			t.Errorf("%s: no %q before what is less frequent, in\n%s", form, status, text)
		}
	}
	r.Plan.Scenario = "kill-worker"
	if text := briefOf(t, r, BriefOptions{}); strings.Contains(text, "failed:") {
		t.Errorf("got\n%s", text)
	}
}
