//go:build linux

package kernel_test

import (
	"os"
	"testing"

	"prefork/internal/kernel"
)

// What is asked ten times a second for each worker of a lab, or for each part of a bench.
func BenchmarkLook(b *testing.B) {
	for _, look := range []struct {
		name string
		ask  func(pid int) error
	}{
		{"state", func(pid int) error { _, err := kernel.State(pid); return err }},
		{"processor time", func(pid int) error { _, err := kernel.ProcessCPU(pid); return err }},
		{"usage", func(pid int) error { _, err := kernel.Used(pid); return err }},
		{"family", func(pid int) error { _, err := kernel.Family(pid); return err }},
		{"listeners", func(int) error { _, err := kernel.Listeners(80); return err }},
		{"64 pairs", func(int) error { _, err := kernel.UnixQueues(make([]uint32, 64)); return err }},
	} {
		b.Run(look.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := look.ask(os.Getpid()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
