package cli

import (
	"strings"

	"github.com/urfave/cli/v2"

	"prefork/internal/control"
)

// spelled is a command with all that can be typed after it, for those who complete it or
// print it. The one without a name is prefork itself.
type spelled struct {
	Name     string // with that of the command it is one of: bench agent
	Of, Last string // the two words of such a name
	Sentence string
	Usage    string
	Flags    []spelledFlag
	Words    []string // what its arguments may be, if they are among few
	Files    bool     // they are files
}

// spelledFlag is a flag. Its names are without dashes.
type spelledFlag struct {
	Long, Short string
	Value       string   // what stands for its value in Text; "" takes none
	Text        string   // what it does
	Origin      string   // its default, and its names in the environment
	Category    string   // in the help
	Choices     []string // values, if they are among few
	Files       bool     // the value is a file or directory
	Several     bool     // it can be given more than once
}

// spellings are all commands, prefork itself first.
func spellings() []spelled {
	flags, _ := serving()
	all := []spelled{spell("", appSentence, "[flags] [-- command args…]", append(flags, versionFlag))}
	for _, c := range visible(commands()) {
		all = append(all, spellCommand(c.Name, c))
		for _, sub := range c.Subcommands {
			s := spellCommand(c.Name+" "+sub.Name, sub)
			s.Of, s.Last = c.Name, sub.Name
			all = append(all, s)
		}
	}
	return all
}

func spellCommand(name string, c *cli.Command) spelled {
	return spell(name, c.Usage, strings.TrimPrefix(strings.TrimPrefix(c.UsageText, "prefork "+name), " "), c.Flags)
}

func spell(name, sentence, usage string, flags []cli.Flag) spelled {
	s := spelled{Name: name, Sentence: sentence, Usage: usage, Words: argumentsOf(name), Files: name == "compare"}
	for _, flag := range append(flags[:len(flags):len(flags)], cli.HelpFlag) {
		doc, ok := flag.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		f := spelledFlag{Choices: choicesOf(name, flag.Names()[0]), Origin: origin(doc), Category: category(flag)}
		for _, n := range flag.Names() {
			if len(n) == 1 {
				f.Short = n
			} else {
				f.Long = n
			}
		}
		f.Text, f.Value = placeholder(doc.GetUsage())
		f.Value = strings.TrimSpace(f.Value)
		if g, ok := flag.(*cli.GenericFlag); ok {
			if b, ok := g.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
				f.Value = "" // which it may do without, as --web does
			}
			_, f.Several = g.Value.(interface{ asked() []string }) // as --bind, which is there on Linux alone
		}
		f.Files = f.Value == "FILE" || f.Value == "DIRECTORY"
		if _, ok := flag.(*cli.StringSliceFlag); ok {
			f.Several = true
		}
		s.Flags = append(s.Flags, f)
	}
	return s
}

// argumentsOf are the words that a command's arguments are among.
func argumentsOf(command string) []string {
	switch command {
	case "":
		return names(visible(commands()), commandName)
	case "help":
		return names(visible(commands()), commandName)
	case "completion":
		return shellNames()
	case "demo":
		return sceneNames()
	case "fleet demo":
		return fleetRowNames()
	case "fleet":
		return names(fleetSubcommands(), commandName)
	case "bench":
		return names(benchSubcommands(), commandName)
	case "ctl":
		return control.VerbNames()
	}
	return nil
}
