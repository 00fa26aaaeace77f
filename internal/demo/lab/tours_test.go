//go:build linux

package lab_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"prefork/internal/demo"
)

// The tours are the scenes, by name and in their order, and each tells of pages that
// there are.
func TestToursAreScenes(t *testing.T) {
	text, err := os.ReadFile("assets/tours.js")
	if err != nil {
		t.Fatal(err)
	}
	var scenes, tours []string
	for _, scene := range demo.Scenes {
		scenes = append(scenes, scene.Name)
	}
	for _, tour := range regexp.MustCompile(`id: "([a-z-]+)", read: "[^"]*docs/`).FindAllSubmatch(text, -1) {
		tours = append(tours, string(tour[1]))
	}
	if !slices.Equal(scenes, tours) {
		t.Errorf("the tours that say where to read on are %q, the scenes %q", tours, scenes)
	}
	words, err := os.ReadFile("assets/words.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range regexp.MustCompile(`(docs|bench)/[\w/]+\.\w+`).FindAllString(string(text)+string(words), -1) {
		if _, err := os.Stat(filepath.Join("../../..", page)); err != nil {
			t.Error(err)
		}
	}
}

// The right answer is not to be told by its length: where it is the longest choice, it
// is so no more often than chance would have it.
func TestRightAnswersAreNotTheLongest(t *testing.T) {
	b := browse(t, open(t), 1280, 800)
	b.Await("there are tours", `document.querySelectorAll("#tours option").length > 1`)
	ask[bool](b, `(import("/tours.js").then(m => { window.steps = m.tours.flatMap(t => t.steps); }), true)`)
	b.Await("there are steps", "!!window.steps")
	if wrong := ask[string](b, `steps.filter(s => !s.choices[s.right]).map(s => s.ask).join()`); wrong != "" {
		t.Errorf("without a right answer: %s", wrong)
	}
	longest := ask[[]string](b, `steps.filter(s => s.choices.every((c, i) => i === s.right || c.length < s.choices[s.right].length)).map(s => s.ask)`)
	if all := ask[int](b, "steps.length"); 3*len(longest) > all {
		t.Errorf("of %d right answers these are the longest choice: %q", all, longest)
	}
	if first := ask[int](b, "steps.filter(s => s.right === 0).length"); first == 0 {
		t.Error("the first choice is never right")
	}
}
