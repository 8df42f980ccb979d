// Package plan is the core of deskform: what a record, a want, a change and a step are, and the pure
// functions that make one from the other. It reads no file, opens no connection, asks no clock and knows
// no other package of the module; the shell around it (cmd/deskform) hands it sequences and lookups.
//
// The words are those of the design: want comes from the configuration, have from live Intercom, base is what
// was last applied, as a pair of sent and seen. A change takes one address from Before to After and has an
// action and a reason; a step is one API call of a change; an outcome is what became of a row.
package plan

import "errors"

// ErrNotFound is returned by Reader.Get when the service says that the object does not exist (or is archived).
var ErrNotFound = errors.New("not found")

// A Problem is one thing that is wrong with a row, in words a person can act on. It carries no personal data:
// values are named by column, never quoted.
type Problem struct {
	// Field is the field or column the problem is about; empty when it is about the whole row.
	Field string `json:"field,omitempty"`
	// Rule is a short stable name, by which problems are counted ("too_long", "unmapped", "not_an_option").
	Rule string `json:"rule"`
	// Text says what is wrong and what to do.
	Text string `json:"text"`
	// Times is how often the row has it, where one entry stands for several; 0 is once.
	Times int `json:"times,omitempty"`
}

// RuleExposed is the rule of a record whose mapping would show the customer what the source says is private.
const RuleExposed = "private_made_public"
