// Package metainfo reads the configuration export of ITSM 365 (IT 5.2): one XML of tens of megabytes, or a folder of parts
// that XInclude brings together. What comes of it is a small summary: what there is, by code and title, and how it hangs
// together. Texts of scripts, messages and files are passed over. It opens no connection.
//
// The export has no published schema. What is known is read, what is not known is counted by name; only what is no export at
// all is an error, with file and line.
package metainfo

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// A Summary is what an export has. Lists stand in the order of the export.
type Summary struct {
	// Date is as the export has it, Mode is full or partial; either may be empty.
	Date, Mode, Version string

	Tags        []Tag
	Classes     []Class // and types
	Events      []EventAction
	Escalations []Escalation
	Timers      []Timer
	Transfers   []Transfer
	Groups      []Thing // of rights
	Profiles    []Thing // of rights
	Domains     []Thing // of rights, by class
	Mail        []Thing // rules of the mail intake
	Tasks       []Task  // of the scheduler
	Modules     []Thing // of scripts
	UserEvents  []Thing

	Scripts      int
	Reports      int
	Applications int
	// Forms are windows and forms of the interface, CustomForms those of user events.
	Forms, CustomForms int
	Catalogs, Items    int
	Imports            int // configurations of imports

	// Other counts sections that are not looked into, by the name of their element.
	Other map[string]int
	// Files are the parts that were read, by their path from the export's folder with slashes; the export itself is the first.
	// Of a stream there is none.
	Files []string
}

// A Title is a name in the languages that it has; a title without a language stands in RU where there is no other.
type Title struct{ RU, EN string }

// A Thing has a code and may be off.
type Thing struct {
	Code  string
	Title Title
	Off   bool
}

// A Tag is a switch of a feature (IT 6). Off is only set where the export says so.
type Tag = Thing

// A Class is a class, or a type of one: serviceCall$request.
type Class struct {
	FQN, Parent string
	Title       Title
	System      bool
	// Attributes are those that it adds, Overrides those that it changes.
	Attributes, Overrides int
	Tags                  []string
	Workflow              *Workflow // nil for none of its own
}

// A Workflow is what a class or type says of states. One that inherits changes that of its parent.
type Workflow struct {
	Inherit     bool
	Initial     string
	States      []State
	Transitions []Transition
}

// A State is one of a workflow.
type State struct {
	Code  string
	Title Title
	Off   bool
}

// A Transition leads from a state to another.
type Transition struct {
	From, To string
	Off      bool
}

// An EventAction does something when something happens.
type EventAction struct {
	Thing
	// Event is changeState, addComment, add, edit, userEvent and others (IT 5.2).
	Event string
	// Kind is script, notification, push, push-mobile or another that the export names.
	Kind    string
	Classes []string
	// Conditions is how many scripts must agree.
	Conditions int
}

// Notifies reports an action that tells somebody.
func (e EventAction) Notifies() bool {
	return strings.Contains(e.Kind, "notification") || strings.Contains(e.Kind, "push")
}

// An Escalation is a scheme: what happens when how much of the time has passed.
type Escalation struct {
	Thing
	Classes []string
	Timer   string
	Levels  []Level
}

// A Level is one step of a scheme.
type Level struct {
	// Condition is timePartExceeded, with the per cent as Value, or another.
	Condition, Value string
	Actions          int
}

// A Timer is a clock of SLA.
type Timer struct {
	Thing
	Class, Metric string
	// Runs and Stops are how many states it runs in, and how many end it.
	Runs, Stops int
}

// A Transfer says of a class which teams may hand over to how many others.
type Transfer struct {
	Class string
	// Teams are those that may hand over at all, Pairs all ways from one team to another.
	Teams, Pairs int
}

// A Task is one of the scheduler.
type Task struct {
	Thing
	Kind string // ReceiveMailTask, ExecuteScriptTask and others
}

// Notifying counts the event actions that tell somebody.
func (s *Summary) Notifying() int {
	n := 0
	for _, e := range s.Events {
		if e.Notifies() {
			n++
		}
	}
	return n
}

// Flow is the workflow of a class or type as it holds: with what it inherits, without what is off. ok is false where there
// is none.
func (s *Summary) Flow(fqn string) (states, transitions int, ok bool) {
	st, tr := map[string]bool{}, map[[2]string]bool{}
	byName := map[string]Class{}
	for _, c := range s.Classes {
		byName[c.FQN] = c
	}
	var line []Workflow // from the class itself up
	for name, seen := fqn, map[string]bool{}; name != "" && !seen[name]; name = byName[name].above() {
		seen[name] = true
		w := byName[name].Workflow
		if w == nil {
			continue
		}
		line = append(line, *w)
		if !w.Inherit {
			break
		}
	}
	for _, w := range slices.Backward(line) {
		for _, x := range w.States {
			st[x.Code] = !x.Off
		}
		for _, x := range w.Transitions {
			tr[[2]string{x.From, x.To}] = !x.Off
		}
	}
	for way, on := range tr {
		if on && !(known(st, way[0]) && known(st, way[1])) {
			tr[way] = false
		}
	}
	return held(maps.Values(st)), held(maps.Values(tr)), len(line) > 0
}

// above is what it inherits from; empty for nothing.
func (c Class) above() string {
	if class, _, typ := strings.Cut(c.FQN, "$"); typ && c.Parent == "" {
		return class
	}
	return c.Parent
}

// known reports a state that is on, or that nobody has described.
func known(states map[string]bool, code string) bool {
	on, there := states[code]
	return on || !there
}

func held(all iter.Seq[bool]) int {
	n := 0
	for on := range all {
		if on {
			n++
		}
	}
	return n
}
