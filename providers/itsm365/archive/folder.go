package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

const (
	workDir      = ".archive"
	begunFile    = "begun.json"
	manifestFile = "MANIFEST.json"
	sumsFile     = "SHA256SUMS"
	filesFile    = "FILES.jsonl"

	dirMode  = 0o700
	fileMode = 0o600
)

var errBusy = errors.New("another archive run works in this folder; wait until it is done")

// begun is what an archive that is not whole says of itself.
type begun struct {
	Format  int       `json:"format"`
	Tenant  string    `json:"tenant"`
	Owned   string    `json:"owned"`
	Started time.Time `json:"started"`
}

// A folder is the archive's directory while it is written.
type folder struct {
	dir    string
	begun  begun
	locked *os.File
}

// openFolder makes the folder ready. whole says that it holds an archive already, which nothing is written to.
func openFolder(o Options) (f *folder, whole bool, err error) {
	f = &folder{dir: o.Dir}
	entries, err := os.ReadDir(o.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, false, fmt.Errorf("archive: %w", err)
	}
	text, berr := os.ReadFile(f.work(begunFile))
	switch {
	case berr == nil:
		if err := json.Unmarshal(text, &f.begun); err != nil || f.begun.Format != format {
			return nil, false, fmt.Errorf("archive: %s cannot be read, so that %s cannot be gone on with; write into another folder", f.work(begunFile), o.Dir)
		}
		if f.begun.Tenant != o.Address {
			return nil, false, fmt.Errorf("archive: %s was begun with %s, and the configuration reads %s; write into another folder", o.Dir, f.begun.Tenant, o.Address)
		}
		if f.begun.Owned != o.Owned {
			return nil, false, fmt.Errorf("archive: %s was begun with --owned=%s; go on with that, or write into another folder", o.Dir, f.begun.Owned)
		}
	case isArchive(o.Dir):
		return f, true, nil
	case len(entries) > 0:
		return nil, false, fmt.Errorf("archive: %s is not empty and holds no archive; write into an empty folder or a new one", o.Dir)
	default:
		f.begun = begun{Format: format, Tenant: o.Address, Owned: o.Owned, Started: o.Now().UTC().Truncate(time.Second)}
		if err := os.MkdirAll(f.work("."), dirMode); err != nil {
			return nil, false, fmt.Errorf("archive: %w", err)
		}
		if err := os.Chmod(o.Dir, dirMode); err != nil {
			return nil, false, fmt.Errorf("archive: %w", err)
		}
		text, err := json.Marshal(f.begun)
		if err != nil {
			return nil, false, err
		}
		if err := f.put(filepath.Join(workDir, begunFile), text); err != nil {
			return nil, false, err
		}
	}
	if f.locked, err = os.OpenFile(f.work("lock"), os.O_CREATE|os.O_RDWR, fileMode); err != nil {
		return nil, false, fmt.Errorf("archive: %w", err)
	}
	if err := lock(f.locked); err != nil {
		return nil, false, errors.Join(fmt.Errorf("archive: %s: %w", o.Dir, err), f.close())
	}
	return f, false, nil
}

// isArchive tells the folder of an archive that was written to its end, damaged or not: either of its two lists is as we
// write it, or both are there.
func isArchive(dir string) bool {
	_, merr := os.Stat(filepath.Join(dir, manifestFile))
	sums, serr := os.ReadFile(filepath.Join(dir, sumsFile))
	if merr == nil && serr == nil || bytes.Contains(sums, []byte("  "+manifestFile+"\n")) {
		return true
	}
	m, err := readManifest(dir)
	return err == nil && m.Format == format
}

func (f *folder) close() error {
	if f.locked == nil {
		return nil
	}
	return f.locked.Close()
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }
func (f *folder) work(name string) string { return filepath.Join(f.dir, workDir, name) }

// create begins a file that appears under its name only when it is kept.
func (f *folder) create(name string) (*draft, error) {
	tmp, err := os.CreateTemp(f.work("."), "draft-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("archive: write %s: %w", name, err)
	}
	return &draft{f: f, name: name, tmp: tmp, sync: true, Writer: bufio.NewWriterSize(tmp, 1<<16)}, nil
}

// put writes a small file at once.
func (f *folder) put(name string, text []byte) error { return f.write(name, text, true) }

// putQuick is put for one of thousands that can be made anew: the end of the machine may still empty it, and its hash tells.
func (f *folder) putQuick(name string, text []byte) error { return f.write(name, text, false) }

func (f *folder) write(name string, text []byte, sync bool) error {
	d, err := f.create(name)
	if err != nil {
		return err
	}
	d.sync = sync
	defer d.drop()
	if _, err := d.Write(text); err != nil {
		return fmt.Errorf("archive: write %s: %w", name, err)
	}
	return d.keep()
}

// A draft is a file that is not there yet.
type draft struct {
	*bufio.Writer
	f    *folder
	name string
	tmp  *os.File
	sync bool
}

// keep puts the draft in its place, whole and on the disk.
func (d *draft) keep() error {
	fail := func(err error) error { return fmt.Errorf("archive: write %s: %w", d.name, err) }
	if err := d.Flush(); err != nil {
		return fail(err)
	}
	if d.sync {
		if err := d.tmp.Sync(); err != nil {
			return fail(err)
		}
	}
	if err := d.tmp.Close(); err != nil {
		return fail(err)
	}
	to := d.f.path(d.name)
	if err := os.MkdirAll(filepath.Dir(to), dirMode); err != nil {
		return fail(err)
	}
	if err := os.Rename(d.tmp.Name(), to); err != nil {
		return fail(err)
	}
	d.tmp = nil
	return nil
}

// drop forgets a draft that was not kept. It can be deferred in any case.
func (d *draft) drop() {
	if d.tmp != nil {
		_ = d.tmp.Close() // it is thrown away
		_ = os.Remove(d.tmp.Name())
	}
}

// A journal notes what is done, an entry a line. An entry that was cut off by the end of a process counts as not written.
type journal struct {
	file *os.File
	w    *bufio.Writer
}

// openJournal hands each entry to read, and is then ready for more. When read says that an entry does not hold, it and all
// after it are dropped.
func (f *folder) openJournal(name string, read func(line []byte) (holds bool, err error)) (*journal, error) {
	file, err := os.OpenFile(f.work(name), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	j := &journal{file: file, w: bufio.NewWriter(file)}
	lines := bufio.NewReader(file)
	end := int64(0)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("archive: read %s: %w", f.work(name), err), file.Close())
		}
		holds, err := read(bytes.TrimSpace(line))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("archive: read %s: %w", f.work(name), err), file.Close())
		}
		if !holds {
			break
		}
		end += int64(len(line))
	}
	if err := file.Truncate(end); err != nil {
		return nil, errors.Join(fmt.Errorf("archive: %w", err), file.Close())
	}
	if _, err := file.Seek(end, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("archive: %w", err), file.Close())
	}
	return j, nil
}

// note writes an entry. It is safe against the end of the process at once, and against that of the machine after sync.
func (j *journal) note(entry any) error {
	text, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	_, err = j.w.Write(append(text, '\n'))
	if err := errors.Join(err, j.w.Flush()); err != nil {
		return fmt.Errorf("archive: write %s: %w", j.file.Name(), err)
	}
	return nil
}

func (j *journal) sync() error  { return j.file.Sync() }
func (j *journal) close() error { return errors.Join(j.w.Flush(), j.file.Sync(), j.file.Close()) }

// lines yields the lines of a JSON Lines file with the place where each begins.
func lines(path string, yield func(at int64, line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<16)
	at := int64(0)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			if yerr := yield(at, bytes.TrimRight(line, "\n")); yerr != nil {
				return yerr
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("archive: read %s: %w", path, err)
		}
		at += int64(len(line))
	}
}
