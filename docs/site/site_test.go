package main

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const root = "../.."

// built is the site, as it is written, once for all tests.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "prefork-site-")
	if err != nil {
		return "", err
	}
	return dir, build(root, filepath.Join(dir, "site"))
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := built(); dir != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// dir is where the site is.
func dir(t *testing.T) string {
	t.Helper()
	at, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(at, "site")
}

// pages are all of the site, by their path in it.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	at := dir(t)
	err := filepath.WalkDir(at, func(file string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".html") {
			return err
		}
		text, err := os.ReadFile(file)
		name, _ := filepath.Rel(at, file)
		all[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d pages: %v", len(all), err)
	}
	return all
}

var (
	links   = regexp.MustCompile(` (href|src|srcset)="([^"]*)"`)
	anchors = regexp.MustCompile(` id="([^"]*)"`)
	data    = regexp.MustCompile(`(?s)id="recording">.*?</script>`)
)

// Every link leads somewhere, and nothing is fetched from elsewhere.
func TestLinks(t *testing.T) {
	all := pages(t)
	ids := map[string][]string{}
	for name, text := range all {
		for _, found := range anchors.FindAllStringSubmatch(data.ReplaceAllString(text, ""), -1) {
			if slices.Contains(ids[name], found[1]) {
				t.Errorf("%s has two places called %s", name, found[1])
			}
			ids[name] = append(ids[name], found[1])
		}
	}
	for name, text := range all {
		for _, found := range links.FindAllStringSubmatch(data.ReplaceAllString(text, ""), -1) {
			what, link := found[1], found[2]
			to, err := url.Parse(link)
			switch {
			case err != nil || link == "":
				t.Errorf("%s: %q is no link", name, link)
			case to.Scheme == "data":
			case to.Scheme != "" || strings.HasPrefix(link, "/"):
				if what != "href" || to.Scheme != "https" {
					t.Errorf("%s: %s is fetched from elsewhere", name, link)
				}
			default:
				target := path.Join(path.Dir(name), to.Path)
				if to.Path == "" {
					target = name
				}
				if _, err := os.Stat(filepath.Join(dir(t), target)); err != nil {
					t.Errorf("%s: %s is not there", name, link)
				}
				if to.Fragment != "" && !slices.Contains(ids[target], to.Fragment) {
					t.Errorf("%s: %s has no place #%s", name, target, to.Fragment)
				}
			}
		}
	}
}

// Who comes to the first page, or to a scene, does not wait for megabytes.
func TestWeight(t *testing.T) {
	const most = 3e6
	for name, text := range pages(t) {
		weight := len(text)
		for _, found := range links.FindAllStringSubmatch(text, -1) {
			if file := filepath.Join(dir(t), path.Dir(name), found[2]); !strings.HasSuffix(file, ".html") {
				if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
					weight += int(info.Size())
				}
			}
		}
		if weight > most {
			t.Errorf("%s has %d bytes with all that belongs to it, want at most %.0f", name, weight, most)
		}
		if name == "index.html" {
			t.Logf("the first page has %d kB", weight/1000)
		}
	}
}

// A page of the course has all that its file has: each heading, each block, each table.
func TestCourseIsWhole(t *testing.T) {
	all := pages(t)
	s, err := newSite(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.course {
		source, err := os.ReadFile(filepath.Join(root, "docs", p.File))
		if err != nil {
			t.Fatal(err)
		}
		text := all[s.pathOf("docs/"+p.File)]
		for _, c := range []struct {
			what, tag string
			markdown  *regexp.Regexp
		}{
			{"headings", `<h[1-6] id=`, regexp.MustCompile("(?m)^#{1,6} ")},
			{"blocks", `<(pre class|div class="tree")`, regexp.MustCompile("(?m)^ *```[a-z]")},
			{"tables", `<table>`, regexp.MustCompile(`(?m)^\|[| :]*-[-| :]*\|$`)},
		} {
			want := len(c.markdown.FindAllString(withoutBlocks(c.what, string(source)), -1))
			if got := len(regexp.MustCompile(c.tag).FindAllString(text, -1)); got < want {
				t.Errorf("%s: %d %s, want %d", p.File, got, c.what, want)
			}
		}
	}
}

// withoutBlocks leaves blocks out, in which # is no heading.
func withoutBlocks(what, source string) string {
	if what == "blocks" {
		return source
	}
	return regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(source, "")
}

// A flowchart becomes a list of questions.
func TestFlowchart(t *testing.T) {
	page := "before\n\n```mermaid\nflowchart TD\n    A{Is it<br>so?} -- yes --> B[shared<br>& all]\n    A -- no --> C{Why, then?}\n    C -- who <knows> --> B\n```\n\nafter\n"
	want := "before\n\n" + `<div class="tree"><span>Is it so?</span><ul><li><i>yes</i> <b>shared: &amp; all</b></li><li><i>no</i> <span>Why, then?</span><ul><li><i>who &lt;knows&gt;</i> <b>shared: &amp; all</b></li></ul></li></ul></div>` + "\n\nafter\n"
	if got := string(replaceCharts([]byte(page))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A directory that is none of ours is not written over.
func TestWriteKeepsWhatIsNotOurs(t *testing.T) {
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "thesis.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := &site{files: map[string][]byte{"index.html": nil}}
	if err := s.write(out); err == nil || !strings.Contains(err.Error(), "name another directory") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(out, "thesis.txt")); err != nil {
		t.Error(err)
	}
}

// The pictures of the README are of the recording that there is.
func TestPicturesAreOfTheRecording(t *testing.T) {
	fresh := t.TempDir()
	if err := drawPictures(root, fresh); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{firstScreen + ".svg", firstScreen + "-narrow.svg"} {
		want, err := os.ReadFile(filepath.Join(fresh, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(root, "docs/img", name)); err != nil || string(got) != string(want) {
			t.Errorf("docs/img/%s is another picture (%v): go run ./docs/site -pictures docs/img", name, err)
		}
	}
}
