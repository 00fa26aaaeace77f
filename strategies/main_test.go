//go:build linux

package strategies_test

import (
	"os"
	"testing"

	"prefork/internal/servertest"
)

// roleEnv turns the test binary into one of roles.
const roleEnv = "PLAY_ROLE"

// roles are what a process that a test starts can do besides being a prefork.
var roles = map[string]func(){
	"accept":   acceptUntilError,
	"nonblock": setNonblock,
	"break":    breakFirst,
	"late":     serveLate,
}

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv(roleEnv)]; ok {
		role()
		return
	}
	servertest.Main(m)
}
