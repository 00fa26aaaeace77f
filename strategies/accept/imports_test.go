package accept_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A program that only wants a listener compiles in nothing of the master's side, and
// none of what loads programs into the kernel.
func TestAcceptIsLight(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "prefork/dispatch") {
		t.Fatalf("these are not the packages that accept needs: %v", deps)
	}
	for _, dep := range deps {
		for _, heavy := range []string{"github.com/cilium/ebpf", "prefork/internal/steer", "prefork/internal/scoreboard", "prefork/internal/supervisor", "html/template", "net/http"} {
			if dep == "prefork/strategies" || dep == heavy || strings.HasPrefix(dep, heavy+"/") {
				t.Errorf("accept imports %s", dep)
			}
		}
	}
}
