//go:build linux

package demo

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"prefork/internal/keeper"
	"prefork/internal/subject"
)

// patience is how long a scene waits for something that is about to happen.
// Nothing depends on it while all is well.
const patience = 30 * time.Second

// errCannot is why a machine cannot show a scene, and no fault of anybody's.
type errCannot struct{ error }

func (e errCannot) Unwrap() error { return e.error }

// errUntold is that of an output which cannot be told anything: then no scene is
// of use.
type errUntold struct{ error }

func (e errUntold) Unwrap() error { return e.error }

// Play plays scenes, one after the other, and tells what happens. It fails if one
// of them fails or does not come out as predicted. It leaves no process behind, however it ends.
//
// The servers are this binary run again, so package cli's Worker must come first
// in main.
func Play(ctx context.Context, scenes []Scene, teller Teller) (err error) {
	// A server ends with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := subject.Adopt(); err != nil {
		return err
	}
	k, err := keeper.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Dismiss()) }()
	return playAll(ctx, scenes, teller)
}

func playAll(ctx context.Context, scenes []Scene, teller Teller) error {
	var sum Summary
	var errs []error
	for _, scene := range scenes {
		err := sum.play(ctx, scene, teller)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.As(err, new(errUntold)) {
			return err
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("scene %s: %w", scene.Name, err))
		}
	}
	return errors.Join(append(errs, teller.Tell(ctx, Event{Kind: SummaryKind, Summary: &sum}))...)
}

// play plays a scene from its first word to its outcome, and counts it.
func (sum *Summary) play(parent context.Context, scene Scene, teller Teller) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	s := &Stage{ctx: ctx, cancel: cancel, teller: teller, scene: scene.Name, alter: scene.alter}
	s.tell(Event{Kind: SceneKind, Text: scene.Sentence})
	err := scene.play(s)
	s.clear()
	if untold := context.Cause(ctx); untold != nil {
		err = untold
	}
	if parent.Err() != nil {
		return parent.Err()
	}
	outcome, why := s.outcome(err)
	end := Event{Kind: EndKind, Outcome: outcome}
	if why != nil {
		end.Text = why.Error()
	}
	s.tell(end)
	sum.count(outcome, s.missing)
	if outcome == Skipped {
		return nil
	}
	return why
}

func (sum *Summary) count(o Outcome, leftOut int) {
	switch o {
	case Skipped:
		sum.Skipped++
		return
	case AsPredicted:
		sum.AsPredicted++
	}
	sum.Played++
	sum.LeftOut += leftOut
}

// outcome is what became of a scene that has returned err, and why it is not as
// predicted.
func (s *Stage) outcome(err error) (Outcome, error) {
	switch {
	case errors.As(err, new(errCannot)):
		return Skipped, err
	case err != nil:
		return Failed, err
	case len(s.wrong) > 0:
		return NotAsPredicted, errors.New(strings.Join(s.wrong, "; "))
	case s.numbers == 0:
		return Failed, errors.New("it has no number to be predicted")
	}
	return AsPredicted, nil
}

// Stage is where one scene is played: it has servers and clients, and tells what
// becomes of them.
type Stage struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	teller Teller
	scene  string

	// alter, in tests, starts another server than the scene has asked for.
	alter func(strategy string, flags []string) (string, []string)

	servers []*server
	clients sync.WaitGroup
	numbers int
	wrong   []string // those not as predicted, in words
	missing int      // parts that were left out
}

// clear ends what a scene has left on the stage.
func (s *Stage) clear() {
	for _, server := range s.servers {
		server.Stop()
	}
	s.servers = nil
	s.clients.Wait()
}

// tell passes an event on. If it cannot be told, the scene ends.
func (s *Stage) tell(e Event) {
	e.Scene = s.scene
	if err := s.teller.Tell(s.ctx, e); err != nil {
		s.cancel(errUntold{err})
	}
}

// say says what comes.
func (s *Stage) say(text string) { s.tell(Event{Kind: SayKind, Text: text}) }

// ask lets the reader guess; the number that answers it says so.
func (s *Stage) ask(text string, a Asked) { s.tell(Event{Kind: AskKind, Text: text, Asked: &a}) }

func (s *Stage) show(p Picture)   { s.tell(Event{Kind: PictureKind, Picture: &p}) }
func (s *Stage) why(text string)  { s.tell(Event{Kind: WhyKind, Text: text}) }
func (s *Stage) read(text string) { s.tell(Event{Kind: ReadKind, Text: text}) }

// leaveOut says which part of a scene this machine cannot show, and why.
func (s *Stage) leaveOut(text string) {
	s.missing++
	s.tell(Event{Kind: LeftOutKind, Text: text})
}

// check puts a number beside its prediction.
func (s *Stage) check(n Number) {
	n.OK = n.Got >= n.Low && n.Got <= n.High
	s.numbers++
	if !n.OK {
		s.wrong = append(s.wrong, fmt.Sprintf("%s: %s, where %s was predicted", n.Label, n.text(n.Got), n.prediction()))
	}
	s.tell(Event{Kind: NumberKind, Number: &n})
}

// await waits until something holds, looking a thousand times a second.
func (s *Stage) await(what string, holds func() bool) error {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); !holds(); {
		if time.Since(began) > patience {
			return fmt.Errorf("waited %s in vain until %s", patience, what)
		}
		select {
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case <-ticker.C:
		}
	}
	return nil
}

// pause lets time pass that is itself what is to be seen.
func (s *Stage) pause(d time.Duration) error {
	select {
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	case <-time.After(d):
		return nil
	}
}

// calmTries is how often something is measured on a machine that is busy with
// other things.
const calmTries = 5

// untilCalm measures something until the machine has left us enough of its time,
// and returns what is to be said of that, if anything.
func (s *Stage) untilCalm(measure func() (calm bool, err error)) (note string, err error) {
	for try := 1; try <= calmTries; try++ {
		calm, err := measure()
		switch {
		case err != nil:
			return "", err
		case calm && try > 1:
			return fmt.Sprintf("measured %d times: before, the machine was too busy with other things", try), nil
		case calm:
			return "", nil
		}
	}
	return "", errCannot{fmt.Errorf("this machine is too busy with other things: measured %d times, and never undisturbed", calmTries)}
}
