package main

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed templates site.css
var files embed.FS

// entry is a page of the course.
type entry struct {
	File string // in docs
	Name string // in the menu; "" for what its own first line calls it
	Part string // what begins with it, in the menu
}

// course are the pages in the order in which they are read. Others that there are in docs
// come after them.
var course = []entry{
	{"README.md", "Where to begin", "The course"},
	{"shared.md", "shared: one queue", "The three ways"},
	{"reuseport.md", "reuseport: a queue each", ""},
	{"dispatch.md", "dispatch: a master in the way", ""},
	{"demo.md", "The scenes", "Seeing and choosing"},
	{"lab.md", "The lab", ""},
	{"choosing.md", "Which should I use?", ""},
	{"workers/README.md", "Your server as the worker", "Running it"},
	{"operate/README.md", "The first day", ""},
	{"operate/control.md", "Asking a running server", ""},
	{"operate/logs.md", "What the log says", ""},
	{"operate/metrics.md", "Metrics, health, readiness", ""},
	{"measuring.md", "Measuring", "Going deeper"},
	{"many.md", "Many machines", ""},
	{"steering.md", "Steering", ""},
	{"peers.md", "Beside other servers", ""},
	{"architecture.md", "Architecture", ""},
	{"glossary.md", "Glossary", "By the side"},
	{"lesson.md", "A lesson", ""},
}

// site is one being built.
type site struct {
	root    string // of the repository
	course  []entry
	scenes  []scene
	pages   []*page
	files   map[string][]byte // what is written, by its path in the site
	sources map[string]bool   // files of the repository that pages link to
	pen     *template.Template
}

// page is one page of the course.
type page struct {
	Path     string // in the site
	Name     string // in the menu
	Part     string // what begins with it, in the menu
	Title    string
	Body     template.HTML
	Headings []heading

	source string // in the repository
}

// build writes the site in place of what there was.
func build(root, out string) error {
	s, err := newSite(root)
	if err != nil {
		return err
	}
	steps := []func() error{s.addScenes, s.addPages, s.addHome, s.addSources, s.addAssets}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return s.write(out)
}

func newSite(root string) (*site, error) {
	pen, err := template.ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	s := &site{root: root, course: course, files: map[string][]byte{}, sources: map[string]bool{}, pen: pen}
	return s, s.addOthers()
}

// addOthers adds the pages of docs that course has not.
func (s *site) addOthers() error {
	docs := os.DirFS(filepath.Join(s.root, "docs"))
	part := "More"
	for _, pattern := range []string{"*.md", "*/*.md"} {
		found, err := fs.Glob(docs, pattern)
		if err != nil {
			return err
		}
		for _, file := range found {
			if !slices.ContainsFunc(course, func(e entry) bool { return e.File == file }) {
				s.course, part = append(s.course, entry{File: file, Part: part}), ""
			}
		}
	}
	return nil
}

func (s *site) read(file string) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.root, filepath.FromSlash(file)))
}

func (s *site) isFile(file string) bool {
	info, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(file)))
	return err == nil && info.Mode().IsRegular()
}

// pathOf is where a page of the course is in the site, by its path in the repository;
// "" if it is none.
func (s *site) pathOf(source string) string {
	name, inDocs := strings.CutPrefix(source, "docs/")
	if !inDocs || !slices.ContainsFunc(s.course, func(e entry) bool { return e.File == name }) {
		return ""
	}
	if name == "README.md" {
		return "course.html"
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".md"), "/README")
	return path.Base(name) + ".html"
}

// addPages renders the course.
func (s *site) addPages() error {
	for _, e := range s.course {
		source := "docs/" + e.File
		text, err := s.read(source)
		if err != nil {
			return err
		}
		page := &page{Path: s.pathOf(source), Part: e.Part, source: source}
		if err := s.render(page, text); err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		page.Name = cmp.Or(e.Name, page.Title)
		s.pages = append(s.pages, page)
	}
	for i, p := range s.pages {
		view := struct {
			*page
			Site         *site
			Before, Next *page
		}{page: p, Site: s}
		if i > 0 {
			view.Before = s.pages[i-1]
		}
		if i+1 < len(s.pages) {
			view.Next = s.pages[i+1]
		}
		if err := s.fill(p.Path, "page.html", view); err != nil {
			return err
		}
	}
	return nil
}

// addHome makes the first page.
func (s *site) addHome() error {
	for _, name := range []string{firstScreen, firstScreen + "-narrow"} {
		picture, err := s.read("docs/img/" + name + ".svg")
		if err != nil {
			return fmt.Errorf("%w: make recordings draws it", err)
		}
		s.files["img/"+name+".svg"] = picture
	}
	return s.fill("index.html", "home.html", s)
}

// addSources makes a page of every file of the repository that a page links to.
func (s *site) addSources() error {
	for source := range s.sources {
		text, err := s.read(source)
		if err != nil {
			return err
		}
		depth := strings.Repeat("../", strings.Count(sourcePath(source), "/"))
		view := struct {
			Name, Home string
			Lines      []string
		}{source, depth, strings.Split(strings.TrimRight(string(text), "\n"), "\n")}
		if err := s.fill(sourcePath(source), "source.html", view); err != nil {
			return err
		}
	}
	return nil
}

// sourcePath is where a file of the repository is in the site.
func sourcePath(file string) string { return "source/" + file + ".html" }

// fill writes a page from a template.
func (s *site) fill(path, name string, view any) error {
	var out bytes.Buffer
	if err := s.pen.ExecuteTemplate(&out, name, view); err != nil {
		return err
	}
	s.files[path] = out.Bytes()
	return nil
}

// Pages and Scenes are for the templates.
func (s *site) Pages() []*page  { return s.pages }
func (s *site) Scenes() []scene { return s.scenes }

// write puts everything into a directory that is this site's alone.
func (s *site) write(out string) error {
	const mark = ".prefork-site"
	s.files[mark] = []byte("All in this directory is removed when the site is made again.\n")
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(out, mark)); err != nil {
			return fmt.Errorf("%s is not empty, and no site: name another directory", out)
		}
		if err := os.RemoveAll(out); err != nil {
			return err
		}
	}
	for name, content := range s.files {
		file := filepath.Join(out, filepath.FromSlash(path.Clean(name)))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
