//go:build linux

// Package demo shows what the three strategies do, scene by scene: real servers,
// real connections, the kernel's own queues. Each scene says what it is about to
// do, asks for a guess, does it, draws what happened, and puts numbers beside what
// theory says.
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
	Sentence string // what it is about, without its answer

	play  func(*Stage) error
	alter func(strategy string, flags []string) (string, []string) // nil but in tests; see Stage
}

// Scenes are all there are, in the order in which they are best seen.
var Scenes = []Scene{
	{Name: "hello", Sentence: "five processes take connections from one socket; then their master is killed", play: playHello},
	{Name: "deal-or-pile", Sentence: "three idle workers, and three ways to wait: who gets the next connection?", play: playDealOrPile},
	{Name: "herd", Sentence: "one connection comes, and eight workers sleep: how many wake up?", play: playHerd},
	{Name: "dice", Sentence: "a queue for each worker: how evenly does the kernel fill them?", play: playDice},
	{Name: "one-line-or-many", Sentence: "one queue for all, or one for each: how often is a worker idle while somebody waits?", play: playOneLineOrMany},
	{Name: "toll-booth", Sentence: "a master takes every connection and passes it on: what does that cost?", play: playTollBooth},
	{Name: "stuck-worker", Sentence: "one worker is stopped: whose connections wait?", play: playStuckWorker},
	{Name: "ring", Sentence: "workers wait in io_uring, and one of them is stopped: who gets the next connections?", play: playRing},
	{Name: "killed", Sentence: "kill -9 for a worker with a full queue, and then for the master: what is lost?", play: playKilled},
	{Name: "reload", Sentence: "every worker is replaced twice while clients keep asking: how many of them fail?", play: playReload},
	{Name: "lying-stopwatch", Sentence: "the same stall, measured by two stopwatches: what does each say?", play: playLyingStopwatch},
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
