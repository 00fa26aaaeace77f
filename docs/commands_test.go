//go:build linux

package docs_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages are the files whose commands a reader may type.
func pages(t *testing.T) (paths []string) {
	t.Helper()
	for _, pattern := range []string{"README.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// command is one line of a block marked sh.
type command struct {
	page string // what the page says, all of it
	line int
	text string
}

func (c command) where(path string) string {
	return fmt.Sprintf("%s:%d", strings.TrimPrefix(path, root+"/"), c.line)
}

// words tell commands apart: those that differ in comments, spaces and how much they
// say of their progress are the same.
func (c command) words() string {
	all, err := stages(strings.ReplaceAll(c.text, " --quiet", ""))
	if err != nil {
		return c.text
	}
	return fmt.Sprintf("%q", all)
}

// block is a fenced block of a page.
type block struct {
	before string // the last line of text above it
	line   int    // of its first line
	lines  []string
}

// blocks are those marked with a language.
func blocks(page, language string) (all []block) {
	var in *block
	before, inside := "", ""
	for i, line := range strings.Split(page, "\n") {
		switch fence, isFence := strings.CutPrefix(line, "```"); {
		case isFence && inside == "":
			if inside = fence; inside == "" {
				inside = "plain"
			}
			if fence == language {
				all = append(all, block{before: before, line: i + 2})
				in = &all[len(all)-1]
			}
		case isFence:
			inside, in, before = "", nil, ""
		case in != nil:
			in.lines = append(in.lines, line)
		case inside == "" && strings.TrimSpace(line) != "":
			before = line
		}
	}
	return all
}

// commands are all lines of the page's sh blocks, joined where \ ends one.
func commands(page string) (all []command) {
	for _, b := range blocks(page, "sh") {
		begun := ""
		for i, line := range b.lines {
			line = begun + strings.TrimSpace(line)
			if begun = ""; strings.HasSuffix(line, `\`) {
				begun = strings.TrimSuffix(line, `\`)
				continue
			}
			if line != "" && !strings.HasPrefix(line, "#") {
				all = append(all, command{page, b.line + i, line})
			}
		}
	}
	return all
}

// TestCommands runs every command of the documentation, for as short a time as it
// can be run, and on ports and files of its own.
func TestCommands(t *testing.T) {
	seen, before := 0, map[string]string{} // where each command stands first
	for _, path := range pages(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range commands(string(text)) {
			seen++
			first, again := before[c.words()]
			t.Run(c.where(path)+" "+c.text, func(t *testing.T) {
				if again {
					t.Skip("the same as " + first)
				}
				if strings.Contains(path, "docs/workers/") {
					t.Skip("run under load by docs/workers")
				}
				t.Parallel()
				judge(t, run(newPlace(t), c))
			})
			before[c.words()] = c.where(path)
		}
	}
	if seen == 0 {
		t.Error("no command found: is a block still marked sh?")
	}
}

func judge(t *testing.T, err error) {
	t.Helper()
	switch {
	case errors.As(err, new(denied)), errors.As(err, new(lacking)) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Error(err)
	}
}

// denied is why this kernel does not let this user run a command.
type denied string

func (d denied) Error() string { return string(d) }

// lacking is what has to be installed for a command. CI must have it.
type lacking string

func (l lacking) Error() string { return string(l) + " is not installed" }

// Commands that are right, of the kinds that no page may have at the moment.
func TestRightCommands(t *testing.T) {
	for _, text := range []string{
		"prefork version",
		"prefork demo --web 127.0.0.1:8089",
		"prefork --bind 127.0.0.1:8080 --app echo -w 2",
		"prefork --bind :8080 --app work -w 2   # a comment",
		"prefork -w 2 -s dispatch -- ./my-worker",
		"for i in $(seq 10); do nc localhost 8080; done",
		"sudo ./prefork --version",
		"cat README.md | head -n 1",
		"go test ./strategies -run TestThunderingHerd -v",
		"make -s help",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			judge(t, run(newPlace(t), command{text: text}))
		})
	}
}

// A command that is wrong is found.
func TestWrongCommands(t *testing.T) {
	for _, text := range []string{
		"./prefork bench --wrokers 4",
		"./prefork bench --arm shared/exlusive",
		"./prefork bench --fail-if 'speed(shared/blocking) > 1'",
		"./prefork bench extra",
		"./prefork load localhost:8080",
		"./prefork load --fail-if 'speed > 1' http://localhost:8080",
		"./prefork compare only.json",
		"./prefork demo dise",
		"./prefork demo hello | grep 'never printed'",
		"./prefork inspect :8080",
		"./prefork -s sharde",
		"./prefork -s shared --policy least-conn",
		"./prefork -w 2 -- false",
		"./prefork -w 2 > log",
		"./prefork --bind 127.0.0.1:8080 'unended",
		"PREFORK_WORKERS=2 ./prefork",
		"make nothing",
		"go run ./docs/nothing",
		"go test ./strategies -run TestNothing -v",
		"cat docs/nothing.md",
		"curl localhost:1234",
		"frobnicate",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			err := run(newPlace(t), command{text: text})
			if err == nil {
				t.Error("it passes")
			}
			t.Log(err)
		})
	}
}

// stages splits a command line into the words of the commands that | connects. It
// knows quotes and comments; of what else a shell can do nothing is run here.
func stages(line string) (all [][]string, err error) {
	var words []string
	word, begun, quote := "", false, rune(0)
	end := func() {
		if begun {
			words = append(words, word)
		}
		word, begun = "", false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ':
			end()
		case r == '#' && !begun:
			return append(all, words), nil
		case r == '|':
			end()
			all, words = append(all, words), nil
		case strings.ContainsRune("><&;$`()", r):
			return nil, fmt.Errorf("%q: this test does not know what %q does: say it without, or teach docs/commands_test.go", line, r)
		default:
			word, begun = word+string(r), true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("%q: a quote is not closed", line)
	}
	end()
	return append(all, words), nil
}

var loop = regexp.MustCompile(`^for \w+ in \$\(seq \d+\); do (.*); done$`)

// run runs a command as its first word wants it run.
func run(p place, c command) error {
	text := c.text
	if in := loop.FindStringSubmatch(text); in != nil {
		text = in[1]
	}
	all, err := stages(text)
	if err != nil {
		return err
	}
	if len(all[0]) == 0 {
		return fmt.Errorf("%q: no command", text)
	}
	name, args := all[0][0], all[0][1:]
	try := kind(name)
	if try == nil {
		return fmt.Errorf("%q: this test does not know how to try %s: teach it in docs/kinds_test.go", text, name)
	}
	p.page = c.page
	out, err := try(p, args)
	if err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	for _, filter := range all[1:] {
		if out, err = p.filter(filter, out); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}
