package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deskform/providers/itsm365"
)

// format is the version of the folder's layout.
const format = 1

// A Manifest says what is in an archive and what is not.
type Manifest struct {
	Format   int       `json:"format"`
	Tool     string    `json:"tool"`
	Tenant   string    `json:"tenant"`
	TimeZone string    `json:"time_zone"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`

	Classes []ClassReport `json:"classes"`
	// Empty classes answer and list nothing: they are unused, or hidden from the key.
	Empty []string `json:"empty,omitempty"`
	// Skipped classes were not asked for.
	Skipped []string `json:"skipped,omitempty"`
	Files   Files    `json:"files"`
	// Metainfo is the configuration export (IT 5.2); nil where none was configured, or the key gets none.
	Metainfo *Metainfo `json:"metainfo,omitempty"`
	// Unreadable is what the key could not get: classes, the comments and files of single objects, the bytes of files.
	Unreadable []Unreadable `json:"unreadable,omitempty"`
	// KeysRemoved counts personal access keys of one-click links, by class, those of the configuration export as metainfo; (key-removed) stands in their place.
	KeysRemoved map[string]int `json:"keys_removed,omitempty"`
	Notes       []string       `json:"notes"`
}

// Files are the bytes that were got.
type Files struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

// Unreadable is something that is not in the archive, and why.
type Unreadable struct {
	What string `json:"what"`
	Of   string `json:"of,omitempty"`
	Why  string `json:"why"`
}

// Incomplete says that something was there and could not be read. A class that is refused as a whole is not that: a module
// may be missing from the edition.
func (m *Manifest) Incomplete() bool {
	for _, u := range m.Unreadable {
		if u.Of != "" || strings.Contains(u.What, "$") {
			return true
		}
	}
	return false
}

// Objects is how many there are in all classes.
func (m *Manifest) Objects() int {
	n := 0
	for _, c := range m.Classes {
		n += c.Objects
	}
	return n
}

func readManifest(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return nil, err
	}
	var m Manifest
	return &m, json.Unmarshal(text, &m)
}

// finish writes the manifest and the hashes, and takes away what an archive that is whole does not need.
func (r *run) finish(ctx context.Context, m *Manifest) error {
	m.Finished = r.Now().UTC().Truncate(time.Second)
	m.Notes = []string{
		"Objects are as the service gave them, but for access keys. Dates are in the zone above.",
		"The read took from started to finished: what changed meanwhile is there in one of its forms.",
		"A class that is empty here may be hidden from the key that read it. Compare the counts with the numbers on the screen.",
		"There is no list of classes to ask for: those of the stock were asked, those of --class and of the configuration, and those that links lead to. What was asked and did not answer stands under empty and unreadable.",
		"The bytes of files are unchanged, and may hold personal data and secrets.",
	}
	for _, c := range m.Classes {
		if c.Asked == List {
			m.Notes = append(m.Notes, c.Class+" was read as a list, and some owners were asked one by one to compare: rights are checked by owner, so that single ones may be missing. --owned=each asks every owner.")
		}
	}
	if m.Metainfo != nil {
		m.Notes = append(m.Notes, "The configuration export is as it was given, but for access keys: its scripts may hold passwords and addresses.")
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return err
	}
	if err := r.f.put(manifestFile, text.Bytes()); err != nil {
		return err
	}
	r.Stage("write hashes", 0)
	if err := r.writeSums(ctx); err != nil {
		return err
	}
	// begun.json goes first: without it, what is left of the folder says nothing.
	if err := os.Remove(r.f.work(begunFile)); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if err := os.RemoveAll(r.f.work(".")); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return nil
}

// listing is every file of an archive but the hashes themselves, by path with slashes, sorted.
func listing(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && rel == workDir:
			return filepath.SkipDir
		case d.IsDir() || rel == sumsFile:
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is no file; an archive holds nothing else", path)
		}
		names = append(names, filepath.ToSlash(rel))
		return nil
	})
	slices.Sort(names)
	return names, err
}

// hash is the SHA-256 of a file.
func hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (r *run) writeSums(ctx context.Context) error {
	names, err := listing(r.Dir)
	if err != nil {
		return fmt.Errorf("archive: list %s: %w", r.Dir, err)
	}
	d, err := r.f.create(sumsFile)
	if err != nil {
		return err
	}
	defer d.drop()
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		sum, err := hash(r.f.path(name))
		if err != nil {
			return fmt.Errorf("archive: %w", err)
		}
		if _, err := fmt.Fprintf(d, "%s  %s\n", sum, name); err != nil {
			return fmt.Errorf("archive: write %s: %w", sumsFile, err)
		}
	}
	return d.keep()
}

// ErrDamaged says that an archive is not any more as it was written.
var ErrDamaged = errors.New("the archive is damaged")

// verify holds every file against its hash, and reads the manifest when it is as it was written.
func verify(ctx context.Context, dir string, step func(int)) (*Manifest, error) {
	if err := verifyFiles(ctx, dir, step); err != nil {
		return nil, err
	}
	m, err := readManifest(dir)
	if err == nil && m.Format != format {
		err = fmt.Errorf("it is of layout %d, and this deskform knows %d", m.Format, format)
	}
	if err != nil {
		return nil, fmt.Errorf("archive: %s: read %s: %w", dir, manifestFile, err)
	}
	return m, nil
}

func verifyFiles(ctx context.Context, dir string, step func(int)) error {
	sums, err := os.Open(filepath.Join(dir, sumsFile))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("archive: %s: %w:\n  %s is gone, so that nothing can be checked", dir, ErrDamaged, sumsFile)
	}
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer sums.Close()
	want := map[string]string{}
	in := bufio.NewScanner(sums)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		sum, name, ok := strings.Cut(in.Text(), "  ")
		if !ok || len(sum) != 2*sha256.Size {
			return fmt.Errorf("archive: %s: %w:\n  %s was changed: it is no list of hashes", dir, ErrDamaged, sumsFile)
		}
		want[name] = sum
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("archive: read %s: %w", sumsFile, err)
	}
	names, err := listing(dir)
	if err != nil {
		return fmt.Errorf("archive: list %s: %w", dir, err)
	}
	var wrong []string
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		sum, err := hash(filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case err != nil:
			return fmt.Errorf("archive: %w", err)
		case want[name] == "":
			wrong = append(wrong, name+" was added")
		case want[name] != sum:
			wrong = append(wrong, name+" was changed")
		}
		delete(want, name)
		step(1)
	}
	for name := range want {
		wrong = append(wrong, name+" is gone")
	}
	slices.Sort(wrong)
	if len(wrong) > 0 {
		more := ""
		if len(wrong) > 20 {
			wrong, more = wrong[:20], fmt.Sprintf("\n  and %d more", len(wrong)-20)
		}
		return fmt.Errorf("archive: %s: %w:\n  %s%s", dir, ErrDamaged, strings.Join(wrong, "\n  "), more)
	}
	return nil
}

// oneLine is JSON as a line of JSON Lines.
func oneLine(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(raw) + 1)
	if err := json.Compact(&b, raw); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func leftOut(class string) []string { return itsm365.LeftOut(classOf(class)) }
