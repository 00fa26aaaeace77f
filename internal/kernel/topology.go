//go:build linux

package kernel

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Cores has some processors by the core that they are threads of (hyperthreads), in the order
// of their packages and numbers. One of which the kernel does not say whose thread it is counts
// as a core (Documentation/admin-guide/cputopology.rst).
func Cores(cpus []int) [][]int { return cores(os.DirFS("/sys/devices/system/cpu"), cpus) }

func cores(root fs.FS, cpus []int) (all [][]int) {
	wanted := slices.Sorted(slices.Values(cpus))
	wanted = slices.Compact(wanted)
	taken := map[int]bool{}
	for _, cpu := range wanted {
		if taken[cpu] {
			continue
		}
		core := []int{cpu}
		for _, sibling := range siblings(root, cpu) {
			if _, has := slices.BinarySearch(wanted, sibling); has && sibling != cpu && !taken[sibling] {
				core = append(core, sibling)
			}
		}
		for _, cpu := range core {
			taken[cpu] = true
		}
		all = append(all, slices.Sorted(slices.Values(core)))
	}
	slices.SortStableFunc(all, func(a, b []int) int { return cmp.Compare(socket(root, a[0]), socket(root, b[0])) })
	return all
}

// siblings are the threads of a processor's core; none where that is not known.
func siblings(root fs.FS, cpu int) []int {
	for _, name := range []string{"core_cpus_list", "thread_siblings_list"} { // since 5.3, and its name before
		if text, err := fs.ReadFile(root, topologyPath(cpu, name)); err == nil {
			if list, err := parseList(strings.TrimSpace(string(text))); err == nil {
				return list
			}
		}
	}
	return nil
}

// socket is a processor's package, 0 where that is not known.
func socket(root fs.FS, cpu int) int {
	text, _ := fs.ReadFile(root, topologyPath(cpu, "physical_package_id"))
	number, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return number
}

func topologyPath(cpu int, name string) string { return fmt.Sprintf("cpu%d/topology/%s", cpu, name) }

// mostCPUs is more than any kernel is built for.
const mostCPUs = 1 << 16

// parseList reads the kernel's form of a set of numbers: 0-3,8.
func parseList(text string) (numbers []int, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(low)
		to := from
		if isRange && err == nil {
			to, err = strconv.Atoi(high)
		}
		if err != nil || from < 0 || to < from || to >= mostCPUs {
			return nil, fmt.Errorf("%q is no list such as 0-3,8", text)
		}
		for n := from; n <= to; n++ {
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}
