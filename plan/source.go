package plan

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// A Data is one `data` block: a collection read from a source.
type Data struct {
	// Type is the source ("itsm365", "export"), Name the block's label.
	Type string
	Name string
	// Dir is the folder of the configuration, against which relative files are resolved.
	Dir string
	// Args are the source's own arguments by the names of SourceSchema.Args; a nested block's are dotted.
	Args map[string]Value
	// Key are the columns of the key, or "#line"; empty means the source's own (UUID).
	Key []string
	// Duplicates is "error" (default), "first" or "last".
	Duplicates string
	// GroupBy makes one record of the rows that share these columns; GroupRecord is "first" or "last".
	GroupBy     []string
	GroupRecord string
	// Expect is how many rows the customer reads off the screen, by type ("serviceCall$request"); "" is all of them, and so is the class
	// itself.
	Expect map[string]int64
	// MaxShrink is how large a part of the rows may be missing when they are read again; nil is the default.
	MaxShrink *float64
	// MaxAge is how old what was read may be for what relies on it; 0 is any age.
	MaxAge time.Duration
	// Of are the data blocks whose rows own these ("itsm365.incidents"); By is the column that names the owner,
	// and the index of rows().
	Of []string
	By string
}

// Address is "itsm365.employees".
func (d Data) Address() string { return d.Type + "." + d.Name }

// A ColumnType is what a column of a row holds.
type ColumnType string

// The types of columns. A time is an RFC 3339 text in UTC ("2026-03-02T06:14:55Z"); a link is an object with
// UUID, title, metaClass and, for catalog items, code.
const (
	ColumnString ColumnType = "string"
	ColumnNumber ColumnType = "number"
	ColumnBool   ColumnType = "bool"
	ColumnTime   ColumnType = "time"
	ColumnLink   ColumnType = "link"
	ColumnLinks  ColumnType = "links"
	ColumnFiles  ColumnType = "files"
	ColumnList   ColumnType = "list"
	ColumnObject ColumnType = "object"
	ColumnAny    ColumnType = "any"
)

// A Column is one column of a row type.
type Column struct {
	Type ColumnType `json:"type"`
	// Class is where a link leads ("employee", "priority"), when known.
	Class string `json:"class,omitempty"`
	Title string `json:"title,omitempty"`
}

// A RowType is what rows of a data block look like; schema.lock.json keeps it.
type RowType struct {
	Columns map[string]Column `json:"columns"`
	// Private is the column whose true makes a part internal ("private" for ITSM 365 comments, IT 2.7).
	Private string `json:"private,omitempty"`
	// Guessed: nobody named that column, its name alone says so; values that are no truth say nothing then.
	Guessed bool `json:"private_guessed,omitempty"`
	// Catalogs are the known codes of catalog columns, for did-you-mean.
	Catalogs map[string][]string `json:"catalogs,omitempty"`
	// File names the file whose heads the columns are, when they were read just now; for messages, and not kept.
	File string `json:"-"`
	// Unshown are the columns that rows of this kind have elsewhere, and that no row which was looked at just now shows; they
	// are not kept.
	Unshown []string `json:"-"`
	// Notes are what a person should know of the collection, for a pull to say; they are not kept.
	Notes []string `json:"-"`
}

// A Row is one row as the source gives it, made uniform: times in RFC 3339 UTC, nulls as null.
type Row struct {
	// Key is the row's own key by Data.Key; Owner the owner's key for data that has Of.
	Key   string
	Owner string
	// UUID is the object's own name where the source has one, whatever Key is made of.
	UUID string
	// Pos is where it stands ("line 12", "offset 340").
	Pos string
	// Unsettled: something that belongs to the row could not be read just now and may be another time.
	Unsettled bool
	// JSON is one object.
	JSON []byte
	// Broken says why the row cannot be read; JSON is then empty. It is counted and reported, never dropped.
	Broken string
}

// A SourceSchema describes a source's blocks as data, for the language.
type SourceSchema struct {
	Name string
	// Provider are the arguments of the provider block, Args those of a data block.
	Provider []Field
	Args     []Field
	// Check says what the source cannot do with the arguments of a data block, by argument; it asks nobody. nil checks nothing.
	Check func(args map[string]Value) map[string]string
	// Columns that every row type of the source has even before a pull; nil when unknown.
	Functions []Function
	Doc       string
}

// A Source reads collections. It writes nothing, ever.
type Source interface {
	// Describe says what rows of d look like, with as few reads as possible.
	Describe(ctx context.Context, d Data) (RowType, error)
	// Rows yields all rows of d in the source's order, owner by owner where d has Of. It asks for the next page
	// only when the one before is used up, and ends at the first error.
	Rows(ctx context.Context, d Data, owners iter.Seq2[string, error]) iter.Seq2[Row, error]
}

// ErrKey says that a source does not let us in, or not any more. Nothing that is read then says anything about the rows.
var ErrKey = errors.New("the source refuses the key")

// ErrUnreadable says that a file cannot be read, now and later.
var ErrUnreadable = errors.New("the file cannot be read")

// An Opener is a source that has files to fetch into the content store.
type Opener interface {
	// OpenFile returns the bytes of the file with this key, as they come. The caller closes it. Errors are ErrKey, and
	// ErrUnreadable where trying again is no use.
	OpenFile(ctx context.Context, key string) (Content, error)
}

// An Illustrated source has rows with pictures inside of texts.
type Illustrated interface {
	// Pictures gives the row with a short mark in the place of each picture, an <img> whose alt is the name that keep
	// returns. keep is called once for each picture of the row; what it does not keep gets a mark that says so, with the name
	// if there is one: <img src="cid:left-out" alt="NAME">. Nothing is fetched here, and no other address in a text is of interest.
	Pictures(row Row, keep func(Picture) (name string, ok bool, err error)) (Row, error)
	// OpenPicture is OpenFile with the name and the owner, which may be another row than the one whose text names it.
	// owners are those for whom it would move: the row and who owns the row. ErrNotFound says that there is none, or that
	// it is nobody's of them.
	OpenPicture(ctx context.Context, key string, owners ...string) (Content, error)
}

// A Picture stands inside of a text.
type Picture struct {
	// Key is what OpenPicture takes; empty where the text itself has the bytes.
	Key string
	// Data reads these bytes, and Type says what they are.
	Data io.Reader
	Type string
	// Row is the UUID of the row.
	Row string
}

// A Content is a file being read, with what the source says about it.
type Content struct {
	Body interface {
		Read([]byte) (int, error)
		Close() error
	}
	Name string
	Type string
	// Owner is the source's key of what the file belongs to; empty when it was not asked for, or nobody may know.
	Owner string
}
