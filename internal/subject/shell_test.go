package subject

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestShellHandsOver(t *testing.T) {
	for command, want := range map[string]string{
		"./server -p 80":                     "exec ./server -p 80",
		"MODE=x ./server":                    "exec env MODE=x ./server",
		"A=1 B='2 3' ./server 2>&1":          "exec env A=1 B='2 3' ./server 2>&1",
		"cd /srv && ./server":                "cd /srv && exec ./server",
		"cd /srv; ulimit -n 9 && A=1 server": "cd /srv; ulimit -n 9 && exec env A=1 server",
		"exec ./server":                      "exec ./server",
		"./server -n $(nproc; :) -m 'a;b'":   "exec ./server -n $(nproc; :) -m 'a;b'",
		`./server "a && b" a\;b`:             `exec ./server "a && b" a\;b`,
		"./server | tee log":                 "./server | tee log",
		"./server || ./other":                "./server || ./other",
		"./other & ./server":                 "./other & ./server",
		"(cd x && ./server)":                 "(cd x && ./server)",
		"for i in 1; do ./server; done":      "for i in 1; do ./server; done",
		"./server 'unended":                  "./server 'unended",
		"":                                   "",
	} {
		if got := handingOver(command); got != want {
			t.Errorf("%q is run as %q, want %q", command, got, want)
		}
	}
}

// What is run is the same with and without the shell's leaving, and it has left.
func TestShellRunsWhatAShellRuns(t *testing.T) {
	for command, want := range map[string]string{
		`A="1 2" sh -c 'echo $A $$'`:         "1 2 PID",
		`cd / && sh -c 'pwd; echo $$'`:       "/ PID",
		`A=1; B=2 sh -c 'echo "$A$B" $$'`:    "2 PID",
		`sh -c 'echo $0 $$' "$(echo a; :)"`:  "a PID",
		`echo a | cat`:                       "a",
		`if true; then echo b; else :; fi`:   "b",
		`sh -c 'echo to stderr $$ >&2' 2>&1`: "to stderr PID",
	} {
		args := Shell(command)
		cmd := exec.Command(args[0], args[1:]...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		got := strings.Join(strings.Fields(string(out)), " ")
		if got = strings.ReplaceAll(got, strconv.Itoa(cmd.Process.Pid), "PID"); got != want {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
}
