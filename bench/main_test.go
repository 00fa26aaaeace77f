//go:build linux

package bench_test

import (
	"testing"

	"prefork/internal/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }
