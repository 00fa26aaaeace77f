//go:build linux

package kernel

import (
	"bytes"
	"fmt"
	"strconv"
)

// stat is /proc/PID/stat, or that of a thread: the name, and then the fields that follow
// it. The name, in parentheses, may contain anything, a parenthesis too.
type stat struct {
	name   string
	fields [][]byte
}

// Fields of stat, by their numbers in proc_pid_stat(5), where the name has number 2.
const (
	fieldState   = 3
	fieldParent  = 4
	fieldCUTime  = 16
	fieldCSTime  = 17
	fieldStarted = 22
)

func readStat(path string) (s stat, err error) {
	text, err := readFile(path)
	if err != nil {
		return s, err
	}
	open, closed := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || closed < open {
		return s, fmt.Errorf("%s says %q", path, text)
	}
	s = stat{name: string(text[open+1 : closed]), fields: bytes.Fields(text[closed+1:])}
	if len(s.fields) <= fieldStarted-fieldState {
		return s, fmt.Errorf("%s says %q", path, text)
	}
	return s, nil
}

// state is the letter for what the process or thread does.
func (s stat) state() byte { return s.fields[0][0] }

// number is one of the fields that are numbers.
func (s stat) number(field int) int {
	n, _ := strconv.Atoi(string(s.fields[field-fieldState]))
	return n
}
