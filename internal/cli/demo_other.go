//go:build !linux

package cli

import (
	"errors"
	"runtime"

	"github.com/urfave/cli/v2"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name: "demo", Usage: "see what each strategy does, in the terminal or a browser",
		HideHelpCommand: true, SkipFlagParsing: true,
		Action: func(*cli.Context) error {
			return errors.New("demo needs Linux, as what it shows does; this is " + runtime.GOOS)
		},
	}
}
