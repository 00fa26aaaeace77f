//go:build !linux

package cli

import (
	"errors"
	"runtime"

	"github.com/urfave/cli/v2"
)

// Worker has nothing to do where there is no master.
func Worker() (code int, isWorker bool) { return 0, false }

func serving() ([]cli.Flag, cli.ActionFunc) { return nil, serve }

func hiddenCommands() []*cli.Command { return nil }

func flagsFirst(args []string) []string { return args }

func topicsOf(string) []topic { return nil }

func vocabulary() []meaning { return nil }

func sceneNames() []string { return nil }

func choicesOf(string, string) []string { return nil }

func serve(*cli.Context) error {
	return errors.New("serve needs Linux, for its accept queues, SO_REUSEPORT and SCM_RIGHTS; this is " + runtime.GOOS)
}
