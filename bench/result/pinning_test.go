package result

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPin(t *testing.T) {
	for _, c := range []struct {
		cores [][]int
		want  string
	}{
		{[][]int{{0}, {1}}, "server on CPU 0, load generator on CPU 1"},
		{[][]int{{0}, {1}, {2}}, "server on CPUs 0–1, load generator on CPU 2"},
		{[][]int{{0, 4}, {1, 5}, {2, 6}, {3, 7}}, "server on CPUs 0–1, 4–5, load generator on CPUs 2–3, 6–7"},
		{[][]int{{0, 2}, {1}}, "server on CPUs 0, 2, load generator on CPU 1"},
		{[][]int{{0, 1}}, "server on CPU 0, load generator on CPU 1 (two threads of one core)"},
		{[][]int{{4, 9, 12}}, "server on CPUs 4, 9, load generator on CPU 12 (two threads of one core)"},
	} {
		got, err := Pin(c.cores)
		if err != nil || got.String() != c.want {
			t.Errorf("%v: %s, %v; want %s", c.cores, got, err, c.want)
		}
	}
	const want = "server and load generator take a CPU each, and this process may use CPU 3 alone"
	if _, err := Pin([][]int{{3}}); err == nil || err.Error() != want {
		t.Errorf("one processor: %v", err)
	}
	if _, err := Pin(nil); err == nil {
		t.Error("no processor is enough")
	}
}

// However many processors and cores there are, each processor is on one side, and so is each
// core if there are two.
func TestPinOfAnyMachine(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var cores [][]int
		for cpu := range 2 + random.IntN(40) {
			if len(cores) > 0 && random.IntN(2) == 0 {
				at := random.IntN(len(cores))
				cores[at] = append(cores[at], cpu)
				continue
			}
			cores = append(cores, []int{cpu})
		}
		p, err := Pin(cores)
		if err != nil || len(p.Server) == 0 || len(p.Load) == 0 || p.OneCore != (len(cores) == 1) {
			t.Fatalf("%v: %+v, %v", cores, p, err)
		}
		both := slices.Concat(p.Server, p.Load)
		if slices.Sort(both); len(slices.Compact(slices.Clone(both))) != len(both) || len(both) != len(slices.Concat(cores...)) {
			t.Fatalf("%v: %+v", cores, p)
		}
		for _, core := range cores {
			server := 0
			for _, cpu := range core {
				if slices.Contains(p.Server, cpu) {
					server++
				}
			}
			if len(cores) > 1 && server != 0 && server != len(core) {
				t.Fatalf("core %v is on both sides of %+v", core, p)
			}
		}
	}
}
