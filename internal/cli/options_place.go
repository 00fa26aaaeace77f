//go:build linux

package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"prefork/internal/entry"
	"prefork/internal/kernel"
	"prefork/internal/supervisor"
	"prefork/strategies"
)

// place is the machine, as far as it matters to what is asked. To look at it costs
// something: the kernel loads a program, directories are searched.
type place struct {
	noProc      error  // why nothing can be learned of processes
	unsteerable error  // why the kernel cannot pick as asked
	noAccept    error  // why workers cannot wait as asked
	noProgram   error  // why the program cannot be run
	noPIDFile   error  // why no pid file can be written
	noDir       error  // why programs cannot run where they are to
	changesUser bool   // workers may be somebody else
	maxBacklog  int    // the kernel's limit; 0 is unknown
	maxFiles    uint64 // how many this process may have open
	cpus        int
	netcat      bool   // there is an nc
	way         string // see throughLink
}

// look looks at the machine.
func (o *options) look() (p place) {
	p.noProc = kernel.Mounted()
	p.unsteerable = o.steerRow().Probe()
	p.noAccept = o.whyNotAccept()
	p.maxBacklog, _ = kernel.SysctlInt("net.core.somaxconn")
	p.cpus = runtime.NumCPU()
	_, noNetcat := exec.LookPath("nc")
	p.netcat = noNetcat == nil
	if o.foreign() {
		_, p.noProgram = exec.LookPath(o.programHere())
		p.way = throughLink()
	}
	p.changesUser = changesUser()
	if o.chdir != "" {
		p.noDir = unix.Access(o.chdir+"/", unix.X_OK)
	}
	if o.pidFile != "" {
		// The slash makes a file in the directory's place an error too.
		p.noPIDFile = unix.Access(filepath.Dir(o.pidFile)+"/", unix.W_OK)
	}
	var files unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &files) // which only fails for limits that there are not
	// The hard limit: Go's runtime raises the soft one to it at the start of a process,
	// and gives programs the one back that was there before.
	p.maxFiles = cmp.Or(o.maxFiles, files.Max)
	return p
}

// whyNotAccept says why workers cannot wait as asked for.
func (o *options) whyNotAccept() error {
	if o.usualAccept() == "" {
		return nil // they have no choice
	}
	if err := o.acceptRow().Probe(); err != nil || o.concurrency == 1 {
		return err
	}
	return o.acceptRow().CheckPolls()
}

// throughLink is the directory that we were started in, if the way there goes through
// a link, else "". A program that is given as ./server is looked for on that way at
// each start, and so found in another release when the link has been moved there.
func throughLink() string {
	way, err := os.Getwd() // which is $PWD, if that leads here
	if err != nil {
		return ""
	}
	if direct, err := filepath.EvalSymlinks(way); err != nil || direct == way {
		return ""
	}
	return way
}

// obstacles say what cannot be done on this machine.
var obstacles = []func(*options, place) error{obstacleProc, obstacleAccept, obstacleSteer, obstacleProgram, obstaclePIDFile, obstacleFiles, obstacleIdentity, obstacleChdir}

func obstacleProc(_ *options, here place) error {
	if here.noProc != nil {
		return fmt.Errorf("workers cannot be started and looked after: %w", here.noProc)
	}
	return nil
}

func obstacleAccept(o *options, here place) error {
	name, optional := o.acceptName()
	if here.noAccept == nil || optional {
		return nil
	}
	return fmt.Errorf("--accept %s: %w; --accept '%s?' falls back to %s", name, here.noAccept, name, o.usualAccept())
}

func obstacleSteer(o *options, here place) error {
	name, optional := o.steerName()
	if here.unsteerable == nil || optional {
		return nil
	}
	return fmt.Errorf("--steer %s: %w; --steer '%s?' falls back to %s", name, here.unsteerable, name, strategies.Steers[0].Name)
}

func obstacleProgram(o *options, here place) error {
	if here.noProgram == nil {
		return nil
	}
	return coded{supervisor.ExitNoStart, fmt.Errorf("cannot run %s as worker: %w", o.program[0], nameless(here.noProgram))}
}

// nameless is why a program cannot be run, without its name.
func nameless(err error) error {
	var lookup *exec.Error
	if errors.As(err, &lookup) {
		err = lookup.Err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err
}

// obstaclePIDFile finds out early what would only show when the workers are ready.
func obstaclePIDFile(o *options, here place) error {
	if here.noPIDFile == nil {
		return nil
	}
	return fmt.Errorf("--pid-file %s: cannot write to directory %s: %w", o.pidFile, filepath.Dir(o.pidFile), here.noPIDFile)
}

// Descriptors that the master and a worker have whatever they do.
const (
	masterFiles = 64
	workerFiles = 32
)

// obstacleFiles makes sure that the master can open what it will need, and a worker
// too: its limit is the same. A master has for each worker a socket at each address or a
// pair, a handle on the process and, while it starts, a pipe.
func obstacleFiles(o *options, here place) error {
	workers := o.limits().Workers
	master, one := uint64(masterFiles+(3+len(o.binds()))*workers), uint64(workerFiles+o.concurrency+o.files()-1)
	need, who := master, count(workers, "worker")
	if one > master {
		need, who = one, fmt.Sprint("a worker with --concurrency ", o.concurrency)
	}
	if here.maxFiles >= need {
		return nil
	}
	return coded{exitNotAllowed, fmt.Errorf("no room: %s may need %d open files, and the hard limit is %d: raise it (ulimit -Hn, LimitNOFILE=) or ask for less", who, need, here.maxFiles)}
}

// obstacle says why it cannot be done here.
func (o *options) obstacle(here place) error {
	for _, obstacle := range obstacles {
		if err := obstacle(o, here); err != nil {
			return err
		}
	}
	return nil
}

// remarks are on what is done otherwise than asked, or is hardly meant.
var remarks = []func(*options, place, *slog.Logger){remarkBacklog, remarkGiven, remarkAccept, remarkSteer, remarkIdle, remarkDeath, remarkListener, remarkSeveral}

// remark tells them.
func (o *options) remark(here place, log *slog.Logger) {
	for _, remark := range remarks {
		remark(o, here, log)
	}
}

// remarkBacklog warns of a backlog that the kernel would cut in silence, if it is
// the user's own.
func remarkBacklog(o *options, here place, log *slog.Logger) {
	if o.given["backlog"] && here.maxBacklog > 0 && o.backlog > here.maxBacklog {
		entry.FlagBacklog.Log(log, "backlog", o.backlog, "net.core.somaxconn", here.maxBacklog)
	}
}

func remarkAccept(o *options, here place, log *slog.Logger) {
	if name, optional := o.acceptName(); optional && here.noAccept != nil {
		entry.FlagAccept.Log(log, "asked", name, "accept", o.usualAccept(), "reason", here.noAccept)
	}
}

func remarkSteer(o *options, here place, log *slog.Logger) {
	if name, optional := o.steerName(); optional && here.unsteerable != nil {
		entry.FlagSteer.Log(log, "asked", name, "steer", strategies.Steers[0].Name, "reason", here.unsteerable)
	}
}

func remarkIdle(o *options, here place, log *slog.Logger) {
	kind, queues, what := entry.FlagIdleWorkers, o.workers, "worker"
	if o.queuesHere() > 0 {
		kind, queues, what = entry.FlagIdleQueues, o.queuesHere(), "queue"
	}
	if o.steerRow().Name == "cpu" && queues > here.cpus {
		kind.Log(log, what+"s", queues, "cpus", here.cpus, "reason", "--steer cpu has one "+what+" for each CPU")
	}
}

func remarkDeath(o *options, _ place, log *slog.Logger) {
	if o.onMasterDeath == "serve" && o.strategyRow().Name == "dispatch" {
		entry.FlagNoMaster.Log(log)
	}
}
