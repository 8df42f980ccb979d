package plan

import (
	"context"
	"errors"
	"iter"
)

// ErrNoCollection says that the source has no such collection at all, as where a module is not part of an edition.
var ErrNoCollection = errors.New("the source has no such collection")

// An Incremental source says cheaply what its rows are and when they were changed, so that a pull reads what changed and
// nothing else, and goes on after an interruption with what it has.
type Incremental interface {
	Source
	// Shape names all that a row depends on beside the object itself: attributes that are asked for, zone, filter, and what is
	// shown of such objects at all where they are listed. Rows of another shape are read again.
	Shape(ctx context.Context, d Data) (string, error)
	// Heads yields one head for each row of d, in the source's order, each row once. It is for data without Of, and for
	// data with Of that is read in bulk.
	Heads(ctx context.Context, d Data) iter.Seq2[Head, error]
	// Fetch reads the rows of these heads, an answer of the service at a time. A row that is gone in the meantime is not
	// among them.
	Fetch(ctx context.Context, d Data, heads iter.Seq2[Head, error]) iter.Seq2[[]Row, error]
	// Owned reads what each of these owners has of d, which has Of: once for each owner, in their order, also when the owner
	// has nothing.
	Owned(ctx context.Context, d Data, owners iter.Seq2[string, error]) iter.Seq2[Holding, error]
	// Bulk reports that d, which has Of, is read with Heads all the same.
	Bulk(d Data) bool
	// Sight looks at a collection that is read owner by owner, of which objects that did not change are not read again: is it
	// shown as before? What the service does not say is no error.
	Sight(ctx context.Context, d Data) (Sight, error)
	// Reader names who reads: whoever has another name may see other things. No secret can be found out from it.
	Reader() string
	// Remember makes the source keep its answers on lists in m, and take from it those it has; nil ends that.
	Remember(m Memory)
}

// A Head is what a list says of a row without its content.
type Head struct {
	// UUID is the object's own name, also where Data.Key makes the row's key of something else.
	UUID string
	// Version changes with the row; empty when nobody can say whether it did.
	Version string
	// At is where in the list it stands.
	At int
	// Row is the row itself where the list has it anyway.
	Row *Row
}

// A Sight is what a glance at a collection shows.
type Sight struct {
	// Known: the service has answered. Empty: it showed no object; NoneInternal: it was asked for internal ones and showed none.
	Known, Empty, NoneInternal bool
	// Attrs are the attributes of an object, sorted; Objects are some that are shown.
	Attrs   []string
	Objects []Glimpse
}

// A Glimpse is an object that is shown, and whose it is.
type Glimpse struct{ UUID, Owner string }

// A Holding is what one owner has of a collection, read at one time.
type Holding struct {
	Owner string
	Rows  []Row
}

// A Memory keeps what a pull that is not over has been answered. It is safe for concurrent use.
type Memory interface {
	// Recall returns the answer to a question; ok is false when it was not asked yet.
	Recall(ctx context.Context, question string) (answer []byte, ok bool, err error)
	// Keep keeps an answer.
	Keep(ctx context.Context, question string, answer []byte) error
}
