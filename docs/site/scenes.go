package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"prefork/docs/site/picture"
	"prefork/internal/demo/recording"
)

// firstScreen is the recording that the README and the first page show, and their
// picture of it.
const firstScreen = "first-screen"

// scene is a recording that one can play.
type scene struct {
	Name     string
	Path     string // in the site
	Sentence string
	Steps    []told

	text      []byte // of the recording
	recording *recording.Recording
	still     int64 // ms: when the picture of it is taken
}

// told is what has come out in a step of a tour.
type told struct {
	What    string
	Numbers []struct {
		Label, Want, Got string
		OK               bool
	}
}

func (s *site) scene(name string) (scene, bool) {
	for _, one := range s.scenes {
		if one.Name == name {
			return one, true
		}
	}
	return scene{}, false
}

// inScenes finds the scenes of docs/demo.md, and the sentence below each heading.
var inScenes = regexp.MustCompile(`(?m)^## ([a-z-]+)\n\n\*(.+)\*$`)

// addScenes makes a page of every scene that was recorded, in the order of docs/demo.md.
func (s *site) addScenes() error {
	text, err := s.read("docs/demo.md")
	if err != nil {
		return err
	}
	for _, found := range inScenes.FindAllSubmatch(text, -1) {
		one, err := s.readScene(string(found[1]), string(found[2]))
		if err != nil {
			return err
		}
		s.scenes = append(s.scenes, one)
	}
	if len(s.scenes) == 0 {
		return errors.New("docs/demo.md has no scenes: are they still ## name, and below it *a sentence*?")
	}
	free, err := s.readScene(firstScreen, "One worker of each is stopped for some seconds, and goes on.")
	if err != nil {
		return err
	}
	for _, one := range append(s.scenes, free) {
		if err := s.addScene(one); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	return nil
}

func (s *site) readScene(name, sentence string) (scene, error) {
	one := scene{Name: name, Path: "scene-" + name + ".html", Sentence: sentence}
	file := filepath.Join(s.root, "docs", "recordings", name+".jsonl")
	var err error
	if one.text, err = os.ReadFile(file); err != nil {
		return one, fmt.Errorf("%w: make recordings records it", err)
	}
	if one.recording, err = recording.Read(strings.NewReader(string(one.text))); err != nil {
		return one, fmt.Errorf("%s: %w", file, err)
	}
	one.still = picture.Whole(one.recording, picture.Wide, 1, "", "").Still
	for _, e := range one.recording.Events {
		if e.Kind != "tour" {
			continue
		}
		var said told
		if err := json.Unmarshal(e.Data, &said); err != nil {
			return one, err
		}
		if said.What == "told" {
			if len(one.Steps) == 0 {
				one.still = e.At
			}
			one.Steps = append(one.Steps, said)
		}
	}
	return one, nil
}

// addScene makes the page on which a recording plays, of the lab's own page.
func (s *site) addScene(one scene) error {
	still, err := picture.Still(one.recording, one.still, one.Name+": "+one.Sentence)
	if err != nil {
		return err
	}
	s.files["img/scene-"+one.Name+".svg"] = []byte(still)
	lab, err := s.read("internal/demo/lab/assets/recorded.html")
	if err != nil {
		return err
	}
	page := string(lab)
	for _, part := range []struct{ Old, Name string }{
		{`<link rel="stylesheet" href="uPlot.css">`, "scene-style"},
		{`<link rel="stylesheet" href="lab.css">`, ""},
		{`<link rel="stylesheet" href="recorded.css">`, ""},
		{`<script type="module" src="recorded.js"></script>`, "scene-script"},
		{`<title>prefork lab: a recording</title>`, "scene-title"},
		{`<h1>A recorded run</h1>`, "scene-heading"},
		{`<nav class="menu" id="others" aria-label="Elsewhere"><a href="./">The lab, live</a></nav>`, "scene-menu"},
		{`<noscript><p class="notice">A recording moves, and needs JavaScript for that.</p></noscript>`, "scene-noscript"},
	} {
		if strings.Count(page, part.Old) != 1 {
			return fmt.Errorf("recorded.html has no %s (any more)", part.Old)
		}
		var words strings.Builder
		if part.Name != "" {
			view := struct {
				scene
				Site *site
			}{one, s}
			if err := s.pen.ExecuteTemplate(&words, part.Name, view); err != nil {
				return err
			}
		}
		page = strings.Replace(page, part.Old, strings.TrimSpace(words.String()), 1)
	}
	// There is no < in a recording: package json writes \u003c.
	s.files[one.Path] = []byte(strings.Replace(page, `id="recording">`, `id="recording">`+string(one.text), 1))
	return nil
}

// drawPictures draws the moving picture of the README, wide and narrow.
func drawPictures(root, dir string) error {
	s, err := newSite(root)
	if err != nil {
		return err
	}
	one, err := s.readScene(firstScreen, "")
	if err != nil {
		return err
	}
	for name, layout := range map[string]picture.Layout{firstScreen: picture.Wide, firstScreen + "-narrow": picture.Narrow} {
		const scale = 4
		text, err := picture.Moving(one.recording, picture.Whole(one.recording, layout, scale,
			"One worker of each strategy is stopped for some seconds, and goes on.", "60 connections a second come to each."))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".svg"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
