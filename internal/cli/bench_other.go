//go:build !linux

package cli

import (
	"errors"
	"runtime"

	"github.com/urfave/cli/v2"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name: "bench", Usage: "measure strategies, and other servers, side by side",
		HideHelpCommand: true, SkipFlagParsing: true,
		Action: func(*cli.Context) error {
			return errors.New("bench needs Linux, as what it measures does; this is " + runtime.GOOS)
		},
	}
}
