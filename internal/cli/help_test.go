//go:build linux

package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	urfave "github.com/urfave/cli/v2"

	"prefork/dispatch"
	"prefork/internal/cli"
	"prefork/internal/worker"
	"prefork/strategies"
	"prefork/strategies/accept"
)

func serveFlagNames() (names []string) {
	for _, flag := range cli.ServeFlags() {
		names = append(names, flag.Names()[0])
	}
	return names
}

// envName is what a flag is called in the environment.
func envName(flag string) string {
	return "PREFORK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// output runs prefork in this process.
func output(t *testing.T, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := cli.Run(context.Background(), append([]string{"prefork"}, args...), &out, &errOut); code != 0 {
		t.Fatalf("exit code %d: %s", code, errOut.String())
	}
	return out.String()
}

// everyHelp are all ways to ask how to serve.
var everyHelp = [][]string{{"--help"}, {"-h"}, {"help"}, {"help", "serve"}, {"serve", "--help"}}

func TestHelpHasEveryFlagAndItsEnvironment(t *testing.T) {
	for _, args := range everyHelp {
		help := output(t, args...)
		for _, flag := range cli.ServeFlags() {
			name := flag.Names()[0]
			if !strings.Contains(help, "--"+name+" ") {
				t.Errorf("%v: no --%s", args, name)
			}
			if !strings.Contains(help, "$"+envName(name)) {
				t.Errorf("%v: no $%s", args, envName(name))
			}
		}
	}
}

func TestEveryFlagReadsItsEnvironment(t *testing.T) {
	for _, flag := range cli.ServeFlags() {
		names := flag.(urfave.DocGenerationFlag).GetEnvVars()
		if want := envName(flag.Names()[0]); len(names) == 0 || names[0] != want {
			t.Errorf("--%s reads %v, want %s first", flag.Names()[0], names, want)
		}
	}
}

func TestHelpHasEveryRow(t *testing.T) {
	var rows []string
	for _, row := range strategies.Strategies {
		rows = append(rows, row.Name, row.Sentence)
	}
	for _, row := range accept.Listening() {
		rows = append(rows, row.Name, row.Sentence)
	}
	for _, row := range strategies.Steers {
		rows = append(rows, row.Name, row.Sentence)
	}
	for _, row := range dispatch.Policies {
		rows = append(rows, row.Name, row.Sentence)
	}
	for _, row := range worker.Apps {
		rows = append(rows, row.Name, row.Sentence)
	}
	for _, args := range everyHelp {
		help := strings.Join(strings.Fields(output(t, args...)), " ") // unfolded
		for _, row := range rows {
			if !strings.Contains(help, row) {
				t.Errorf("%v: no %q", args, row)
			}
		}
	}
}

// The help of every command is as wide as the terminal, within what can be read well.
func TestHelpFitsTheTerminal(t *testing.T) {
	for _, test := range []struct{ terminal, want int }{{0, 80}, {40, 60}, {60, 60}, {73, 73}, {100, 100}, {200, 100}} {
		for name, help := range cli.HelpAt(test.terminal) {
			widest := 0
			for line := range strings.Lines(help) {
				widest = max(widest, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
			}
			if widest > test.want || name == "" && widest < test.want-8 {
				t.Errorf("help of %q on a terminal of %d columns: %d columns, want up to %d", name, test.terminal, widest, test.want)
			}
		}
	}
}
