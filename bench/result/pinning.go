package result

import (
	"fmt"
	"slices"
	"strings"
)

// Pinning is which processors were whose, where server and load generator had their own.
type Pinning struct {
	Server []int `json:"server"`
	Load   []int `json:"load"` // of the load generator, and of the bench itself
	// OneCore says that they are threads of one core, as there was no other: what the one
	// does slows the other down.
	OneCore bool `json:"one_core,omitempty"`
}

// String is for people: "server on CPU 0, load generator on CPU 1".
func (p Pinning) String() string {
	text := "server on " + cpusInWords(p.Server) + ", load generator on " + cpusInWords(p.Load)
	if p.OneCore {
		text += " (two threads of one core)"
	}
	return text
}

// Sharing says how server and load generator had the processors: "2 CPUs, shared with the load
// generator".
func (e Environment) Sharing() string {
	switch {
	case e.Pinning != nil:
		return e.Pinning.String()
	case e.CPUs == 1:
		return "1 CPU, shared with the load generator"
	}
	return fmt.Sprintf("%d CPUs, shared with the load generator", e.CPUs)
}

// divided says who had which processors, where they had any of their own.
func (e Environment) divided() string {
	if e.Pinning == nil {
		return "none"
	}
	return e.Pinning.String()
}

// cpusInWords names processors: "CPU 3", "CPUs 0–3, 8".
func cpusInWords(cpus []int) string {
	var parts []string
	for i := 0; i < len(cpus); {
		j := i
		for j+1 < len(cpus) && cpus[j+1] == cpus[j]+1 {
			j++
		}
		part := fmt.Sprint(cpus[i])
		if j > i {
			part = fmt.Sprintf("%d–%d", cpus[i], cpus[j])
		}
		parts, i = append(parts, part), j+1
	}
	if len(cpus) == 1 {
		return "CPU " + parts[0]
	}
	return "CPUs " + strings.Join(parts, ", ")
}

// Pin divides processors, which are given by their cores, between server and load generator.
// No core is on both sides, unless it is the only one. Half of the cores are the server's, and
// the odd one is. The error says that there are too few.
func Pin(cores [][]int) (p Pinning, err error) {
	all := slices.Sorted(slices.Values(slices.Concat(cores...)))
	switch {
	case len(all) < 2:
		return p, fmt.Errorf("server and load generator take a CPU each, and this process may use %s alone", cpusInWords(all))
	case len(cores) == 1:
		half := (len(all) + 1) / 2
		return Pinning{Server: all[:half], Load: all[half:], OneCore: true}, nil
	}
	half := (len(cores) + 1) / 2
	p.Server = slices.Sorted(slices.Values(slices.Concat(cores[:half]...)))
	p.Load = slices.Sorted(slices.Values(slices.Concat(cores[half:]...)))
	return p, nil
}
