package control

// StatusSchema is what a Status is called, and grows with what an older program would
// read wrongly. What is added to it changes nothing.
const StatusSchema = "prefork.status/1"

// Status is a master and its workers at one moment. Times are in seconds.
type Status struct {
	Schema  string  `json:"schema"`
	PID     int     `json:"pid"`
	Name    string  `json:"name"`    // of its control socket: --name, or the pid
	Version string  `json:"version"` // of the binary that runs now
	State   State   `json:"state"`
	Uptime  float64 `json:"uptime_seconds"` // since the service began; an upgrade does not end it
	Started float64 `json:"started"`        // when it began, in seconds since 1970

	Strategy string   `json:"strategy"`
	Steer    string   `json:"steer,omitempty"`
	Accept   string   `json:"accept,omitempty"`
	Policy   string   `json:"policy,omitempty"`
	Program  []string `json:"program,omitempty"` // that is run as worker, if it is no built-in app
	App      string   `json:"app,omitempty"`

	Workers    Workers `json:"workers"`
	Generation int     `json:"generation"` // of the newest workers; the first is 1
	Reloads    Reloads `json:"reloads"`
	LogLevel   string  `json:"log_level"`

	Connections *Connections `json:"connections,omitempty"` // not where workers do not count
	Listeners   []Listener   `json:"listeners"`
	// ListenOverflows is how many connections found a full queue, of all programs in
	// this network namespace, since it began.
	ListenOverflows *uint64 `json:"listen_overflows,omitempty"`
	Slots           []Slot  `json:"slots"`
}

// State is what a master is about.
type State string

// The states.
const (
	Starting  State = "starting" // not all workers have been ready yet
	Running   State = "running"
	Reloading State = "reloading"
	Upgrading State = "upgrading" // a new binary is being asked
	Paused    State = "paused"
	Stopping  State = "stopping"
)

// Workers are how many there are.
type Workers struct {
	Wanted int `json:"wanted"`
	Ready  int `json:"ready"`
	Held   int `json:"held"` // slots that were drained, and wait for restart
}

// Reloads are how those ended that there were, upgrades included.
type Reloads struct {
	Done     uint64 `json:"done"`
	Failed   uint64 `json:"failed"`
	Upgrades uint64 `json:"upgrades"` // of those that were done
}

// Connections are what workers have counted, former ones too.
type Connections struct {
	Accepted uint64  `json:"accepted"`
	Finished uint64  `json:"finished"` // served to their end
	Cut      uint64  `json:"cut"`      // ended with their worker
	Open     int     `json:"open"`
	Wakeups  uint64  `json:"wakeups"` // returns from a wait for connections, empty-handed ones too
	Share    float64 `json:"share"`   // of all that were accepted
}

// Listener is an address, and what waits there for somebody to accept it.
type Listener struct {
	Address string `json:"address"`
	Queued  int    `json:"queued"`
	Limit   int    `json:"limit"` // how many may wait, in all its sockets; 0 where that is not known
	Sockets int    `json:"sockets"`
}

// Slot is a worker's place.
type Slot struct {
	Slot       int       `json:"slot"`
	State      SlotState `json:"state"`
	PID        int       `json:"pid,omitempty"`         // of the worker that is ready, or is to be
	Age        float64   `json:"age_seconds,omitempty"` // of that worker
	Generation int       `json:"generation,omitempty"`
	CPU        float64   `json:"cpu_seconds,omitempty"` // processor time of all its workers that live
	// Queued wait where only this slot's workers take from. Not under shared, where all
	// take from one queue.
	Queued      *int         `json:"queued,omitempty"`
	Connections *Connections `json:"connections,omitempty"`
	// Restarts are how often a worker was started after the first one, by why.
	Restarts map[string]uint64 `json:"restarts,omitempty"`
	LastExit string            `json:"last_exit,omitempty"` // how a worker last ended that nobody had told to
	Draining []Leaving         `json:"draining,omitempty"`
}

// Reasons are why a worker was started, as in Slot.Restarts; a first one's is not counted.
var Reasons = []string{"first", "crash", "not-ready", "reload", "recycle", "broken", "restart", "drain", "resume"}

// SlotState is what a slot is about.
type SlotState string

// The states of a slot: those of its worker, and those of a slot without one.
const (
	SlotStarting SlotState = "starting"
	SlotReady    SlotState = "ready"
	SlotDraining SlotState = "draining" // its worker has been told to leave, and none follows
	SlotWaiting  SlotState = "waiting"  // until the next worker is started after a failure
	SlotHeld     SlotState = "held"     // drained, until restart
	SlotPaused   SlotState = "paused"   // its worker has left for a pause
	SlotEmpty    SlotState = "empty"
)

// Leaving is a worker that was told to leave, and still serves.
type Leaving struct {
	PID int     `json:"pid"`
	For float64 `json:"for_seconds"`
}

// States are all there are.
var States = []State{Starting, Running, Reloading, Upgrading, Paused, Stopping}
