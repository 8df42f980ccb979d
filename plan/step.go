package plan

import (
	"context"
	"iter"
	"time"
)

// A Step is one API call of a change, as data. Its payload may hold Refs; whoever carries it out replaces each by
// the id that the crosswalk has for it.
type Step struct {
	// Key is stable across plans: ADDRESS#OPERATION#SUBKEY.
	Key     string  `json:"key"`
	Address Address `json:"address"`
	Kind    string  `json:"kind"`
	// Op is the provider's name of the call ("create_contact", "reply").
	Op string `json:"op"`
	// ID is the object the call is about; empty for a create and for steps after a create in one change, which get
	// the id that the create returned.
	ID      string `json:"id,omitempty"`
	Payload Fields `json:"payload,omitempty"`
	// Repeatable: doing it twice ends in the same state and disturbs nobody.
	Repeatable bool `json:"repeatable,omitempty"`
	// Fields are the fields that hold once the step is done; Part is the part it writes.
	Fields []string `json:"fields,omitempty"`
	List   string   `json:"list,omitempty"`
	Part   string   `json:"part,omitempty"`
	// Member is the member that the step adds to its one field of mode Members, or takes away when Drop is set.
	Member Value `json:"member,omitempty"`
	Drop   bool  `json:"drop,omitempty"`
	// Hash of the part, see BasePart; At its original time.
	Hash string `json:"hash,omitempty"`
	At   int64  `json:"at,omitempty"`
	// As is who speaks in the part, see BasePart.
	As string `json:"as,omitempty"`
	// Public: a customer can see what the call writes. SourcePrivate is the source row's flag: a public step with a
	// private source is refused before it is sent.
	Public        bool  `json:"public,omitempty"`
	SourcePrivate *bool `json:"source_private,omitempty"`
	// Reaches forecasts how many people the call may notify, and whether a better call could have avoided it.
	Notifies int `json:"notifies,omitempty"`
	// Restore: see Change.
	Restore Policy `json:"restore,omitempty"`
	// TriedAt is when the step was tried for the first time, in Unix seconds, 0 when that is now: an earlier try may have been
	// carried out after all.
	TriedAt int64 `json:"tried_at,omitempty"`
	// Replaces: see Change.
	Replaces string `json:"replaces,omitempty"`
	// Looks: the call is preceded by one read, which may find that it was made already.
	Looks bool `json:"looks,omitempty"`
	// Continues: see Want.
	Continues string `json:"continues,omitempty"`
	// Customers is how many of Notifies are contacts.
	Customers int `json:"customers,omitempty"`
	// Limit names the throttle that the call falls under besides the window ("reply").
	Limit string `json:"limit,omitempty"`
	// Bulk is how the step may go in one call with those of other records, nil when it goes alone.
	Bulk *Bulk `json:"-"`
}

// A Result is what a step gave.
type Result struct {
	// ID of the object that was created or changed.
	ID string `json:"id,omitempty"`
	// PartID of the message that was written.
	PartID string `json:"part_id,omitempty"`
	// Adopted: the object was there before, archived, and the create has restored it.
	Adopted bool `json:"adopted,omitempty"`
	// Members are the ids of the objects that a call for several says it has reached; it may pass over some in silence.
	Members []string `json:"members,omitempty"`
	// Proves are things that no call shows and that are there, since the step could write to them.
	Proves []Thing `json:"-"`
	// Live is the whole object as the service then showed it, nil when the reply does not show it.
	Live *Live `json:"-"`
}

// A Thing is an object in Intercom.
type Thing struct{ Kind, ID string }

// ProvenField is the name under which Live and Base.Seen have whether a thing that no call shows is known to be there: true or
// false, absent when nobody knows. See Kind.Believed.
const ProvenField = "proven"

// An Intent is the journal's note that a step is about to be tried.
type Intent struct {
	Step Step `json:"step"`
	// Run is the run that tried, At when.
	Run string    `json:"run"`
	At  time.Time `json:"at"`
}

// A Settlement is what became of an intent whose answer was lost.
type Settlement struct {
	// Found: the service has it; Result then holds its ids. Not found means that the step may be repeated.
	Found  bool
	Result Result
	// Copies are the ids of more of the same: of objects, or of parts when the step writes a part.
	Copies []string
}

// A Workspace is the far end as it names itself.
type Workspace struct {
	ID       string
	Name     string
	Region   string
	TimeZone string
	// Rate is the number of calls granted per window of ten seconds, 0 when unknown.
	Rate int
	// Key is whose key it is ("migration@acme.example").
	Holder string
}

// A Reader can look at the destination and cannot write to it: it has no method that does.
type Reader interface {
	// Workspace says who and where the other end is.
	Workspace(ctx context.Context) (Workspace, error)
	// Sweep yields the objects of a kind; since is zero for all, else those changed at or after it (perhaps more).
	// An item may lack parts (Kind.PartsOnGet).
	Sweep(ctx context.Context, kind string, since time.Time) iter.Seq2[Live, error]
	// Get returns one object with its parts, or an error that is ErrNotFound. One that was merged into another gives the
	// other, whose ID it then has.
	Get(ctx context.Context, kind, id string) (Live, error)
}

// A Writer can also carry out steps.
type Writer interface {
	Reader
	// Do carries out one step whose Refs have been replaced by ids. When it fails after the service took the call it
	// returns both a result and the error. Its errors are *StepError where the service answered.
	Do(ctx context.Context, s Step) (Result, error)
	// Settle looks once whether a step that was tried and never answered has happened.
	Settle(ctx context.Context, in Intent) (Settlement, error)
	// RemoveCopy takes away what a repeated step made a second time. It refuses what somebody has used since.
	RemoveCopy(ctx context.Context, in Intent, id string) error
}

// A Verdict is what an error means for the run.
type Verdict int

// The verdicts.
const (
	Permanent Verdict = iota + 1 // the record is set aside
	Unknown                      // the service may have taken the call: settle, then repeat
	StopRun                      // the token died, the plan forbids it: nothing else will work either
	Done                         // a refusal that means it is already so
)

// A StepError is an answer that was not success.
type StepError struct {
	Step    string
	Status  int
	Code    string
	Message string // redacted
	Verdict Verdict
	// After is how long the service asked to wait before the next try, 0 when it did not say.
	After time.Duration
	// Lacks is what the answer proves not to be there, see Kind.Believed; zero for nothing.
	Lacks Thing
	Err   error
}

func (e *StepError) Error() string {
	s := e.Step + ": " + e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *StepError) Unwrap() error { return e.Err }

// A Destination describes its kinds and makes steps; pure.
type Destination interface {
	Kinds() []Kind
	// Normalize makes a want comparable with what Reader yields (times, cases, list values) and reports every limit
	// that it breaks. attr finds the definition of an attribute by model and name.
	Normalize(kind string, w *Want, attr func(model, name string) (AttributeDef, bool)) []Problem
	// Steps are the calls that carry out c, in order. Equal changes have equal steps.
	Steps(c Change) []Step
}

// An AttributeDef is what the configuration or the workspace says about an attribute.
type AttributeDef struct {
	Model, Name, DataType string
	Options               []string
	// Existing: the workspace owns it; without Options nobody knows which it has.
	Existing bool
}
