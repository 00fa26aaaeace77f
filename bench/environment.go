//go:build linux

package bench

import (
	"os"
	"runtime"
	"strings"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"prefork/bench/result"
)

// recordedSysctls are those that change what is measured.
var recordedSysctls = []string{
	"net.core.somaxconn",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.tcp_abort_on_overflow",
	"net.ipv4.tcp_fastopen",
	"net.ipv4.tcp_max_syn_backlog",
	"net.ipv4.tcp_migrate_req",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.tcp_tw_reuse",
}

// readEnvironment is the machine as it is. What this user may not read is left
// out.
func readEnvironment() result.Environment {
	e := result.Environment{CPUs: runtime.NumCPU(), Go: runtime.Version(), Sysctls: map[string]string{}, Namespace: InNamespace()}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		e.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	for _, sysctl := range recordedSysctls {
		if text, err := os.ReadFile(sysctlPath(sysctl)); err == nil {
			e.Sysctls[sysctl] = strings.Join(strings.Fields(string(text)), " ")
		}
	}
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return e
	}
	if cpus, err := fs.CPUInfo(); err == nil && len(cpus) > 0 {
		e.CPUModel = cpus[0].ModelName
	}
	if load, err := fs.LoadAvg(); err == nil {
		e.LoadAvg = load.Load1
	}
	return e
}

func sysctlPath(name string) string { return "/proc/sys/" + strings.ReplaceAll(name, ".", "/") }
