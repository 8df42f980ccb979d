package desk

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	_ fs.FS        = (*Desk)(nil)
	_ fs.ReadDirFS = (*Desk)(nil)
)

// Open opens CLASS.jsonl, whose lines are made while they are read, or files/N. The size of a CLASS.jsonl is not known
// before it is read, and given as 0.
func (d *Desk) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if name == "." || name == "files" {
		list, err := d.ReadDir(name)
		return &folder{entry: entry{name: path.Base(name), dir: true}, list: list}, err
	}
	if class, ok := strings.CutSuffix(name, ".jsonl"); ok && d.classes[class] != nil {
		next, stop := iter.Pull(d.classes[class])
		return &lines{entry: entry{name: name}, next: next, stop: stop}, nil
	}
	if digits, ok := strings.CutPrefix(name, "files/"); ok {
		if f, found := d.fileNumbered(digits); found {
			b := d.content(f)
			return &bytesFile{entry{name: digits, size: int64(len(b))}, bytes.NewReader(b)}, nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the folder or the one with the bytes of files.
func (d *Desk) ReadDir(name string) ([]fs.DirEntry, error) {
	var list []fs.DirEntry
	switch name {
	case ".":
		for class := range maps.Keys(d.classes) {
			list = append(list, fs.FileInfoToDirEntry(entry{name: class + ".jsonl"}))
		}
		list = append(list, fs.FileInfoToDirEntry(entry{name: "files", dir: true}))
	case "files":
		for i := range d.files {
			list = append(list, fs.FileInfoToDirEntry(entry{name: strconv.Itoa(d.files[i].num), size: int64(len(d.content(i)))}))
		}
	default:
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// fileNumbered finds the file with a number.
func (d *Desk) fileNumbered(digits string) (int, bool) {
	n, err := strconv.Atoi(digits)
	if err != nil || strconv.Itoa(n) != digits {
		return 0, false
	}
	at, found := slices.BinarySearchFunc(d.order[kindFile], n, func(i int32, n int) int { return d.files[i].num - n })
	if !found {
		return 0, false
	}
	return int(d.order[kindFile][at]), true
}

// An entry is the fs.FileInfo of a file or folder.
type entry struct {
	name string
	size int64
	dir  bool
}

func (e entry) Name() string               { return e.name }
func (e entry) Size() int64                { return e.size }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) IsDir() bool                { return e.dir }
func (e entry) Sys() any                   { return nil }
func (e entry) Stat() (fs.FileInfo, error) { return e, nil }
func (e entry) Close() error               { return nil }

func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

type bytesFile struct {
	entry
	*bytes.Reader
}

func (f *bytesFile) Size() int64 { return f.entry.size }

// lines reads a sequence of lines.
type lines struct {
	entry
	next func() ([]byte, bool)
	stop func()
	rest []byte
}

func (l *lines) Read(b []byte) (int, error) {
	for len(l.rest) == 0 {
		more, ok := l.next()
		if !ok {
			return 0, io.EOF
		}
		l.rest = more
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

func (l *lines) Close() error {
	l.stop()
	return nil
}

type folder struct {
	entry
	list []fs.DirEntry
}

func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: errors.New("is a directory")}
}

func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(f.list)
	} else if len(f.list) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.list))
	list := f.list[:n]
	f.list = f.list[n:]
	return list, nil
}
