package plan

// A Policy is what the configuration says about a difference that is not the source's own change.
type Policy string

// The policies of on_drift, on_frozen, on_adopt, on_source_delete and on_missing.
const (
	PolicyKeep      Policy = "keep"
	PolicyOverwrite Policy = "overwrite"
	PolicyFail      Policy = "fail"
	PolicyNote      Policy = "note"
	PolicyFill      Policy = "fill"
	PolicyLink      Policy = "link"
	PolicyInvalid   Policy = "invalid"
	PolicyNull      Policy = "null"
	PolicyStandIn   Policy = "stand_in"
	PolicyRestore   Policy = "restore"
	PolicySetAside  Policy = "set_aside"
)

// A Set is a record set, or the resources of one kind, as the diff needs it.
type Set struct {
	// Name is "contact.requesters", "tag", "attribute.conversation".
	Name     string
	Kind     string
	Resource bool
	// Data is the data block the rows come from ("itsm365.employees"); empty for resources.
	Data  string
	Phase string
	// OnDrift and its kin are the policies; PerField overrides OnDrift by field name.
	OnDrift        Policy
	PerField       map[string]Policy
	OnFrozen       Policy
	OnAdopt        Policy
	OnSourceDelete Policy
	// OnArchived is what becomes of a create that meets an archived object with the same keys: PolicyRestore, or
	// PolicySetAside, which is also what empty means.
	OnArchived Policy
	// MaxErrors and MaxErrorRate stop a run when more records of the set fail; nil means never.
	MaxErrors    *int
	MaxErrorRate *float64
	// OnMissing: by field, what to do when a reference points at nothing. StandIn holds the stand-in by field.
	OnMissing map[string]Policy
	StandIn   map[string]Target
	// Match are the fields of `match`, in order.
	Match []string
	// DependsOn are the sets that this one refers to.
	DependsOn []string
	// Retry: what was proven not to be there is believed once more, so that a write can prove otherwise.
	Retry bool
	// Uses are resources that every record needs (attributes written, by target).
	Uses []Target
}

// A Want is one record as the configuration wants it.
type Want struct {
	Key string `json:"key"`
	// Match holds the values to look for in the workspace, by field; nil values match nothing.
	Match  Fields     `json:"match,omitempty"`
	Fields Fields     `json:"fields"`
	Parts  []PartWant `json:"parts,omitempty"`
	// Problems make the record invalid.
	Problems []Problem `json:"problems,omitempty"`
	// Notes say what the row loses or becomes on its way by a rule that the configuration declares: a file that is denied,
	// a text that is split. They make nothing invalid.
	Notes []Problem `json:"notes,omitempty"`
	// Row is where the row stands in its source ("line 12"), for messages.
	Row string `json:"row,omitempty"`
	// Manual says what a person has to do where no call can make this one; empty leaves it to the kind.
	Manual string `json:"manual,omitempty"`
	// Existing: the workspace owns it. It has to be there, as Manual says, and nothing is written to it.
	Existing bool `json:"existing,omitempty"`
	// MaxParts is how many parts one object takes; more go on in continuations, see Divide. 0: there is no bound.
	MaxParts int `json:"max_parts,omitempty"`
	// Continues is the key of the record whose parts this one goes on with; empty for one that has a row of its own.
	Continues string `json:"continues,omitempty"`
}

// A PartWant is one part in its place.
type PartWant struct {
	List   string `json:"list"`
	Key    string `json:"key"`
	Fields Fields `json:"fields"`
	// SourcePrivate is the source row's own flag, nil when its type has none: the second check before a send.
	SourcePrivate *bool `json:"source_private,omitempty"`
}

// A Live is one object as Intercom holds it, made comparable by the provider.
type Live struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Fields Fields `json:"fields"`
	// UpdatedAt is the service's own stamp in Unix seconds, 0 when it has none. PartCount is how many parts it
	// says there are, -1 when unknown.
	UpdatedAt int64 `json:"updated_at,omitempty"`
	PartCount int   `json:"part_count,omitempty"`
	// HasParts: Parts is complete (or the newest 500, Truncated).
	HasParts  bool       `json:"has_parts,omitempty"`
	Truncated bool       `json:"truncated,omitempty"`
	Parts     []LivePart `json:"parts,omitempty"`
	// Gone: the service says the object is no more (an archived contact, a deleted conversation). Into is then the object
	// that it was merged into, if it was.
	Gone bool   `json:"gone,omitempty"`
	Into string `json:"into,omitempty"`
}

// A LivePart is a message or note as Intercom holds it.
type LivePart struct {
	ID     string `json:"id"`
	Fields Fields `json:"fields"`
}

// A Base is what the state knows of one record: what was last sent and what was last seen.
type Base struct {
	Address Address `json:"address"`
	Kind    string  `json:"kind"`
	// Origin is "created", "adopted", or "merged" (MergedInto then owns the object).
	Origin     string     `json:"origin"`
	MergedInto string     `json:"merged_into,omitempty"`
	ID         string     `json:"id"`
	Sent       Fields     `json:"sent"`
	Seen       Fields     `json:"seen"`
	Parts      []BasePart `json:"parts,omitempty"`
	// UpdatedAt and PartCount of the last sight, see Live. Zero and -1 when the last write did not show them.
	UpdatedAt int64 `json:"updated_at,omitempty"`
	PartCount int   `json:"part_count,omitempty"`
	// WrittenAt is when deskform last wrote to the object, by its own clock: a sweep that shows less than that, and was
	// made within the index lag of it, proves nothing.
	WrittenAt int64 `json:"written_at,omitempty"`
	// Foreign counts parts that were there at the last sight and are not ours.
	Foreign int `json:"foreign,omitempty"`
	// Version of the kind's normalizer.
	Version int `json:"version,omitempty"`
	// Partial is the key of the first step that was not done, when a run ended in the middle of the record.
	Partial string `json:"partial,omitempty"`
	// Continues: see Want.
	Continues string `json:"continues,omitempty"`
}

// A BasePart is a part that was written. Hash is of the wanted fields before references were resolved.
type BasePart struct {
	List string `json:"list"`
	Key  string `json:"key"`
	ID   string `json:"id"`
	Hash string `json:"hash"`
	At   int64  `json:"at,omitempty"`
	// As is who it was sent as: "teammate", "contact" or "actor", see Author. Empty when the state is older than that.
	As string `json:"as,omitempty"`
}

// Stored shortens a value for the state: canonical texts over 1 KB are kept as hash and length, so that they can
// be compared but not read back.
func Stored(v Value) Value {
	text := Canonical(v)
	if len(text) <= 1024 {
		return v
	}
	return map[string]Value{"hash": Hash(v), "len": int64(len(text))}
}

// Same reports whether v is what stored was made from.
func Same(stored, v Value) bool { return Equal(stored, Stored(v)) }
