package plan

import (
	"slices"
	"strings"
)

// A Type is what a field may hold, as the language and the diff see it.
type Type string

// The types of fields. TypeMap has members of type Elem under dotted names; the language may restrict its
// names to declared attributes (Field.Attributes).
const (
	TypeString   Type = "string"
	TypeInt      Type = "int"
	TypeNumber   Type = "number"
	TypeBool     Type = "bool"
	TypeTime     Type = "time"     // int64 Unix seconds; the language takes RFC 3339 texts and numbers
	TypeText     Type = "text"     // plain text of several lines
	TypeHTML     Type = "html"     // HTML, cleaned by the provider's html function
	TypeEnum     Type = "enum"     // one of Field.Enum
	TypeRef      Type = "ref"      // one Ref to a record or resource of Field.Refs
	TypeRefs     Type = "refs"     // a set of Ref
	TypePerson   Type = "person"   // a Person
	TypeTeammate Type = "teammate" // a Person looked up among teammates only, or a Ref to a declared teammate
	TypeFiles    Type = "files"    // a list of File
	TypeStrings  Type = "strings"  // a list of strings
	TypeMap      Type = "map"      // members under dotted names
	TypeAny      Type = "any"      // a scalar whose type is decided elsewhere (attribute values)
)

// A Mode says what can become of a field after creation.
type Mode int

// The modes. They start above zero so that a forgotten one shows.
const (
	Mutable    Mode = iota + 1 // may be written at any time
	CreateOnly                 // only with the create call; a later difference is frozen
	Append                     // grows only (parts)
	Members                    // a set: members we put are added and removed, others are left alone
)

// A Field describes one field of a kind.
type Field struct {
	Name string
	Type Type
	Mode Mode
	// Required: a record without it (or with null) is invalid.
	Required bool
	// AtCreate: a reference that must be ready before the record is created; otherwise it can follow.
	AtCreate bool
	// Refs are the kinds a reference may point to.
	Refs []string
	// Leads narrows Refs for a member of a TypeMap with Attributes, by the fields of the attribute that declares it: the kind
	// that it leads to, empty for any, and for a kind whose sets have a type (see Of) the test of that type's block, nil for none.
	Leads func(attribute Fields) (kind string, ofType func(label string, block Fields) bool)
	// OfType is that test for a member.
	OfType func(label string, block Fields) bool
	// Enum lists the values of a TypeEnum. Never says of other values, which somebody may expect there, what to do instead.
	Enum  []string
	Never map[string]string
	// Attributes: the names below a TypeMap are attribute resources of this model ("contact", "company",
	// "conversation"); a name that is not declared is an error of the configuration.
	Attributes string
	// Of names the field, a reference to one resource that is the same for the whole set, whose nested attribute blocks
	// Attributes means: a ticket has those of its type.
	Of string
	// Elem is the type of the members below a TypeMap with Attributes; TypeAny when empty.
	Elem Type
	// Fields are the fixed members of a TypeMap that has no Attributes ("assign": team, teammate).
	Fields []Field
	// Personal: the value is a person's data and is masked in what goes to a pull request.
	Personal bool
	// Identifies: the service tells objects apart by it, or writes to people there; no redaction changes it.
	Identifies bool
	// Unseen: the service may not show it; then what we put there is believed to be there.
	Unseen bool
	// NullLeaves: null writes nothing, the service cannot be without a value; whatever it holds is left to it.
	NullLeaves bool
	// AddOnly: members are only added; one that is wanted no more stays.
	AddOnly bool
	// Secret: an argument of a provider block that must come from outside of the configuration, and is never shown.
	Secret bool
	// Restored: a write to the object may change the value on its way, so that the last step puts back what was there before.
	// When a run is cut off in between, the next one does.
	Restored bool
	// Shown is what the service shows instead of a value that it was given, where it has one name for several.
	Shown map[string]string
	// Instead says what to do where a CreateOnly field of a resource has to be another.
	Instead string
	// FillOnly: a value that the destination holds is never changed, whatever the policies say; only an empty one is filled.
	FillOnly bool
	// Sort: an object whose value is none of Enum is of another sort (a lead among users), which is never matched, adopted
	// or changed.
	Sort bool
	// Local: deskform itself uses the value; it is never sent and never compared.
	Local bool
	// Default is used when the configuration leaves the field out; nil means not managed.
	Default Value
	// Doc is one sentence for the reference page, with the place in the service's reference.
	Doc string
}

// A PartKind describes what can be appended to a record, in order ("part" blocks).
type PartKind struct {
	Fields []Field
	Doc    string
}

// A Kind describes one sort of object of the destination as data.
type Kind struct {
	// Name is the word in the language: "contact", "tag", "attribute.conversation".
	Name string
	// Resource: declared one by one as schema blocks instead of by records blocks.
	Resource bool
	Fields   []Field
	// Part is nil when records of this kind have no parts.
	Part *PartKind
	// NaturalKeys are fields by which the service itself tells two objects apart; a live object with the same
	// value is adopted, and two wants with the same value become one. For records only with `match`, unless
	// KeyAlways is set (a company's company_id, a tag's name).
	NaturalKeys []string
	KeyAlways   bool
	// Matches are the fields that a `match` argument may name; the name of a map field stands for each of its attributes.
	Matches []string
	// Creatable is false for what a person has to make in the UI; a missing one is then a manual step.
	Creatable bool
	// Manual says what to click, for kinds that are not creatable.
	Manual string
	// Within is the kind in whose blocks this one is declared, as nested blocks `attribute "NAME"`; its field `of` is then
	// the reference to that block.
	Within string
	// KeyWithin is a field: NaturalKeys tell apart only objects with the same value of it. Empty: all.
	KeyWithin string
	// Believed is for a kind that no call shows: why one of it is taken for being there although nothing has proven it.
	// Refuted says what to do once a write has proven that it is not. Reader shows what is proven as ProvenField = true.
	Believed, Refuted string
	// Restorable: an archived object keeps its keys and can be brought back, which `on_archived` decides.
	Restorable bool
	// Lasting: one that was archived keeps its name, so that no other can be made in its place.
	Lasting bool
	// NamesWith are kinds whose objects share one room of names with this one's; Room is how many live ones the service
	// has place for, this kind and those together, 0 for no bound that is known.
	NamesWith []string
	Room      int
	// Twins says what is wrong while two live objects of the kind have one name, whoever made them; empty for nothing.
	Twins string
	// ChangedSweep: Reader.Sweep honours since. AbsenceProves: what a full sweep does not show is gone once
	// one Get says so; false where lists leave out living objects.
	ChangedSweep bool
	// PartsOnGet: items of a sweep lack parts, which only Get shows.
	PartsOnGet bool
	// Marked: what is created carries a mark, which Reader shows as MarkerField. An object with the mark and the wanted
	// created_at was made for the record, whatever the state says of it. The mark is Token of the address, or with
	// MarkedByKey the record's key.
	Marked, MarkedByKey bool
	// WholeSets: a write of members replaces the whole set (IC trap 13), so that what is there is read just before it, also for
	// a second row of the object.
	WholeSets bool
	// Version of the normalizer; a base written by another version is re-read without calling it a change.
	Version int
	Doc     string
}

// Mark is what an object that is made for a carries, see Marked.
func (k *Kind) Mark(a Address) string {
	if k.MarkedByKey {
		return a.Key
	}
	return Token(a)
}

// isType reports whether a field names the type of a record, see Field.Of.
func (k *Kind) isType(name string) bool {
	return slices.ContainsFunc(k.Fields, func(f Field) bool { return f.Of == name })
}

// ElemType is the type of the members of a TypeMap with Attributes.
func (f *Field) ElemType() Type {
	if f.Elem == "" {
		return TypeAny
	}
	return f.Elem
}

// Field finds a field by its name; for a dotted name the member's field, or the map field itself where members
// are attributes.
func (k *Kind) Field(name string) (*Field, bool) { return findField(k.Fields, name) }

func findField(fields []Field, name string) (*Field, bool) {
	head, tail, dotted := strings.Cut(name, ".")
	for i := range fields {
		f := &fields[i]
		if f.Name != head {
			continue
		}
		if !dotted || f.Attributes != "" {
			return f, true
		}
		return findField(f.Fields, tail)
	}
	return nil, false
}

// A Function is a pure function that a provider adds to the language. Arguments and results are Values; a link
// column arrives as map[string]Value with UUID, title, metaClass and code. Null in gives null out unless NullOK.
type Function struct {
	Name string
	// Params are the names for the documentation; Variadic lets the last one repeat, Optional may be left out.
	Params   []string
	Optional int
	Variadic bool
	NullOK   bool
	// Result is the type of what it returns, for typed validation.
	Result Type
	Call   func(args []Value) (Value, error)
	// Losing is Call for a function that may lose something of a text on purpose, nil for one that does not. It says what, by
	// rule, and how often. The notes of the record then have it, under the field whose value was made with it.
	Losing func(args []Value, lost func(rule string, times int)) (Value, error)
	Doc    string
}
