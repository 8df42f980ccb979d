// Package hcl is the language: it reads a folder of *.hcl files and gives what they mean as data, with compiled
// mappings that turn rows into wanted records, or diagnostics that say what is wrong and where, all at once.
//
// It knows no word of a service. Kinds, sources and functions are handed in (Options) as plan describes them. It opens
// no connection, and sees of the environment only what Options.Env gives it.
package hcl

import (
	"iter"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"deskform/plan"
)

// Options say what the language is made of and where the configuration is.
type Options struct {
	// Dir holds the *.hcl files; folders in it are not read.
	Dir string
	// Version of the program, which required_version is held against.
	Version string
	// Vars are --var, VarFiles the paths of --var-file in order. A later one wins, and Vars win over files.
	Vars     map[string]string
	VarFiles []string
	// Env answers env("X") and DESKFORM_VAR_x; nil is an empty environment.
	Env func(string) (string, bool)
	// Kinds are the destination's, in the order in which their resources are made.
	Kinds []plan.Kind
	// Destination names the destination's provider block and adds functions.
	Destination plan.SourceSchema
	Sources     []plan.SourceSchema
	// Lock are the row types by data address. A data block without one is not typed, which is a warning.
	Lock map[string]plan.RowType
	// NeedEnv makes a missing environment variable, or a variable without a value, an error. Otherwise what depends on
	// it is unknown: arguments are left out, and a row that needs it has a problem.
	NeedEnv bool
}

// A Config is what a folder means.
type Config struct {
	RequiredVersion string
	// StateType is "sqlite"; StatePath is as written, relative to the folder. Both are empty without a state block.
	StateType, StatePath string
	// Providers holds the arguments of the provider blocks by name. What is unknown is left out.
	Providers map[string]map[string]plan.Value
	// Secrets are the values that came from env() and from sensitive variables, for redaction.
	Secrets []string
	// Data are the data blocks, owners before what they own.
	Data []plan.Data
	// Sets are the sets in the order in which they are planned and applied: resources by kind, then record sets.
	Sets   []*Set
	Phases []Phase
	// Checklist are the items of the checklist blocks, in the order of files and lines.
	Checklist []plan.CheckItem
	// Redactions are the redact blocks, by name.
	Redactions []plan.Redaction
	Limits     []Limit
	Moved      []Move
	// Removed are the addresses that are left on purpose; a whole set has no key.
	Removed []plan.Address
	// Off are the record sets that are switched off with enabled = false, sorted.
	Off []string
	// Meaning is a hash that changes when what the configuration means changes, and not with comments, formatting, the
	// order of blocks, the split into files, secrets, or where the state is.
	Meaning string

	inline map[string][]plan.Row
}

// InlineRows yields the rows that a record set declares itself with `rows`, by key. An address that no set has is an
// empty sequence.
func (c *Config) InlineRows(data string) iter.Seq2[plan.Row, error] {
	return func(yield func(plan.Row, error) bool) {
		for _, r := range c.inline[data] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Set finds a set by its name.
func (c *Config) Set(name string) (*Set, bool) {
	i := slices.IndexFunc(c.Sets, func(s *Set) bool { return s.Name == name })
	if i < 0 {
		return nil, false
	}
	return c.Sets[i], true
}

// A Resource is one schema object.
type Resource struct {
	Key   string
	Want  plan.Want
	Range hcl.Range
}

// A Set is the resources of one kind, or a record set with its compiled mapping.
type Set struct {
	plan.Set
	// Resources are set for resource sets only, in the order of their keys.
	Resources []Resource
	// Proposed: the mapping was written by a program and no person has confirmed it.
	Proposed bool
	// Duplicates says what happens when two rows have one key: "error" (the default), "first" or "last".
	Duplicates string
	// Later are sets that do not come before this one, perhaps itself, to which its records refer by fields that can follow.
	Later []string
	// Ignore are columns that are left out on purpose, with the reason.
	Ignore map[string]string
	// Columns are the source's columns that the mapping uses, by data address, sorted.
	Columns map[string][]string
	Range   hcl.Range

	m *mapping
}

// A Phase orders sets: its sets come after those of the phases in After.
type Phase struct {
	Name  string
	Sets  []string
	After []string
}

// A Limit bounds how many records a plan may touch with an action; nil is no bound.
type Limit struct {
	Action string
	Max    *int
	// Share is of the records that the state knows.
	Share *float64
}

// A Move says that a resource, a record, or a whole set when the keys are empty, is now found under another address.
type Move struct {
	From, To plan.Address
}

// A Result is what the mapping makes of a row.
type Result struct {
	// Skip: the set's `where` does not select the row; SkipRule is the rule as written. Want is then empty.
	Skip     bool
	SkipRule string
	Want     plan.Want
	Notes    []Note
}

// A Note is something the mapping noticed that makes nothing wrong. Its text is the same for the same finding, so that
// notes can be counted.
type Note struct {
	// Rule is "unlisted" (a value that a value_map does not list) or "no_match" (a row() that found nothing).
	Rule string
	Text string
}

// Joins looks rows up. Both answers are pure: equal questions get equal answers while a set is evaluated.
type Joins interface {
	// Row is the row of a data block with this key.
	Row(data, key string) (plan.Row, bool, error)
	// Rows are the rows that belong to a key: those of an owner, those whose `by` column has it, or the other rows of a
	// group.
	Rows(data, key string) ([]plan.Row, error)
}
