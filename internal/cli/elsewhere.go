package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"prefork/internal/lookup"
)

// meaning is what some names are: one that is not known where it was given is often that
// of something else. The table of them is the vocabulary.
type meaning struct {
	flag  string // that takes these names, if one does
	what  string
	say   func(name string) string // what to type
	names []string
}

// saidBy is for names that follow a command or flag.
func saidBy(before string) func(string) string {
	return func(name string) string { return before + " " + name }
}

// deeds are what people ask of a server that runs, as they would ask a service manager.
var deeds = []struct {
	names []string
	how   string
}{
	{[]string{"reload", "restart", "hup"}, "prefork ctl reload replaces the workers of a running server, one by one (so does kill -HUP)"},
	{[]string{"upgrade", "update"}, "prefork ctl upgrade has a running server go on with the new binary (so does kill -USR2)"},
	{[]string{"stop", "quit", "shutdown", "down", "term"}, "prefork ctl stop ends a running server once its workers have finished (so does kill -TERM)"},
	{[]string{"kill"}, "prefork ctl stop --now ends a running server at once (so does kill -INT, twice)"},
	{[]string{"scale", "workers", "add", "remove"}, "prefork ctl workers +1 gives a running server one worker more, -1 one less (so do kill -TTIN and -TTOU)"},
	{[]string{"start", "run", "up"}, "prefork alone starts a server, prefork -- PROGRAM one of your own workers"},
}

// elsewhere is what a word means where it is known, as a sentence, or "".
func elsewhere(word string, further ...meaning) string {
	var meanings []string
	for _, v := range append(vocabulary(), further...) {
		if slices.Contains(v.names, word) {
			meanings = append(meanings, fmt.Sprintf("%s (%s)", v.what, v.say(word)))
		}
	}
	if len(meanings) == 0 {
		return ""
	}
	return "it is " + strings.Join(meanings, " and ")
}

// commandMeaning is for commands, which are not in the vocabulary: the commands look words up there.
func commandMeaning() meaning {
	return meaning{"", "a command", saidBy("prefork"), names(visible(commands()), commandName)}
}

// deed is how that is done which a word asks for, as a sentence, or "".
func deed(word string) string {
	for _, d := range deeds {
		if slices.Contains(d.names, word) {
			return d.how
		}
	}
	return ""
}

// explained is an error's text. Of a name that is unknown here and known elsewhere it
// says where.
func explained(err error) string {
	var unknown *lookup.UnknownError
	if !errors.As(err, &unknown) {
		return err.Error()
	}
	meaning := elsewhere(unknown.Name, commandMeaning())
	if how := deed(unknown.Name); how != "" && unknown.What == "command" {
		meaning = strings.TrimSuffix(how+"; "+strings.Replace(meaning, "it is", "it is also", 1), "; ")
	}
	if meaning == "" {
		return err.Error()
	}
	return strings.Replace(err.Error(), unknown.Error(), fmt.Sprintf("unknown %s %q: %s", unknown.What, unknown.Name, meaning), 1)
}

// stray is the error for an argument of a command that takes none.
func stray(command, word string) error {
	if meaning := elsewhere(word, commandMeaning()); meaning != "" {
		return usage(fmt.Errorf("%s takes no arguments, and %q is one: %s", command, word, meaning))
	}
	return usage(fmt.Errorf("%s takes no arguments, and %q is one", command, word))
}
