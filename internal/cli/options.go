//go:build linux

package cli

import (
	"cmp"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/strategies"
	"prefork/strategies/accept"
)

// options are what the command line and the environment ask of a master: a field for
// each flag, which the flag itself fills in (serve_flags.go). Nothing changes them
// afterwards. Whether it can be done is asked in options_checks.go, of this machine in
// options_place.go, and what the master is told follows from them in options_derived.go.
type options struct {
	bind        addresses
	workers     int
	app         string
	concurrency int
	readTimeout time.Duration

	strategy      string
	accept        string // with a question mark behind it: or else the default
	acceptBatch   int
	steer         string // with a question mark behind it: or else the default
	queues        int    // 0: one for each worker
	overlap       int
	stuckAfter    time.Duration
	pin           bool
	reuseportBind string
	policy        string
	window        int
	backlog       int
	unixMode      string
	unixOwner     string

	gracefulTimeout time.Duration
	drainDelay      time.Duration
	readyAfter      time.Duration
	stopSignal      string
	onMasterDeath   string
	maxConns        int
	maxConnsJitter  int

	user, group string
	umask       string
	chdir       string
	maxFiles    uint64 // 0: as it is

	pidFile   string
	metrics   string
	readyMin  int
	control   string
	name      string
	logFormat string
	logLevel  string

	port     string          // $PORT
	sockets  givenSockets    // that this process was started with
	program  []string        // what follows --; nil without one
	words    []string        // what is no flag and does not follow --
	commands []string        // the commands there are, one of which a word may have been meant for
	given    map[string]bool // the flags that were given, here or in the environment
}

// read takes in what is not in flags.
func (o *options) read(c *cli.Context) {
	o.port = os.Getenv("PORT")
	o.sockets = socketsGiven()
	o.program, _ = program(c)
	o.words = c.Args().Slice()
	o.commands = names(c.App.VisibleCommands(), commandName)
	o.given = make(map[string]bool)
	for _, flag := range o.flags() {
		name := flag.Names()[0]
		o.given[name] = c.IsSet(name)
	}
}

// foreign reports whether the workers are somebody else's program.
func (o *options) foreign() bool { return len(o.program) > 0 }

// files are how many sockets a worker gets, which under dispatch is one whose connections
// are passed over it.
func (o *options) files() int {
	if len(o.strategyRow().Modes) == 0 {
		return 1
	}
	return o.overlap * len(o.binds())
}

// several reports whether a worker gets more than one.
func (o *options) several() bool { return o.files() > 1 }

// queuesHere is how many sockets there are for good at an address; 0 is one for each worker.
func (o *options) queuesHere() int {
	if o.queues == 0 && o.overlap > 1 {
		return o.limits().Workers
	}
	return o.queues
}

// steerName is the way of steering that is asked for, and whether the default will do
// where it cannot be had.
func (o *options) steerName() (name string, optional bool) { return strings.CutSuffix(o.steer, "?") }

// acceptName is the same of the accept mode.
func (o *options) acceptName() (name string, optional bool) { return strings.CutSuffix(o.accept, "?") }

// waitsForSeveral says that a worker waits for more than one thing at a time.
func (o *options) waitsForSeveral() bool { return o.several() || o.concurrency > 1 }

// usualAccept is the accept mode where none is asked for; "" if the strategy has none.
func (o *options) usualAccept() string {
	if s := o.strategyRow(); len(s.Modes) > 0 {
		return s.Accept("", o.waitsForSeveral())
	}
	return ""
}

// The rows of the tables that names stand for, and what else is read out of text. Those
// who call these come after the checks, which have told what cannot be read.

func (o *options) strategyRow() strategies.Strategy {
	row, _ := strategies.Lookup(o.strategy)
	return row
}

func (o *options) steerRow() strategies.Steer {
	name, _ := o.steerName()
	row, _ := strategies.LookupSteer(name)
	return row
}

func (o *options) acceptRow() accept.Mode {
	name, _ := o.acceptName()
	row, _ := accept.LookupListening(cmp.Or(name, o.usualAccept()))
	return row
}

// signal is --stop-signal, which may be written TERM, SIGTERM or term; 0 if there is
// none of that name.
func (o *options) signal() syscall.Signal {
	return unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(o.stopSignal), "SIG"))
}

// Who may bind the sockets of reuseport, and what workers may do when their master is
// killed; the first is the default.
var (
	binders = []string{"master", "worker"}
	deaths  = []string{"exit", "serve"}
)
