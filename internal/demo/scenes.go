//go:build linux

// Package demo shows what the three strategies do, scene by scene: real servers,
// real connections, the kernel's own queues. Each scene says what it is about to
// do, asks for a guess, does it, draws what happened, and puts numbers beside what
// theory says. It is proved if they agree.
//
//	Scenes ─► Stage ─► Event ─► Teller ─► a terminal, JSON, or the lab
package demo

import (
	"context"

	"prefork/internal/lookup"
)

// Scene is one thing to be seen.
type Scene struct {
	Name     string
	Sentence string

	play  func(*Stage) error
	alter func(strategy string, flags []string) (string, []string) // nil but in tests; see Stage
}

// Scenes are all there are, in the order in which they are best seen.
var Scenes = []Scene{
	{Name: "hello", Sentence: "five processes answer on one socket, and go on when their master is killed", play: playHello},
	{Name: "deal-or-pile", Sentence: "idle workers are dealt connections in turn, or one of them gets them all", play: playDealOrPile},
	{Name: "dice", Sentence: "SO_REUSEPORT throws a die for each connection, and a worker may get none", play: playDice},
	{Name: "one-line-or-many", Sentence: "one queue for all keeps everybody busy; a queue for each does not", play: playOneLineOrMany},
	{Name: "toll-booth", Sentence: "a master that passes every connection on deals evenly, and wakes two processes for each", play: playTollBooth},
	{Name: "stuck-worker", Sentence: "one worker is stopped: whose connections wait?", play: playStuckWorker},
	{Name: "killed", Sentence: "kill -9 for a worker with a full queue, and then for the master: what is lost?", play: playKilled},
	{Name: "reload", Sentence: "every worker is replaced twice while clients keep asking, and none notices", play: playReload},
	{Name: "lying-stopwatch", Sentence: "the same stall, measured in two ways: one of them hides it", play: playLyingStopwatch},
}

// Lookup finds a scene by its name.
func Lookup(name string) (Scene, error) {
	return lookup.ByName("scene", name, Scenes, func(s Scene) string { return s.Name })
}

// List tells the name and the sentence of every scene, and plays none.
func List(ctx context.Context, teller Teller) error {
	for _, scene := range Scenes {
		if err := teller.Tell(ctx, Event{Kind: SceneKind, Scene: scene.Name, Text: scene.Sentence}); err != nil {
			return err
		}
	}
	return nil
}
