package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"deskform/hcl"
	"deskform/plan"
	"deskform/state/cache"
)

// Pulled is what one data block gave.
type Pulled struct {
	Data string `json:"data"`
	// File is the base name of the file that was read; empty for a service.
	File string `json:"file,omitempty"`
	// Unchanged: the file is the one that was read last time.
	Unchanged bool `json:"unchanged,omitempty"`
	// Absent is why the source has no such collection; the block then has no rows.
	Absent string `json:"absent,omitempty"`
	// Unexpected are the counts that differ from what the data block expects.
	Unexpected []Count `json:"unexpected,omitempty"`
	// Notes are what the source says about the collection as a whole.
	Notes []string `json:"notes,omitempty"`
	// Unread counts the files of the rows whose bytes could not be read, now or in an earlier pull; FirstUnread are the first.
	Unread      int          `json:"unread_files,omitempty"`
	FirstUnread []UnreadFile `json:"first_unread_files,omitempty"`
	cache.Pulled
}

// Pull modes.
const (
	PullAuto = "auto" // read what may have changed: an unchanged export file is not read again
	PullFull = "full"
	PullNone = "none" // plan from the rows in the cache
)

// Pull reads the data blocks into the cache and brings schema.lock.json up to date. The configuration is held against
// the columns that the sources have now before a row is taken over: a *ConfigError leaves rows and lock file as they were.
// Broken and duplicate rows are reported; none is dropped silently. A pull that was interrupted goes on with what it has.
func (e *Engine) Pull(ctx context.Context, mode string) ([]Pulled, error) {
	if mode == PullNone {
		looks, err := e.looks(ctx, mode)
		if err != nil {
			return nil, err
		}
		err = e.count(ctx, looks)
		return pulled(looks), err
	}
	end, err := e.beginPull(ctx, mode)
	if err != nil {
		return nil, err
	}
	got, err := e.pull(ctx, mode)
	return got, errors.Join(err, end(context.WithoutCancel(ctx), err))
}

func (e *Engine) pull(ctx context.Context, mode string) ([]Pulled, error) {
	looks, err := e.looks(ctx, mode)
	if err != nil {
		return nil, err
	}
	lock, err := e.learn(looks)
	if err != nil {
		return nil, err
	}
	for i := range looks {
		if err := e.pullOne(ctx, &looks[i], mode); err != nil {
			return pulled(looks[:i]), err
		}
	}
	if err := e.count(ctx, looks); err != nil {
		return pulled(looks), err
	}
	e.tellReader(looks)
	return pulled(looks), hcl.WriteLock(LockFile(e.lockDir()), lock)
}

// tellReader says that what did not change was read with another key, and may look otherwise to this one.
func (e *Engine) tellReader(looks []look) {
	for i := range looks {
		if l := &looks[i]; e.another && l.print == "" {
			l.Notes = append(l.Notes, "the access key is another one than at the last pull: what did not change was not read again with it. If it sees more or less, run `deskform pull --full`")
			return
		}
	}
}

func (e *Engine) looks(ctx context.Context, mode string) ([]look, error) {
	looks := make([]look, 0, len(e.Config.Data))
	for _, d := range e.Config.Data {
		l, err := e.lookAt(ctx, d, mode)
		if err != nil {
			return nil, err
		}
		looks = append(looks, l)
	}
	return looks, nil
}

func pulled(looks []look) []Pulled {
	out := make([]Pulled, len(looks))
	for i, l := range looks {
		out[i] = l.Pulled
	}
	return out
}

// lockDir is where schema.lock.json is written: beside the configuration, but for a rehearsal, which writes nothing there.
func (e *Engine) lockDir() string {
	if e.Intercom != nil {
		return e.Work
	}
	return e.Dir
}

// pullOne reads the rows of a data block, unless they are those in the cache.
func (e *Engine) pullOne(ctx context.Context, l *look, mode string) error {
	if l.Unchanged {
		return nil
	}
	d := l.block
	src, err := e.Source(d.Type)
	if err != nil {
		return err
	}
	e.Watch.Start("pull "+d.Address(), 0)
	defer e.Watch.Done()
	if inc, ok := src.(plan.Incremental); ok {
		err = e.gather(ctx, inc, l, mode)
	} else {
		rows := e.counting(e.withFiles(ctx, src, l.wide, src.Rows(ctx, d, e.owners(ctx, d))))
		l.Pulled.Pulled, err = e.Cache.PutRows(ctx, d, sealed(l.print, l.wide), rows)
	}
	if err != nil {
		return fmt.Errorf("pull data.%s: %w", d.Address(), err)
	}
	return nil
}

// owners are the keys of the rows that own these.
func (e *Engine) owners(ctx context.Context, d plan.Data) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, of := range d.Of {
			owner, ok := e.data(of)
			if !ok {
				yield("", fmt.Errorf("data.%s: owner %s is not declared", d.Address(), of))
				return
			}
			for row, err := range e.Cache.Records(ctx, owner) {
				if !yield(row.Key, err) || err != nil {
					return
				}
			}
		}
	}
}

func (e *Engine) data(addr string) (plan.Data, bool) {
	for _, d := range e.Config.Data {
		if d.Address() == addr {
			return d, true
		}
	}
	return plan.Data{}, false
}

func (e *Engine) counting(rows iter.Seq2[plan.Row, error]) iter.Seq2[plan.Row, error] {
	return func(yield func(plan.Row, error) bool) {
		n := 0
		for row, err := range rows {
			if n++; n%1000 == 0 {
				e.Watch.Step(1000)
			}
			if !yield(row, err) {
				return
			}
		}
		e.Watch.Step(n % 1000)
	}
}

// withFiles fetches the files of rows, see fills.
func (e *Engine) withFiles(ctx context.Context, src plan.Source, rt plan.RowType, rows iter.Seq2[plan.Row, error]) iter.Seq2[plan.Row, error] {
	fill := e.fills(src, rt)
	return func(yield func(plan.Row, error) bool) {
		for row, err := range rows {
			if err == nil {
				row, err = fill(ctx, row)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// fileColumns are the columns that link to files, sorted.
func fileColumns(rt plan.RowType) []string {
	var columns []string
	for name, c := range rt.Columns {
		if c.Type == plan.ColumnFiles {
			columns = append(columns, name)
		}
	}
	slices.Sort(columns)
	return columns
}

// fills fetches the files that a row links to into the content store, and puts hash, size and type into the link, so
// that an apply needs no source.
func (e *Engine) fills(src plan.Source, rt plan.RowType) func(context.Context, plan.Row) (plan.Row, error) {
	columns := fileColumns(rt)
	opener, ok := src.(plan.Opener)
	if !ok || len(columns) == 0 {
		return func(_ context.Context, row plan.Row) (plan.Row, error) { return row, nil }
	}
	drawn, pictured := src.(plan.Illustrated)
	return func(ctx context.Context, row plan.Row) (plan.Row, error) {
		if row.Broken != "" {
			return row, nil
		}
		row, err := e.fetch(ctx, opener, columns, row)
		if pictured && err == nil {
			row, err = e.pictures(ctx, drawn, columns, row)
		}
		return row, err
	}
}

func (e *Engine) fetch(ctx context.Context, src plan.Opener, columns []string, row plan.Row) (plan.Row, error) {
	var obj map[string]json.RawMessage
	if err := json.Unmarshal(row.JSON, &obj); err != nil {
		return row, fmt.Errorf("read row %s: %w", row.Pos, err)
	}
	changed := false
	for _, col := range columns {
		var links []map[string]any
		if json.Unmarshal(obj[col], &links) != nil || len(links) == 0 {
			continue
		}
		for _, link := range links {
			key, _ := link["UUID"].(string)
			if key == "" {
				continue
			}
			settled, err := e.fetchOne(ctx, src, key, link)
			if err != nil {
				return row, err
			}
			row.Unsettled = row.Unsettled || !settled
			changed = true
		}
		text, err := json.Marshal(links)
		if err != nil {
			return row, err
		}
		obj[col] = text
	}
	if !changed {
		return row, nil
	}
	text, err := json.Marshal(obj)
	row.JSON = text
	return row, err
}

// fetchOne puts the bytes of one file into the store unless they are there. It is not settled when they may be had another
// time.
func (e *Engine) fetchOne(ctx context.Context, src plan.Opener, key string, link map[string]any) (settled bool, err error) {
	name := "file " + key
	size, sized := link["fileSize"].(float64)
	delete(link, "fileSize") // it is the list's, and says whether the bytes are still those
	if known, ok, err := e.Cache.Get(ctx, name); err != nil {
		return false, err
	} else if ok {
		var meta map[string]any
		if json.Unmarshal([]byte(known), &meta) == nil {
			had, _ := meta["size"].(float64)
			if sha, _ := meta["sha256"].(string); sha != "" && e.Files.Has(sha) && (!sized || size == had) {
				maps.Copy(link, meta)
				return true, nil
			}
		}
	}
	got, err := e.store(ctx, func() (plan.Content, error) { return src.OpenFile(ctx, key) })
	if hopeless, err := e.noFile(ctx, key, link, err); hopeless || err != nil || link["error"] != nil {
		return hopeless, err
	}
	meta := map[string]any{"sha256": got.sha, "size": got.size, "type": got.Type}
	maps.Copy(link, meta)
	text, err := json.Marshal(meta)
	if err != nil {
		return false, err
	}
	return true, e.Cache.Set(ctx, name, string(text))
}

// noFile writes into the link why a file could not be read: it is not lost in silence, the part that carries it says so. An
// error is for what ends a pull: a key that is refused, and what is wrong on this side. hopeless: there is no use in trying
// again.
func (e *Engine) noFile(ctx context.Context, key string, link map[string]any, err error) (hopeless bool, fatal error) {
	var answer *readError
	switch {
	case err == nil:
		return false, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, plan.ErrKey) || !errors.As(err, &answer):
		return false, fmt.Errorf("fetch %s: %w", key, err)
	}
	link["error"] = e.Redact.Text(err.Error())
	return errors.Is(err, plan.ErrUnreadable), nil
}

// A readError is of the source's side.
type readError struct{ error }

func (e *readError) Unwrap() error { return e.error }

// A stored file is in the content store.
type stored struct {
	plan.Content
	sha  string
	size int64
}

// brokenOff is how often a file is tried whose bytes break off on the way.
const brokenOff = 3

// store streams a file into the content store.
func (e *Engine) store(ctx context.Context, open func() (plan.Content, error)) (got stored, err error) {
	for range brokenOff {
		if got.Content, err = open(); err != nil {
			return got, &readError{err}
		}
		body := &noticed{r: got.Body}
		got.sha, got.size, err = e.Files.Put(ctx, body)
		if cerr := got.Body.Close(); err == nil && cerr != nil {
			err, body.err = cerr, cerr
		}
		if err == nil || body.err == nil || ctx.Err() != nil {
			return got, err
		}
		err = &readError{body.err}
	}
	return got, err
}

// noticed is a reader that keeps its error: what went wrong was on its side.
type noticed struct {
	r   io.Reader
	err error
}

func (n *noticed) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return k, err
}

// fingerprint names the content of an export file and the arguments it is read with; empty for a service.
func (e *Engine) fingerprint(d plan.Data) (string, error) {
	name, ok := d.Args["file"].(string)
	if !ok {
		return "", nil
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.Dir, path)
	}
	f, err := os.Open(path)
	if err != nil {
		if os.IsNotExist(err) {
			return "", fmt.Errorf("read data.%s: there is no file %s; put it there or correct the file argument", d.Address(), name)
		}
		return "", fmt.Errorf("read data.%s: open %s: %w", d.Address(), name, err)
	}
	defer f.Close()
	if fi, err := f.Stat(); err == nil && fi.IsDir() {
		return "", fmt.Errorf("read data.%s: %s is a folder; name the file in it in the file argument", d.Address(), name)
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read data.%s: %s: %w", d.Address(), name, err)
	}
	args := plan.Hash(d.Args)
	return strings.Join([]string{hex.EncodeToString(h.Sum(nil)), args, strings.Join(d.Key, ","), strings.Join(d.GroupBy, ","), d.GroupRecord, d.Duplicates}, "|"), nil
}
