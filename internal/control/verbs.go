package control

import (
	"log/slog"
	"strconv"
	"strings"

	"prefork/internal/lookup"
)

// Request is what is asked for, read.
type Request struct {
	Verb string
	// Workers is how many there are to be, or, if By says so, how many more or less.
	Workers int
	By      bool
	Slot    int
	Now     bool
	Level   slog.Level
}

// Verb is something that can be asked for.
type Verb struct {
	Name     string
	Arg      string // what its argument is, "" if it takes none; in brackets it may be left out
	Sentence string
	Looks    bool // it changes nothing
	// Hurts says what it does that nobody may have meant, for who asks before; "" is
	// harmless.
	Hurts string

	read func(arg string, r *Request) error // nil for one without an argument
}

// Verbs are all there are.
var Verbs = []Verb{
	{Name: "status", Sentence: "what the server and each worker do", Looks: true},
	{Name: "workers", Arg: "N|+N|-N", Sentence: "have so many workers, or so many more or less", read: readWorkers},
	{Name: "reload", Sentence: "replace every worker by a new one, which is ready before the old one stops"},
	{Name: "upgrade", Sentence: "go on with the binary that is now at the same path, and reload"},
	{Name: "stop", Arg: "[now]", Sentence: "end, once workers have finished what they have and what is queued; now: at once",
		Hurts: "the server ends", read: readNow},
	{Name: "drain", Arg: "SLOT", Sentence: "have the worker of a slot finish and leave, and no other come until restart",
		Hurts: "the slot is without a worker until it is restarted", read: readSlot},
	{Name: "restart", Arg: "SLOT", Sentence: "replace the worker of a slot, or bring back one that was drained", read: readSlot},
	{Name: "pause", Sentence: "have workers finish what they have taken and leave; what comes waits in the queue until resume",
		Hurts: "nobody is answered until resume"},
	{Name: "resume", Sentence: "take connections again after pause"},
	{Name: "log-level", Arg: "LEVEL", Sentence: "write to the log what is as grave as this, or graver: debug, info, warn or error", read: readLevel},
	{Name: "version", Sentence: "which prefork the server runs", Looks: true},
}

// VerbNames are their names.
func VerbNames() (names []string) {
	for _, v := range Verbs {
		names = append(names, v.Name)
	}
	return names
}

// LookupVerb finds one by its name.
func LookupVerb(name string) (Verb, error) {
	return lookup.ByName("verb", name, Verbs, func(v Verb) string { return v.Name })
}

// Request reads what is written. An error is a *RefusalError.
func (w Wire) Request() (Request, error) {
	verb, err := LookupVerb(w.Verb)
	if err != nil {
		return Request{}, unreadable("%v", err)
	}
	r := Request{Verb: verb.Name}
	if verb.read == nil {
		if w.Arg != "" {
			return Request{}, unreadable("%s takes no argument, and %q is one", w.Verb, w.Arg)
		}
		return r, nil
	}
	if err := verb.read(w.Arg, &r); err != nil {
		return Request{}, err
	}
	return r, nil
}

// most is more workers or slots than there can be.
const most = 1 << 16

func readWorkers(arg string, r *Request) error {
	n, err := strconv.Atoi(arg)
	if err != nil || n < -most || n > most {
		return unreadable("workers %s: want a number, as 8, or how many more or less, as +1 or -1", arg)
	}
	r.Workers, r.By = n, strings.HasPrefix(arg, "+") || strings.HasPrefix(arg, "-")
	if r.By && n == 0 {
		return unreadable("workers %s: that changes nothing; want a number, as 8, or how many more or less, as +1 or -1", arg)
	}
	return nil
}

func readSlot(arg string, r *Request) error {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 0 || n > most {
		return unreadable("%s %s: want the number of a slot, as status shows it", r.Verb, arg)
	}
	r.Slot = n
	return nil
}

func readNow(arg string, r *Request) error {
	switch arg {
	case "":
	case "now":
		r.Now = true
	default:
		return unreadable("stop %s: want nothing more, or now", arg)
	}
	return nil
}

func readLevel(arg string, r *Request) error {
	for _, level := range Levels {
		if LevelName(level) == arg {
			r.Level = level
			return nil
		}
	}
	var names []string
	for _, level := range Levels {
		names = append(names, LevelName(level))
	}
	return unreadable("%v", lookup.Unknown("log level", arg, names))
}

// Levels are those of the log, from the talkative to the silent.
var Levels = []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// LevelName is a level as it is typed.
func LevelName(level slog.Level) string { return strings.ToLower(level.String()) }
