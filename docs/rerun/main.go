// Rerun runs the commands in the documentation again and puts what they print
// below them, so that every number there was printed by the command above it.
//
//	go run ./docs/rerun [-only TEXT] docs/measuring.md …
//
// A command is a block marked sh that a block marked text follows. Of a table of
// the bench the footnotes are left out.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
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
	pair      = regexp.MustCompile("(?s)```sh\n([^`]+?)```\n\n```text\n.*?```\n")
	footnotes = regexp.MustCompile(`(?s)\n¹.*`)
)

func rerun(path, only string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var failed error
	text = pair.ReplaceAllFunc(text, func(block []byte) []byte {
		command := string(pair.FindSubmatch(block)[1])
		if failed != nil || !strings.Contains(command, only) {
			return block
		}
		fmt.Fprint(os.Stderr, command)
		var out []byte
		if out, failed = run(command); failed != nil {
			return block
		}
		return fmt.Appendf(nil, "```sh\n%s```\n\n```text\n%s```\n", command, out)
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
	return append(bytes.TrimSpace(footnotes.ReplaceAll(out, nil)), '\n'), nil
}
