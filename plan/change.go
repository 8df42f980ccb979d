package plan

import "slices"

// An Action is what a change does, or why it does nothing.
type Action string

// The actions. Only create, adopt, update, append, archive and delete write.
const (
	Create   Action = "create"
	Adopt    Action = "adopt"
	Update   Action = "update"
	AppendTo Action = "append"
	NoOp     Action = "no-op"
	Keep     Action = "keep"
	Conflict Action = "conflict"
	Frozen   Action = "frozen"
	Merged   Action = "merged"
	Left     Action = "left"
	Blocked  Action = "blocked"
	Skip     Action = "skip"
	Invalid  Action = "invalid"
	Manual   Action = "manual"
	Archive  Action = "archive"
	Delete   Action = "delete"
)

// Writes reports whether a change with this action has steps. An adoption may have none.
func (a Action) Writes() bool {
	switch a {
	case Create, Adopt, Update, AppendTo, Archive, Delete:
		return true
	}
	return false
}

// Pending reports whether a plan with such a change is not empty: the proof plan has none of these.
func (a Action) Pending() bool { return a.Writes() || a == Blocked }

// A FieldChange is one field of a change.
type FieldChange struct {
	Field string `json:"field"`
	// What: "set" writes After; "add" and "remove" name members; "keep", "conflict" and "frozen" write nothing.
	What string `json:"what"`
	// Before is have, After is want, Base what was last sent.
	Before Value  `json:"before,omitempty"`
	After  Value  `json:"after,omitempty"`
	Base   Value  `json:"base,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Addresses are those of the ids in the values, where they are known; for whoever reads the plan.
	Addresses map[string]string `json:"addresses,omitempty"`
}

// The reasons of a part that is appended after newer ones. PartBefore is that of one which cannot keep its time, see
// OriginalAt.
const (
	PartLate   = "is older than what is there already; it keeps its original time and stands after it"
	PartBefore = "is older than the record itself; it gets the record's time, names its own in its text and stands after what is there already"
)

// OriginalAt is the field of a part that holds its own time in Unix seconds, where the service cannot be given that; what it
// is given is created_at. Normalize sets it.
const OriginalAt = "original_at"

// A PartChange is one part of a change that is to be appended, or a part that cannot be changed any more.
type PartChange struct {
	List string `json:"list"`
	Key  string `json:"key"`
	// What: "append"; "adopt" for one that is there already, under ID; "frozen"; or "keep" for one that somebody else wrote
	// or removed in Intercom.
	What          string `json:"what"`
	ID            string `json:"id,omitempty"`
	Fields        Fields `json:"fields,omitempty"`
	Hash          string `json:"hash,omitempty"`
	At            int64  `json:"at,omitempty"` // of an adopted part
	As            string `json:"as,omitempty"` // likewise, see BasePart
	SourcePrivate *bool  `json:"source_private,omitempty"`
	// AuthorName is what the original author is called, for a call that cannot be sent as them.
	AuthorName string `json:"author_name,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// A Change takes one address from what Intercom holds to what the configuration wants.
type Change struct {
	Address Address `json:"address"`
	Kind    string  `json:"kind"`
	Action  Action  `json:"action"`
	Reason  string  `json:"reason,omitempty"`
	// ID is the object's id in Intercom; empty for a create.
	ID string `json:"id,omitempty"`
	// Fields to write or to show, in the kind's order. For a create, every wanted field that is not null.
	Fields []FieldChange `json:"fields,omitempty"`
	Parts  []PartChange  `json:"parts,omitempty"`
	// Want are the wanted fields with references in their canonical form (one target each), people resolved.
	Want Fields `json:"want,omitempty"`
	// Have is the state of fields that steps must know to restore or to keep (state, contact).
	Have Fields `json:"have,omitempty"`
	// Candidates are the ids of all objects that match, where that is more than one.
	Candidates []string `json:"candidates,omitempty"`
	// MovedFrom is the object that the record was until somebody merged it into ID in Intercom.
	MovedFrom string `json:"moved_from,omitempty"`
	// Replaces is the id of the record's own object that is gone, where a create makes another one or brings it back.
	Replaces string `json:"replaces,omitempty"`
	// Restore is what is written to an archived object that a create meets and restores: PolicyFill, PolicyOverwrite or
	// PolicyLink, as for an adoption. Empty: it is not restored.
	Restore Policy `json:"restore,omitempty"`
	// UpdatedAt is the live stamp the change was planned against, 0 for a create: compare-and-set.
	UpdatedAt int64 `json:"updated_at,omitempty"`
	// MergedInto is the address that owns the object, for Merged; Cause the address that blocks, for Blocked.
	MergedInto string    `json:"merged_into,omitempty"`
	Cause      string    `json:"cause,omitempty"`
	Problems   []Problem `json:"problems,omitempty"`
	// Notes are those of the want.
	Notes []Problem `json:"notes,omitempty"`
	// Reclaimable counts what the actor has said in the record for people who have a seat now.
	Reclaimable []Reclaimable `json:"reclaimable,omitempty"`
	// Row is where the row stands in its source.
	Row string `json:"row,omitempty"`
	// Continues: see Want. Divided: the parts of the record may be shared out to continuations, its own or those of the record
	// that it continues.
	Continues string `json:"continues,omitempty"`
	Divided   bool   `json:"divided,omitempty"`
	// Deferred are writes of references that can follow, to what the plan makes after this change or with it; see Following.
	Deferred []FieldChange `json:"deferred,omitempty"`
}

// Pending reports whether the change leaves something to do: a plan with such a change is not empty.
func (c *Change) Pending() bool {
	if c.Action == Merged {
		return c.Gives() || len(c.Deferred) > 0 || c.MovedFrom != ""
	}
	return c.Action.Pending()
}

// Gives reports whether a second name of an object has members or parts for it that are not there yet.
func (c *Change) Gives() bool {
	return c.Action == Merged && (len(c.Fields) > 0 || slices.ContainsFunc(c.Parts, func(p PartChange) bool { return p.What == "append" }))
}

// An Author is who a part is sent as, the result of resolving a Person; it is kept in fields as an object:
// {"as":"teammate","id":ID} | {"as":"contact","ref":Ref} | {"as":"actor","name":NAME}.
func Author(as string, id Value) Value {
	switch as {
	case "teammate":
		return map[string]Value{"as": as, "id": id}
	case "contact":
		return map[string]Value{"as": as, "ref": id}
	case "actor":
		return map[string]Value{"as": as, "name": id}
	}
	panic("plan: no author is sent as " + as)
}
