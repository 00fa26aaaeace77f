//go:build linux

package bench

import (
	"runtime"

	"prefork/bench/result"
	"prefork/internal/kernel"
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

// ReadEnvironment is the machine as it is. What this user may not read is left
// out.
func ReadEnvironment() result.Environment {
	e := result.Environment{CPUs: runtime.NumCPU(), Go: runtime.Version(), Sysctls: map[string]string{}, Namespace: InNamespace()}
	e.Kernel, e.CPUModel = kernel.Release(), kernel.CPUModel()
	for _, sysctl := range recordedSysctls {
		if value, err := kernel.Sysctl(sysctl); err == nil {
			e.Sysctls[sysctl] = value
		}
	}
	e.LoadAvg, _ = kernel.Load()
	return e
}
