//go:build linux

package demo_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"prefork/internal/demo"
	"prefork/internal/kernel"
	"prefork/internal/servertest"
	"prefork/internal/servertest/forbid"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// told is a teller that remembers.
type told []demo.Event

func (t *told) Tell(_ context.Context, e demo.Event) error {
	*t = append(*t, e)
	return nil
}

// play plays scenes and checks that nothing of them is left.
func play(t *testing.T, ctx context.Context, teller demo.Teller, scenes ...demo.Scene) error {
	t.Helper()
	servertest.PlayInChildren(t)
	err := demo.Play(ctx, scenes, teller)
	if left, failed := kernel.Children(os.Getpid()); failed != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, failed)
	}
	return err
}

// Every scene says what it does, asks, shows, proves, explains, in this order.
func TestEveryScene(t *testing.T) {
	for _, scene := range demo.Scenes {
		t.Run(scene.Name, func(t *testing.T) {
			var events told
			if err := play(t, t.Context(), &events, scene); err != nil {
				t.Error(err)
			}
			checkCourse(t, events)
			checkText(t, events)
			checkJSON(t, events)
			checkManual(t, events)
		})
	}
}

func checkCourse(t *testing.T, events told) {
	t.Helper()
	var course []demo.Kind
	answers := 0
	for _, e := range events {
		if !slices.Contains(course, e.Kind) {
			course = append(course, e.Kind)
		}
		if e.Number != nil {
			t.Logf("%s: %v, predicted %v (%v to %v), %s", e.Number.Label, e.Number.Got, e.Number.Want, e.Number.Low, e.Number.High, e.Number.From)
			if e.Number.Answers {
				answers++
			}
		}
		if e.Kind == demo.EndKind && e.Outcome != demo.AsPredicted {
			t.Logf("%s: %s", e.Outcome, e.Text)
		}
	}
	want := []demo.Kind{demo.SceneKind, demo.SayKind, demo.AskKind, demo.PictureKind, demo.NumberKind, demo.WhyKind, demo.ReadKind, demo.EndKind, demo.SummaryKind}
	if !slices.Equal(course, want) {
		t.Errorf("the course is %v, want %v", course, want)
	}
	if answers != 1 {
		t.Errorf("%d numbers answer the question, want one", answers)
	}
}

// Text fits on any terminal, and has no colours unless they are wanted.
func checkText(t *testing.T, events told) {
	t.Helper()
	for _, look := range []demo.Look{{}, {Width: 60}, {Width: 60, ASCII: true}} {
		wide := cmp.Or(look.Width, 80)
		for line := range strings.Lines(text(t, events, look)) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > wide || strings.Contains(line, "\x1b") {
				t.Errorf("%+v: too wide, or painted: %q", look, line)
			}
		}
	}
	if !strings.Contains(text(t, events, demo.Look{Colour: true}), "\x1b[38;2;") {
		t.Error("no colours where they are wanted")
	}
}

func text(t *testing.T, events told, look demo.Look) string {
	t.Helper()
	var out bytes.Buffer
	terminal := demo.NewTerminal(&out, look)
	for _, e := range events {
		if err := terminal.Tell(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// An event that was told as JSON and read again is the same.
func checkJSON(t *testing.T, events told) {
	t.Helper()
	var out bytes.Buffer
	teller := demo.NewJSON(&out)
	for _, e := range events {
		if err := teller.Tell(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
	var again told
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var e demo.Event
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		again = append(again, e)
	}
	if got, want := text(t, again, demo.Look{}), text(t, events, demo.Look{}); got != want {
		t.Errorf("by way of JSON it reads\n%s\nand not\n%s", got, want)
	}
}

// link is one of a page; its first part is what one reads.
var link = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

var digits = regexp.MustCompile(`[\d.+]+`)

// flat is text without line breaks, and without what chance or the process
// table decides.
func flat(text string) string {
	return digits.ReplaceAllString(strings.Join(strings.Fields(text), " "), "#")
}

// docs/demo.md says what scenes say.
func checkManual(t *testing.T, events told) {
	t.Helper()
	text, err := os.ReadFile("../../docs/demo.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := flat(link.ReplaceAllString(string(text), "$1"))
	for _, e := range events {
		said := e.Text
		switch e.Kind {
		case demo.SceneKind:
			said = "## " + e.Scene
		case demo.NumberKind:
			said = e.Number.Label
		case demo.EndKind, demo.LeftOutKind: // what a machine has to say
			continue
		}
		if !strings.Contains(manual, flat(said)) {
			t.Errorf("docs/demo.md lacks: %s", said)
		}
	}
}

// instead starts another server in the place of one of a strategy.
func instead(of, other string, flags ...string) func(string, []string) (string, []string) {
	return func(strategy string, was []string) (string, []string) {
		if strategy == of {
			return other, flags
		}
		return strategy, was
	}
}

// A scene is not as predicted if the servers are not what it says they are.
func TestOtherServersAreNotAsPredicted(t *testing.T) {
	for scene, alter := range map[string]func(string, []string) (string, []string){
		"hello":            instead("shared", "shared", "--accept", "exclusive", "--on-master-death", "serve"), // one worker says it all
		"deal-or-pile":     instead("shared", "dispatch"),
		"herd":             instead("shared", "dispatch"),
		"dice":             instead("reuseport", "dispatch"),
		"one-line-or-many": instead("reuseport", "shared", "--app", "work"),
		"toll-booth":       instead("dispatch", "shared"),
		"stuck-worker":     instead("reuseport", "shared"),
		"ring":             instead("shared", "shared", "--accept", "exclusive"),
		"killed":           instead("reuseport", "reuseport", "--on-master-death", "serve"), // sockets held by the master
	} {
		t.Run(scene, func(t *testing.T) {
			s, err := demo.Lookup(scene)
			if err != nil {
				t.Fatal(err)
			}
			var events told
			if err := play(t, t.Context(), &events, demo.Altered(s, alter)); err == nil {
				t.Error("it is as predicted all the same")
			}
			last := events[len(events)-2]
			t.Logf("%s: %s", last.Outcome, last.Text)
			if sum := events[len(events)-1].Summary; sum == nil || *sum != (demo.Summary{Played: 1}) {
				t.Errorf("summary %+v, want one played and not as predicted", sum)
			}
		})
	}
}

// Where nobody may have a ring, the scene of the ring says so and is skipped.
func TestNoRing(t *testing.T) {
	scene, err := demo.Lookup("ring")
	if err != nil {
		t.Fatal(err)
	}
	var events told
	played := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its filter
		if err := forbid.Call(unix.SYS_IO_URING_SETUP, unix.EPERM); err != nil {
			played <- err
			return
		}
		played <- play(t, t.Context(), &events, scene)
	}()
	if err := <-played; err != nil {
		t.Fatal(err)
	}
	got := text(t, events, demo.Look{})
	for _, want := range []string{"– skipped", "io_uring", "1 skipped"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "guess") {
		t.Errorf("it asks what it cannot show:\n%s", got)
	}
}

// How scenes end, and how they are counted.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name   string
		scene  demo.Scene
		text   string
		sum    demo.Summary
		failed bool
	}{
		{"skipped", demo.Unable(errors.New("no such thing here")), "– skipped\nno such thing here\n\n0 played, 0 as predicted, 1 skipped\n", demo.Summary{Skipped: 1}, false},
		{"left out", demo.Lacking("the fifth way"), "\n– left out: the fifth way\n", demo.Summary{Played: 1, AsPredicted: 1, LeftOut: 1}, false},
		{"counted", demo.Lacking("the fifth way"), "\n1 played, 1 as predicted, 0 skipped; 1 left out in part\n", demo.Summary{Played: 1, AsPredicted: 1, LeftOut: 1}, false},
		{"failed", demo.Numberless(), "✗ failed\nit has no number to be predicted\n", demo.Summary{Played: 1}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var events told
			if err := play(t, t.Context(), &events, c.scene); (err != nil) != c.failed {
				t.Errorf("error %v", err)
			}
			if sum := events[len(events)-1].Summary; sum == nil || *sum != c.sum {
				t.Errorf("summary %+v, want %+v", sum, c.sum)
			}
			if got := text(t, events, demo.Look{}); !strings.Contains(got, c.text) {
				t.Errorf("%q is not in\n%s", c.text, got)
			}
		})
	}
}

// Who has no more guesses is asked on, and not waited for.
func TestNoMoreGuesses(t *testing.T) {
	var out bytes.Buffer
	waited := 0
	terminal := demo.NewTerminal(&out, demo.Look{Guess: func(context.Context) (string, error) {
		waited++
		return "", io.EOF
	}})
	for _, e := range []demo.Event{{Kind: demo.AskKind, Text: "How many?"}, {Kind: demo.AskKind, Text: "And then?"}, {Kind: demo.WhyKind, Text: "So."}} {
		if err := terminal.Tell(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if want := "\nguess How many?\n      your number, or just Enter: \n\nguess And then?\n\nwhy   So.\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	if waited != 1 {
		t.Errorf("waited %d times for a guess, want once", waited)
	}
}

// cutter interrupts at the first event of a kind.
type cutter struct {
	at     demo.Kind
	cancel func()
}

func (c cutter) Tell(_ context.Context, e demo.Event) error {
	if e.Kind == c.at {
		c.cancel()
	}
	return nil
}

// Whenever it is interrupted, a scene ends at once and leaves nothing.
func TestInterrupted(t *testing.T) {
	for _, scene := range demo.Scenes {
		for _, at := range []demo.Kind{demo.AskKind, demo.PictureKind} {
			t.Run(scene.Name+" at "+string(at), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var cut time.Time
				err := play(t, ctx, cutter{at, func() { cut = time.Now(); cancel() }}, scene)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v, want that it was interrupted", err)
				}
				if took := time.Since(cut); took > 10*time.Second {
					t.Errorf("it took %s to end", took)
				}
			})
		}
	}
}

// deaf is an output that nobody reads any more.
type deaf struct{}

var errDeaf = errors.New("nobody listens")

func (deaf) Write([]byte) (int, error) { return 0, errDeaf }

func TestOutputThatIsClosedEndsTheScene(t *testing.T) {
	for name, teller := range map[string]demo.Teller{"text": demo.NewTerminal(deaf{}, demo.Look{}), "json": demo.NewJSON(deaf{})} {
		t.Run(name, func(t *testing.T) {
			if err := play(t, t.Context(), teller, demo.Scenes...); !errors.Is(err, errDeaf) || strings.Contains(err.Error(), "scene") {
				t.Errorf("error %v, want the output's and no other", err)
			}
		})
	}
}
