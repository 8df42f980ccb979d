// Package sandbox is a local ITSM 365: an HTTP server over a data directory that behaves as section
// 8 of the ITSM 365 reference (IT) asks. It imports neither the client nor plan, so that they cannot
// agree on a mistake.
//
// # The data directory
//
// CLASS.jsonl holds the objects of a class, one JSON object a line, with UUID and metaClass;
// catalogs.jsonl holds the items of all catalogs (metaClass is the code of the catalog, and code and
// title are required). A string that as a whole is the UUID of an object is a link to it, unless the
// attribute is a text; arrays of them are lists of links. Instants are RFC 3339 in UTC, a date is
// 2026-03-02, an interval {"length":4,"interval":"HOUR"}. The bytes of file$7 are in files/7, and
// metainfo.xml, where present, is what smpsync/metainfo gives out. What is left out but follows is
// worked out: client from clientEmployee and the reverse, back-link lists, files by their relation.
//
// # What of IT 8 is done
//
// 8.1: check-status; find with its filter in the path (strict, lenient, 40x and base64), in a JSON
// body, in query pairs and in form fields; attrs, offset, limit; classes with their nested types;
// get, search, get-file; create, create-m2m, create-m2m-multiple, edit, edit-m2m, delete, add-file,
// carried out in memory and each one counted; create-excl, edit-excl and the writing smpsync calls,
// counted and refused; exec, exec-post, execmf, which know no module and are counted as scripts;
// smpsync/version and smpsync/metainfo for a superuser's key. GET and POST alone are taken, and no
// address above 8 KB (IT 1.5).
//
// 8.2: every row. Errors are plain text, or an HTML page with Options.ErrorsAsHTML.
//
// 8.3: UUIDs, links, server zone, fraction, intervals, empty collections, answers without attrs,
// archived objects; appending and deleting between pages (a fault of kind "mutate"); rights of a key
// (Profile); editions and tags; one-click links; latency by method, on the server's clock; page
// ceiling. A tenant of any size is made by package desk, below this one.
//
// Left out, as IT 8.1 allows: jsonRpc, fileUtils.getFilesUUID and get-access-key. Not known and so
// not done: what a server demands of new objects other than tickets and how their states may move,
// nested types other than the stock ones (a type of the tenant hangs right below its class), what
// the tags VneshnyayaPodderzhka and kanboard hide.
package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
	_ "time/tzdata" // the server zone must not depend on the machine
)

// A Mode says what happens to what the server does not know (IT 8.2). Zero is Silent.
type Mode int

const (
	Silent Mode = iota + 1 // the key is absent, the list is empty
	Refuse                 // 500
)

// Options say what a sandbox serves and how. Without Dir and FS it starts empty.
type Options struct {
	Dir  string // the data directory
	FS   fs.FS  // the same; it wins over Dir
	Keys map[string]Profile

	ServerZone        string   // an IANA name; empty is Europe/Moscow
	IntervalAsInteger bool     // intervals as milliseconds instead of objects
	EmptyAsNull       bool     // empty collections as null instead of []
	Fraction          bool     // instants with .SSS
	DateAtMidnight    bool     // dates as instants at midnight
	ItemDetails       bool     // links to catalog items with color and icon
	PageCeiling       int      // no page of find is longer; 0 is no ceiling
	DenyGet           []string // for every key what Profile.DenyGet is for one
	ErrorsAsHTML      bool

	Edition Edition
	TagsOff []string // of Tags: their attributes are absent and their classes empty

	UnknownAttr   Mode // a code in attrs
	UnknownFilter Mode // an attribute, a range or a null in a filter

	Latency   time.Duration            // of each call
	LatencyOf map[string]time.Duration // of a method as Stats names it, in place of Latency
	Clock     Clock                    // nil is the real one
}

// A Server is a sandbox. It is safe for concurrent use.
type Server struct {
	opt   Options
	zone  *time.Location
	clock Clock
	dir   fs.FS // nil where there is none

	mu     sync.RWMutex // guards store
	store  *store
	books  books
	faults faults
	used   sync.Map // one-shot keys that are used up
}

// New reads the data and returns a server. An error names the file and the line at fault.
func New(opt Options) (*Server, error) {
	if opt.ServerZone == "" {
		opt.ServerZone = "Europe/Moscow"
	}
	zone, err := time.LoadLocation(opt.ServerZone)
	if err != nil {
		return nil, fmt.Errorf("server zone: %w", err)
	}
	if opt.PageCeiling < 0 || opt.Latency < 0 {
		return nil, errors.New("page ceiling and latency cannot be negative")
	}
	for name, d := range opt.LatencyOf {
		if !isMethod(name) || d < 0 {
			return nil, fmt.Errorf("latency %s=%s: it is a method such as find, get-file or smpsync/version, and a time", name, d)
		}
	}
	s := &Server{opt: opt, zone: zone, clock: movable(opt.Clock), dir: opt.FS, store: newStore()}
	if s.store.modules, err = s.store.model.without(opt.Edition, opt.TagsOff); err != nil {
		return nil, err
	}
	where := "data"
	if s.dir == nil && opt.Dir != "" {
		where, s.dir = opt.Dir, os.DirFS(opt.Dir)
	}
	if s.dir != nil {
		if err := s.store.load(s.dir); err != nil {
			return nil, fmt.Errorf("read %s: %w", where, err)
		}
	}
	if err := s.checkProfiles(); err != nil {
		return nil, err
	}
	return s, nil
}
