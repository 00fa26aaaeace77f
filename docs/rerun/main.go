// Rerun runs the commands in the documentation again and puts what they print
// below them, so that every number there was printed by the command above it.
//
//	go run ./docs/rerun [-only TEXT] docs/measuring.md …
//
// A command is a block marked sh that a block marked text follows. Of a table of the
// bench the footnotes, their marks and the verdict are left out, unless the block is
// marked "text whole".
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"unicode/utf8"
)

func main() {
	only := flag.String("only", "", "only commands that contain `TEXT`")
	flag.Parse()
	for _, path := range flag.Args() {
		if err := rerun(path, *only); err != nil {
			fmt.Fprintf(os.Stderr, "rerun: %s: %v\n", path, err)
			os.Exit(1)
		}
	}
}

var (
	pair      = regexp.MustCompile("(?s)```sh\n([^`]+?)```\n\n```text( whole)?\n.*?```\n")
	footnotes = regexp.MustCompile(`(?s)\n¹.*`)
	marks     = regexp.MustCompile(`[⁰¹²³⁴-⁹]+ ?`)
)

func rerun(path, only string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var failed error
	text = pair.ReplaceAllFunc(text, func(block []byte) []byte {
		parts := pair.FindSubmatch(block)
		command, whole := string(parts[1]), string(parts[2])
		if failed != nil || !strings.Contains(command, only) {
			return block
		}
		fmt.Fprint(os.Stderr, command)
		var out []byte
		if out, failed = run(command); failed != nil {
			return block
		}
		if whole == "" {
			out = withoutNotes(out)
		}
		return fmt.Appendf(nil, "```sh\n%s```\n\n```text%s\n%s\n```\n", command, whole, bytes.TrimSpace(out))
	})
	// What has been printed by then is kept, also if a later command fails.
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	return failed
}

func run(command string) ([]byte, error) {
	cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", command)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.TrimSpace(command), err)
	}
	return out, nil
}

// withoutNotes cuts the footnotes of a table and what follows them. Its marks become
// blanks where columns hang on them.
func withoutNotes(out []byte) []byte {
	notes := footnotes.FindIndex(out)
	if notes == nil {
		return out
	}
	return marks.ReplaceAllFunc(out[:notes[0]], func(mark []byte) []byte {
		if !bytes.HasSuffix(mark, []byte(" ")) {
			return nil
		}
		return bytes.Repeat([]byte(" "), utf8.RuneCount(mark))
	})
}
