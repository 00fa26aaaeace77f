package subject

import (
	"regexp"
	"slices"
	"strings"
)

// Shell is how a command line is run that is meant for a shell, such as "MODE=x ./server",
// or "cd /srv && ./server". The shell gives its process to the last command: what is
// signalled, and whom LISTEN_PID names, is then the server itself. Of what is no plain
// list of commands, such as a pipe, it stays the parent.
func Shell(command string) []string { return []string{"/bin/sh", "-c", handingOver(command)} }

// handingOver has the last command of a list run in place of the shell.
func handingOver(command string) string {
	at, plain := lastCommand(command)
	before, last := command[:at], strings.TrimSpace(command[at:])
	if at > 0 {
		before += " "
	}
	first, _, _ := strings.Cut(last, " ")
	switch {
	case !plain || last == "" || slices.Contains(reserved, first):
		return command
	case assignment.MatchString(last):
		return before + "exec env " + last
	}
	return before + "exec " + last
}

// assignment begins a command that is run with a variable of its own.
var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// reserved are words at the beginning of what cannot be run in place of the shell.
var reserved = []string{"exec", "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "{", "}", "!"}

// lastCommand is where the last command of a list begins: after the last ; or &&. plain is
// false if that is not all there is to it: || and | and & have a shell wait.
func lastCommand(command string) (at int, plain bool) {
	quote, depth := byte(0), 0
	for i := 0; i < len(command); i++ {
		c := command[i]
		switch {
		case c == '\\' && quote != '\'':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			if depth == 0 && (i == 0 || command[i-1] != '$') {
				return 0, false // a subshell, or a function
			}
			depth++
		case c == ')':
			depth--
		case depth > 0:
		case c == ';' || c == '\n':
			at = i + 1
		case c == '&' && strings.HasPrefix(command[i:], "&&"):
			i++
			at = i + 1
		case c == '|', c == '&' && !redirects(command, i):
			return 0, false
		}
	}
	return at, quote == 0 && depth == 0
}

// redirects reports whether an & is that of 2>&1 or &>file.
func redirects(command string, at int) bool {
	return at > 0 && command[at-1] == '>' || strings.HasPrefix(command[at:], "&>")
}
