package archive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/tidwall/gjson"
)

// asked is how many owners are asked one by one after a list, to see whether it is whole.
const asked = 50

// syncEvery is after how many owners what was read is made safe against the end of the machine.
const syncEvery = 200

// readOwned reads what belongs to other objects: comments, then files, as those of comments are asked for by comment.
func (r *run) readOwned(ctx context.Context, m *Manifest) error {
	done := map[string]ClassReport{}
	j, err := r.f.openJournal("owned.done", func(line []byte) (bool, error) {
		var c ClassReport
		if err := json.Unmarshal(line, &c); err != nil {
			return false, nil
		}
		done[c.Class] = c
		return true, nil
	})
	if err != nil {
		return err
	}
	defer func() { _ = j.close() }() // each entry is on the disk
	for _, class := range []string{"comment", "file"} {
		if slices.Contains(r.Skip, class) {
			continue
		}
		report := done[class]
		if report.Asked == "" {
			if report, err = r.readOwnedClass(ctx, report, class, j); err != nil {
				return err
			}
			if report.File != "" {
				if err := errors.Join(j.note(report), j.sync()); err != nil {
					return err
				}
			}
		}
		refused, err := r.refusedOwners(class)
		if err != nil {
			return err
		}
		m.Unreadable = append(m.Unreadable, refused...)
		if report.File == "" {
			m.Empty = append(m.Empty, class)
			continue
		}
		r.keep(m, report)
	}
	return nil
}

// readOwnedClass reads comments or files. listed has a File when a run before this one got the list, and did not come to
// the end of the comparison.
func (r *run) readOwnedClass(ctx context.Context, listed ClassReport, class string, j *journal) (ClassReport, error) {
	if _, err := os.Stat(r.f.work(class + ".owners")); err == nil || r.Owned == Each {
		return r.readEach(ctx, class)
	}
	if listed.File == "" {
		r.Stage("read "+class+"s", 0)
		var err error
		if listed, err = r.readClass(ctx, class, taken{}); err != nil {
			return listed, err
		}
		if listed.Refused != "" {
			return r.readEach(ctx, class)
		}
		if listed.File != "" {
			if err := errors.Join(j.note(listed), j.sync()); err != nil {
				return listed, err
			}
		}
	}
	whole, err := r.compare(ctx, class, &listed)
	if err != nil {
		return listed, err
	}
	if !whole {
		return r.readEach(ctx, class)
	}
	listed.Asked = List
	return listed, nil
}

// owners yields the objects that may own something of a class.
func (r *run) owners(class string, yield func(uuid string) error) error {
	for _, c := range r.classes {
		switch {
		case c.Class == "comment" && class == "file":
		case c.Catalog, c.Class == "comment", c.Class == "file", slices.Contains(stock, classOf(c.Class)) && !slices.Contains(owning, classOf(c.Class)):
			continue
		}
		err := lines(r.f.path(c.File), func(_ int64, line []byte) error {
			if c.Class == "comment" && !fileRef.Match(line) {
				return nil // a comment names its files
			}
			return yield(text(line, "UUID"))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) ownerClasses(class string) (classes []string, objects int) {
	for _, c := range r.classes {
		if c.Catalog || c.Class == "comment" || c.Class == "file" || slices.Contains(stock, classOf(c.Class)) && !slices.Contains(owning, classOf(c.Class)) {
			continue
		}
		classes = append(classes, c.Class)
		objects += c.Objects
	}
	return classes, objects
}

// compare asks some owners, spread over all, for what they have of a class that was read as a list.
func (r *run) compare(ctx context.Context, class string, report *ClassReport) (whole bool, err error) {
	listed := map[string]bool{}
	if report.File != "" {
		if listed, err = uuidsOf(r.f.path(report.File)); err != nil {
			return false, err
		}
	}
	classes, objects := r.ownerClasses(class)
	every, n := max(1, objects/asked), 0
	whole = true
	err = r.owners(class, func(owner string) error {
		n++
		if n%every != 0 || !whole {
			return nil
		}
		report.Owners++
		for row, err := range r.Source.Objects(ctx, class, owner) {
			if err != nil {
				if _, ends := r.refusal(ctx, err); ends {
					return fmt.Errorf("archive: the %ss of %s: %w", class, owner, err)
				}
				return nil
			}
			whole = whole && listed[row.Key]
		}
		return nil
	})
	report.OfClasses = classes
	return whole, err
}

// An ownerEntry is what one owner had, in the journal.
type ownerEntry struct {
	Owner string `json:"owner"`
	// End is where its rows end in the part file, N how many there are.
	End     int64    `json:"end"`
	N       int      `json:"n"`
	Keys    int      `json:"keys,omitempty"`
	Broken  []string `json:"broken,omitempty"`
	Refused string   `json:"refused,omitempty"`
}

// readEach asks owner by owner. What owners had that were done before an interruption stays; those that were refused are
// asked again.
func (r *run) readEach(ctx context.Context, class string) (ClassReport, error) {
	report := ClassReport{Class: class, Asked: Each}
	classes, objects := r.ownerClasses(class)
	report.OfClasses = classes
	final := r.f.path(class + ".jsonl")
	if _, err := os.Stat(r.f.work(class + ".part")); errors.Is(err, fs.ErrNotExist) {
		// It was put in its place, and that was not noted any more; or it is what a list gave, of which nothing is kept.
		if err := os.Rename(final, r.f.work(class+".part")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return report, fmt.Errorf("archive: %w", err)
		}
	}
	part, err := os.OpenFile(r.f.work(class+".part"), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return report, fmt.Errorf("archive: %w", err)
	}
	defer part.Close()
	info, err := part.Stat()
	if err != nil {
		return report, fmt.Errorf("archive: %w", err)
	}
	owners, end := map[string]bool{}, int64(0)
	j, err := r.f.openJournal(class+".owners", func(line []byte) (bool, error) {
		var e ownerEntry
		if err := json.Unmarshal(line, &e); err != nil || e.End > info.Size() {
			return false, nil
		}
		end = e.End
		report.add(e)
		owners[e.Owner] = true
		if e.Refused != "" {
			delete(owners, e.Owner)
		}
		return true, nil
	})
	if err != nil {
		return report, err
	}
	defer func() { _ = j.close() }() // closed in good order below
	if err := part.Truncate(end); err != nil {
		return report, fmt.Errorf("archive: %w", err)
	}
	if _, err := part.Seek(end, io.SeekStart); err != nil {
		return report, fmt.Errorf("archive: %w", err)
	}
	w := &counted{w: bufio.NewWriter(part), n: end}
	seen, err := uuidsOf(part.Name())
	if err != nil {
		return report, err
	}
	r.Stage("ask for "+class+"s", objects)
	n := 0
	err = r.owners(class, func(owner string) error {
		report.Owners++
		if owners[owner] {
			r.Step(1)
			return nil
		}
		e, err := r.askOwner(ctx, class, owner, w, seen)
		if err != nil {
			return err
		}
		if err := w.w.Flush(); err != nil {
			return fmt.Errorf("archive: write %s: %w", class, err)
		}
		if n++; n%syncEvery == 0 {
			if err := errors.Join(part.Sync(), j.sync()); err != nil {
				return fmt.Errorf("archive: %w", err)
			}
		}
		report.add(e)
		return j.note(e)
	})
	if err != nil {
		return report, err
	}
	if report.Objects == 0 {
		return report, nil
	}
	if err := errors.Join(part.Sync(), j.sync()); err != nil {
		return report, fmt.Errorf("archive: %w", err)
	}
	report.File = class + ".jsonl"
	if err := os.Rename(part.Name(), final); err != nil {
		return report, fmt.Errorf("archive: %w", err)
	}
	return report, nil
}

func (c *ClassReport) add(e ownerEntry) {
	c.Objects += e.N
	c.Keys += e.Keys
	c.Broken = append(c.Broken, e.Broken...)
}

// askOwner writes what one owner has. When the owner is refused in the middle, what came stays.
func (r *run) askOwner(ctx context.Context, class, owner string, w *counted, seen map[string]bool) (ownerEntry, error) {
	e := ownerEntry{Owner: owner}
	var report ClassReport
	report.Class = class
	for row, err := range r.Source.Objects(ctx, class, owner) {
		if err != nil {
			why, ends := r.refusal(ctx, err)
			if ends {
				return e, fmt.Errorf("archive: the %ss of %s: %w", class, owner, err)
			}
			e.Refused = why
			break
		}
		if row.Key != "" && seen[row.Key] {
			continue // two owners show it
		}
		seen[row.Key] = true
		if err := r.row(w, row, &report, nil); err != nil {
			return e, err
		}
	}
	if report.Objects == 0 {
		r.Step(1)
	}
	for _, b := range report.Broken {
		e.Broken = append(e.Broken, owner+" "+b)
	}
	e.End, e.N, e.Keys = w.n, report.Objects, report.Keys
	return e, nil
}

// refusedOwners are the owners whose list could not be read. The last entry of an owner counts.
func (r *run) refusedOwners(class string) ([]Unreadable, error) {
	path := r.f.work(class + ".owners")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var order []string
	why := map[string]string{}
	err := lines(path, func(_ int64, line []byte) error {
		var e ownerEntry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("archive: read %s: %w", path, err)
		}
		if _, met := why[e.Owner]; !met && e.Refused != "" {
			order = append(order, e.Owner)
		}
		if _, met := why[e.Owner]; met || e.Refused != "" {
			why[e.Owner] = e.Refused
		}
		return nil
	})
	var out []Unreadable
	for _, owner := range order {
		if why[owner] != "" {
			out = append(out, Unreadable{What: class, Of: owner, Why: why[owner]})
		}
	}
	return out, err
}

// counted is a writer that knows how far it is.
type counted struct {
	w *bufio.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// text is a member of an object that is a text; empty when it is none. Names are case-sensitive, unlike those that a struct
// is decoded by: a tenant may have an attribute "uuid".
func text(line []byte, name string) string {
	if v := gjson.GetBytes(line, name); v.Type == gjson.String {
		return v.Str
	}
	return ""
}

func uuidsOf(path string) (map[string]bool, error) {
	seen := map[string]bool{}
	err := lines(path, func(_ int64, line []byte) error {
		seen[text(line, "UUID")] = true
		return nil
	})
	return seen, err
}
