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
