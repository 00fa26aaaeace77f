//go:build !linux

package cli

import (
	"errors"
	"runtime"

	"github.com/urfave/cli/v2"
)

func chooseCommand() *cli.Command { return linuxOnly("choose", chooseSentence) }
func benchCommand() *cli.Command  { return linuxOnly("bench", benchSentence) }
func loadCommand() *cli.Command   { return linuxOnly("load", loadSentence) }
func ctlCommand() *cli.Command    { return linuxOnly("ctl", ctlSentence) }
func demoCommand() *cli.Command   { return linuxOnly("demo", demoSentence) }

func fleetCommand() *cli.Command { return linuxOnly("fleet", fleetSentence) }

func fleetSubcommands() []*cli.Command { return nil }

func fleetRowNames() []string { return nil }

func benchSubcommands() []*cli.Command { return nil }

// linuxOnly is a command that says why it is not here.
func linuxOnly(name, sentence string) *cli.Command {
	return &cli.Command{
		Name: name, Usage: sentence,
		HideHelpCommand: true, SkipFlagParsing: true,
		Action: func(*cli.Context) error {
			return errors.New(name + " needs Linux, as what it shows does; this is " + runtime.GOOS)
		},
	}
}
