// Package planfile keeps a plan in a file of its own: a header, the changes with all their values, and a trailer by
// which a truncated file is noticed. The file carries what an apply needs, so that it can be applied where the cache is
// not; it holds personal data and is written with mode 0600. What goes to a pull request is its masked rendering.
package planfile

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"

	"deskform/plan"
)

// Format is the version of the file that this program writes.
const Format = 1

// ErrFormat is wrapped by errors about files that are no plan, are damaged, or are of a newer format.
var ErrFormat = errors.New("not a usable plan file")

// A Header says what a plan was made for.
type Header struct {
	Format    int       `json:"format"`
	Lineage   string    `json:"lineage"`
	Serial    int64     `json:"serial"`
	Workspace string    `json:"workspace"`
	Meaning   string    `json:"meaning"` // hash of the configuration
	Created   time.Time `json:"created"`
	Version   string    `json:"version"` // of the program
	// Books are the rows that were settled before any change: skipped, broken, duplicate, excluded.
	Books plan.Books `json:"books"`
	// Targets, Sample and Seed limit the plan; the proof after its apply is limited alike.
	Targets []string `json:"targets,omitempty"`
	Sample  int      `json:"sample,omitempty"`
	Seed    int64    `json:"seed,omitempty"`
	// Checklist are the items that were open when the plan was made.
	Checklist []plan.CheckItem `json:"checklist,omitempty"`
	// Read is when the oldest rows were read that the plan was made of, by data block of a service.
	Read map[string]time.Time `json:"read,omitempty"`
	// Open are the attributes, as "model.name", whose texts are no person's data: a rendering shows them.
	Open []string `json:"open,omitempty"`
}

type trailer struct {
	Changes int    `json:"changes"`
	SHA256  string `json:"sha256"`
}

// A line is one of three.
type line struct {
	Deskform string       `json:"deskform,omitempty"` // "plan", in the header
	Header   *Header      `json:"header,omitempty"`
	Change   *plan.Change `json:"change,omitempty"`
	End      *trailer     `json:"end,omitempty"`
}

// WriteFile writes a plan beside its place and renames it: an error or a crash leaves no half file there.
func WriteFile(path string, h Header, changes iter.Seq2[plan.Change, error]) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".plan-*")
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	defer os.Remove(tmp.Name())
	err = Write(tmp, h, changes)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// Write writes a plan. An error of the sequence is returned as it is.
func Write(w io.Writer, h Header, changes iter.Seq2[plan.Change, error]) error {
	gz, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(gz, 1<<16)
	sum := sha256.New()
	enc := json.NewEncoder(io.MultiWriter(out, sum))
	enc.SetEscapeHTML(false)
	h.Format = Format
	if err := enc.Encode(line{Deskform: "plan", Header: &h}); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	n := 0
	for c, err := range changes {
		if err != nil {
			return err
		}
		n++
		if err := enc.Encode(line{Change: &c}); err != nil {
			return fmt.Errorf("write the plan, %s: %w", c.Address, err)
		}
	}
	if err := json.NewEncoder(out).Encode(line{End: &trailer{n, hex.EncodeToString(sum.Sum(nil))}}); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	if err := errors.Join(out.Flush(), gz.Close()); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// A File is an open plan.
type File struct {
	Header Header
	path   string
	open   func() (io.ReadCloser, error)
}

// OpenFile reads the header of a plan file and checks it to its end.
func OpenFile(path string) (*File, error) {
	return Open(filepath.Base(path), func() (io.ReadCloser, error) { return os.Open(path) })
}

// Open is OpenFile for anything that can be opened more than once.
func Open(name string, open func() (io.ReadCloser, error)) (*File, error) {
	f := &File{path: name, open: open}
	// Read it through once, so that an apply does not begin with a plan whose end is missing.
	for _, err := range f.Changes() {
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Close lets go of the file. It is there for callers that treat a plan like any other file.
func (f *File) Close() error { return nil }

func (f *File) bad(format string, args ...any) error {
	return fmt.Errorf("read plan %s: %w: %s", f.path, ErrFormat, fmt.Sprintf(format, args...))
}

// Changes yields the changes in order. It may be called again.
func (f *File) Changes() iter.Seq2[plan.Change, error] {
	return func(yield func(plan.Change, error) bool) {
		if err := f.read(func(c plan.Change) bool { return yield(c, nil) }); err != nil {
			yield(plan.Change{}, err)
		}
	}
}

// read yields the changes and returns what is wrong with the file, nil when the caller stopped.
func (f *File) read(yield func(plan.Change) bool) error {
	file, err := f.open()
	if err != nil {
		return fmt.Errorf("read plan %s: %w", f.path, err)
	}
	defer file.Close()
	gz, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<16))
	if err != nil {
		return f.bad("it was not written by deskform plan --out")
	}
	in := bufio.NewReaderSize(gz, 1<<16)
	var sum hash.Hash = sha256.New()
	for n := -1; ; n++ {
		text, err := in.ReadBytes('\n')
		if err != nil {
			return f.bad("its end is missing; make the plan again")
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return f.bad("line %d: %v", n+2, err)
		}
		switch {
		case n < 0:
			if l.Deskform != "plan" || l.Header == nil {
				return f.bad("it was not written by deskform plan --out")
			}
			if l.Header.Format > Format {
				return f.bad("it has format %d and this program knows %d: use the deskform that wrote it", l.Header.Format, Format)
			}
			f.Header = *l.Header
		case l.End != nil:
			if l.End.Changes != n || l.End.SHA256 != hex.EncodeToString(sum.Sum(nil)) {
				return f.bad("it was changed after it was written")
			}
			if _, err := in.ReadByte(); err != io.EOF {
				return f.bad("its end is missing; make the plan again")
			}
			return nil
		case l.Change == nil:
			return f.bad("line %d is no change", n+2)
		default:
			if !yield(*l.Change) {
				return nil
			}
		}
		sum.Write(text)
	}
}
