package demo

// Kind is what an event is about.
type Kind string

// The kinds, in the order in which a scene has them; those between SceneKind and
// EndKind may come several times.
const (
	SceneKind   Kind = "scene"    // one begins: its name, and its sentence
	SayKind     Kind = "say"      // what we are about to do
	AskKind     Kind = "ask"      // a question to guess at
	PictureKind Kind = "picture"  // what the kernel did
	NumberKind  Kind = "number"   // what came out, beside the prediction
	WhyKind     Kind = "why"      // by which mechanism
	ReadKind    Kind = "read"     // where to read on
	LeftOutKind Kind = "left-out" // what this machine cannot show of it, and why
	EndKind     Kind = "end"      // one is over: its outcome
	SummaryKind Kind = "summary"  // all are over
)

// Event is one thing that is told of a scene.
type Event struct {
	Kind    Kind     `json:"kind"`
	Scene   string   `json:"scene,omitempty"`
	Text    string   `json:"text,omitempty"`
	Asked   *Asked   `json:"asked,omitempty"`
	Picture *Picture `json:"picture,omitempty"`
	Number  *Number  `json:"number,omitempty"`
	Outcome Outcome  `json:"outcome,omitempty"`
	Summary *Summary `json:"summary,omitempty"`
}

// Outcome is how a scene ended.
type Outcome string

// The outcomes.
const (
	AsPredicted    Outcome = "as predicted"     // every number is within its bounds
	NotAsPredicted Outcome = "not as predicted" // one is not
	Skipped        Outcome = "skipped"          // this machine cannot show it
	Failed         Outcome = "failed"           // something went wrong
)

// Summary counts scenes by their outcome.
type Summary struct {
	Played      int `json:"played"` // all but those skipped
	AsPredicted int `json:"as_predicted"`
	Skipped     int `json:"skipped"`
	LeftOut     int `json:"left_out"` // parts of scenes that were played all the same
}

// Number is something that was counted or measured, beside what theory says.
type Number struct {
	Label string  `json:"label"`
	Got   float64 `json:"got"`
	Want  float64 `json:"want"`
	// Low and High are the bounds of what counts as what was claimed. By chance
	// alone it is beyond them less than once in 10,000 times.
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Digits int     `json:"digits"` // after the point, as many as mean anything
	From   string  `json:"from"`   // what the prediction is computed from
	// Claim is the prediction in words, where it is more or less than something and
	// not about something. The bounds are told beside it too.
	Claim string `json:"claim,omitempty"`
	OK    bool   `json:"ok"`
	// Answers says that this is what the question before asked for.
	Answers bool `json:"answers,omitempty"`
}

// The glyphs of Lane.Dots: shape before colour.
const (
	Served  = '●'
	Waiting = '○'
	Lost    = '×'
	Woken   = '!' // woken, and found nothing
	Nothing = '·' // somebody else's turn
)

// Picture is where connections have gone.
type Picture struct {
	Title    string `json:"title"`
	Strategy string `json:"strategy"`
	Lanes    []Lane `json:"lanes"`
	// Time says that the dots of all lanes below each other are of the same moment.
	Time bool `json:"time,omitempty"`
	// Note tells how to read it.
	Note string `json:"note,omitempty"`
}

// Lane is one row of a picture.
type Lane struct {
	What  What   `json:"what"`
	Label string `json:"label"`
	Dots  string `json:"dots"` // the glyphs above, or bars from ▁ to █
	Note  string `json:"note,omitempty"`
}

// What is the shape that a lane begins with.
type What string

// The shapes.
const (
	WorkerLane What = "worker" // ▣
	QueueLane  What = "queue"  // a line in which connections wait
	MasterLane What = "master" // ▌master▐, a gate in the way of the lanes below it
	ClientLane What = "client" // what clients see
)
