//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"

	"prefork/internal/subject"
)

// generator is a program that plays so many clients for a round, and counts the answers.
type generator struct {
	name string
	run  func(ctx context.Context, p plan, url string, clients int) (requests float64, err error)
}

var generators = []generator{{"wrk", wrk}, {"prefork load", own}}

// seen is what came of a round.
type seen struct {
	rate float64 // requests a second
	cpu  float64 // microseconds of the server's a request
}

// measure has a server asked for a round.
func (p plan) measure(ctx context.Context, by generator, s *subject.Server, clients int) (seen, error) {
	before := s.Account().CPU
	requests, err := by.run(ctx, p, "http://"+s.Address+"/", clients)
	if err != nil {
		return seen{}, fmt.Errorf("%s, by %s: %w", s.Name, by.name, err)
	}
	used := s.Account().CPU - before
	return seen{requests / float64(p.seconds), float64(used.Microseconds()) / requests}, nil
}

var (
	wrkCount = regexp.MustCompile(`(\d+) requests in`)
	wrkWrong = regexp.MustCompile(`Socket errors:.*|Non-2xx.*`)
)

// wrk is github.com/wg/wrk.
func wrk(ctx context.Context, p plan, url string, clients int) (requests float64, err error) {
	text, err := exec.CommandContext(ctx, "wrk", "-t2", "-c", strconv.Itoa(clients), "-d", fmt.Sprint(p.seconds, "s"), "--timeout", "10s", url).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, text)
	}
	if wrong := wrkWrong.Find(text); wrong != nil {
		return 0, fmt.Errorf("%s", wrong)
	}
	m := wrkCount.FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("it says %s", text)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// own is ours.
func own(ctx context.Context, p plan, url string, clients int) (requests float64, err error) {
	r, err := p.load(ctx, url, "--clients", strconv.Itoa(clients), "--requests", "1000000000", "--threads", "2", "--length", fmt.Sprint(p.seconds, "s"), "--warmup", "1ms")
	return float64(r.Requests), err
}

// loaded is what is of interest here of what prefork load prints.
type loaded struct {
	Requests int            `json:"requests"`
	Errors   map[string]int `json:"errors"`
	Latency  struct {
		P99 float64 `json:"p99"` // microseconds
	} `json:"latency_us"`
}

func (p plan) load(ctx context.Context, url string, args ...string) (loaded, error) {
	text, err := exec.CommandContext(ctx, p.prefork, append(append([]string{"load", "--format", "json"}, args...), url)...).Output()
	if err != nil {
		return loaded{}, err
	}
	var result struct {
		Rounds []loaded `json:"rounds"`
	}
	if err := json.Unmarshal(text, &result); err != nil || len(result.Rounds) != 1 {
		return loaded{}, fmt.Errorf("prefork load says %s: %w", text, err)
	}
	for kind, n := range result.Rounds[0].Errors {
		return loaded{}, fmt.Errorf("%d requests failed (%s)", n, kind)
	}
	return result.Rounds[0], nil
}
