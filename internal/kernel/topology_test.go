//go:build linux

package kernel

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// machine is one whose cores have these threads, one package after another.
func machine(name string, packages ...[][]int) fstest.MapFS {
	root := fstest.MapFS{}
	for n, cores := range packages {
		for _, core := range cores {
			list := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(core)), ","), "[]")
			for _, cpu := range core {
				root[topologyPath(cpu, name)] = &fstest.MapFile{Data: []byte(list + "\n")}
				root[topologyPath(cpu, "physical_package_id")] = &fstest.MapFile{Data: []byte(fmt.Sprintln(n))}
			}
		}
	}
	return root
}

func TestCores(t *testing.T) {
	plain := machine("core_cpus_list", [][]int{{0}, {1}, {2}, {3}})
	twins := machine("core_cpus_list", [][]int{{0, 4}, {1, 5}, {2, 6}, {3, 7}})
	older := machine("thread_siblings_list", [][]int{{0, 1}, {2, 3}})
	sockets := machine("core_cpus_list", [][]int{{0, 4}, {2, 6}}, [][]int{{1, 5}, {3, 7}})
	for name, c := range map[string]struct {
		root fstest.MapFS
		cpus []int
		want [][]int
	}{
		"no hyperthreads":      {plain, []int{0, 1, 2, 3}, [][]int{{0}, {1}, {2}, {3}}},
		"hyperthreads":         {twins, []int{7, 6, 5, 4, 3, 2, 1, 0}, [][]int{{0, 4}, {1, 5}, {2, 6}, {3, 7}}},
		"some of them":         {twins, []int{1, 4, 5}, [][]int{{1, 5}, {4}}},
		"one twice":            {twins, []int{4, 0, 4}, [][]int{{0, 4}}},
		"an older kernel":      {older, []int{0, 1, 2, 3}, [][]int{{0, 1}, {2, 3}}},
		"two packages":         {sockets, []int{0, 1, 2, 3, 4, 5, 6, 7}, [][]int{{0, 4}, {2, 6}, {1, 5}, {3, 7}}},
		"nothing is known":     {fstest.MapFS{}, []int{0, 3}, [][]int{{0}, {3}}},
		"nonsense is not read": {fstest.MapFS{topologyPath(0, "core_cpus_list"): {Data: []byte("0-,")}}, []int{0, 1}, [][]int{{0}, {1}}},
		"none":                 {plain, nil, nil},
	} {
		if got := cores(c.root, c.cpus); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := Cores([]int{0}); !reflect.DeepEqual(got, [][]int{{0}}) {
		t.Errorf("of this machine's first: %v", got)
	}
}

// A list of numbers in any form reads back as these numbers, and nonsense is an error.
func TestParseList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var want []int
		var parts []string
		for n := random.IntN(3); n < 200 && random.IntN(10) > 0; n += 2 + random.IntN(9) {
			to := n + random.IntN(5)
			part := fmt.Sprint(n)
			if to > n || random.IntN(4) == 0 {
				part = fmt.Sprintf("%d-%d", n, to)
			}
			for parts = append(parts, part); n < to; n++ {
				want = append(want, n)
			}
			want = append(want, to)
		}
		got, err := parseList(strings.Join(parts, ","))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q: %v, %v; want %v", parts, got, err, want)
		}
	}
	for _, text := range []string{"x", "1-", "-1", "3-1", "1,,2", "0-99999999", "1 2"} {
		if got, err := parseList(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
