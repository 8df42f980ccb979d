package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"deskform/providers/itsm365"
	"deskform/providers/itsm365/metainfo"
	"deskform/providers/transport"
)

const (
	exportFile = "metainfo.xml"
	exportDir  = "metainfo" // of one that is split
)

// maxRun is how long a piece of the export may be without a sign that no key has in it: more than any text that the reader
// takes.
const maxRun = 80 << 20

// A Metainfo is the configuration export as it is kept.
type Metainfo struct {
	// From is the name of the file, or the call.
	From string `json:"from"`
	// Path has slashes and begins in the folder of the archive; the parts of an export that is split lie below its folder.
	Path  string `json:"path"`
	Parts int    `json:"parts"`
	Bytes int64  `json:"bytes"`
	// What it says of itself; empty for nothing.
	Date    string `json:"date,omitempty"`
	Mode    string `json:"mode,omitempty"`
	Version string `json:"version,omitempty"`
	// Keys is how many access keys were taken out.
	Keys int `json:"keys_removed,omitempty"`
}

// An exporter is a source that may have a configuration export.
type exporter interface {
	// Metainfo says where it comes from, nil for nowhere: a file, which ReadMetainfo reads, or a call, which AskMetainfo
	// makes. An error of the call is a line of the manifest.
	Metainfo() *itsm365.Metainfo
	ReadMetainfo() (*metainfo.Summary, error)
	AskMetainfo(ctx context.Context) (io.ReadCloser, error)
}

var _ exporter = (*itsm365.Source)(nil)

// export is where the export comes from; nil for nowhere.
func (r *run) export() (exporter, *itsm365.Metainfo) {
	if src, ok := r.Source.(exporter); ok {
		return src, src.Metainfo()
	}
	return nil, nil
}

// keepExport copies the export from its file, with its parts. A file that is none is a mistake of the configuration, and ends
// the run before anything is asked.
func (r *run) keepExport(ctx context.Context, m *Manifest) error {
	src, from := r.export()
	if from == nil || from.Asked() {
		return nil
	}
	r.Stage("keep metainfo", 0)
	sum, err := src.ReadMetainfo()
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	for _, old := range []string{exportFile, exportDir} { // of a run that was interrupted
		if err := os.RemoveAll(r.f.path(old)); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
	}
	root, name, err := metainfo.Folder(from.File)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer root.Close()
	kept := r.described(from, sum)
	if kept.Parts = len(sum.Files); kept.Parts > 1 {
		kept.Path = path.Join(exportDir, name)
	}
	met := map[string]bool{}
	for _, part := range sum.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if met[part] {
			kept.Parts--
			continue
		}
		met[part] = true
		to := exportFile
		if kept.Path != exportFile {
			to = path.Join(exportDir, part)
		}
		in, err := root.Open(part)
		if err != nil {
			return fmt.Errorf("archive: %w", err)
		}
		err = r.keepPart(in, to, kept)
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	r.noteExport(m, kept)
	return nil
}

func (r *run) described(from *itsm365.Metainfo, sum *metainfo.Summary) *Metainfo {
	return &Metainfo{From: from.From(), Path: exportFile, Parts: 1, Date: sum.Date, Mode: sum.Mode, Version: sum.Version}
}

func (r *run) noteExport(m *Manifest, kept *Metainfo) {
	m.Metainfo = kept
	if kept.Keys > 0 {
		m.KeysRemoved["metainfo"] = kept.Keys
	}
}

// keepPart copies one file, without keys.
func (r *run) keepPart(in io.Reader, to string, kept *Metainfo) error {
	d, err := r.f.create(to)
	if err != nil {
		return err
	}
	defer d.drop()
	n, keys, err := copyClean(d, in, r.clean)
	if err != nil {
		return fmt.Errorf("archive: write %s: %w", to, err)
	}
	kept.Bytes, kept.Keys = kept.Bytes+n, kept.Keys+keys
	return d.keep()
}

// askExport asks the service for the export, unless a run before this one has it. Whatever comes in its place is a line of
// the manifest.
func (r *run) askExport(ctx context.Context, m *Manifest) error {
	src, from := r.export()
	if from == nil || !from.Asked() {
		return nil
	}
	r.Stage("ask for metainfo", 0)
	var kept *Metainfo
	j, err := r.f.openJournal("metainfo.done", func(line []byte) (bool, error) {
		var k Metainfo
		if err := json.Unmarshal(line, &k); err != nil {
			return false, nil
		}
		if info, err := os.Stat(r.f.path(k.Path)); err == nil && info.Size() == k.Bytes {
			kept = &k
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	defer func() { _ = j.close() }() // the entry is of a file that is on the disk
	if kept == nil {
		var why error
		if kept, why, err = r.fetchExport(ctx, src, from); err != nil {
			return err
		}
		if why != nil {
			m.Unreadable = append(m.Unreadable, Unreadable{What: from.From(), Why: r.Redact.Text(why.Error())})
			return nil
		}
		if err := errors.Join(j.note(kept), j.sync()); err != nil {
			return err
		}
	}
	r.noteExport(m, kept)
	return nil
}

// fetchExport streams the export to its place and reads it there. why is the service's reason that there is none, err what
// ends the run.
func (r *run) fetchExport(ctx context.Context, src exporter, from *itsm365.Metainfo) (kept *Metainfo, why, err error) {
	body, why := src.AskMetainfo(ctx)
	if why != nil {
		return nil, why, ctx.Err()
	}
	defer body.Close()
	d, err := r.f.create(exportFile)
	if err != nil {
		return nil, nil, err
	}
	defer d.drop()
	in := &failing{in: body}
	n, keys, err := copyClean(d, in, r.clean)
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case in.err != nil:
		return nil, in.err, nil
	case errors.Is(err, bufio.ErrTooLong):
		return nil, err, nil
	case err == nil:
		err = d.Flush()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("archive: write %s: %w", exportFile, err)
	}
	tmp, err := os.Open(d.tmp.Name())
	if err != nil {
		return nil, nil, fmt.Errorf("archive: %w", err)
	}
	sum, why := metainfo.Read(tmp)
	if err := tmp.Close(); err != nil || why != nil {
		return nil, why, err
	}
	kept = r.described(from, sum)
	kept.Bytes, kept.Keys = n, keys
	return kept, nil, d.keep()
}

// failing keeps the error of reading apart from that of writing.
type failing struct {
	in  io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// copyClean writes a text without keys, piece by piece: a piece ends where no key goes on. It says how much was written, and how
// many keys there were.
func copyClean(to io.Writer, from io.Reader, c *transport.Cleaner) (written int64, keys int, err error) {
	in := bufio.NewScanner(from)
	in.Buffer(make([]byte, 0, 1<<18), maxRun)
	in.Split(func(data []byte, end bool) (int, []byte, error) {
		n := bytes.LastIndexAny(data, "<> \n") + 1
		if end {
			n = len(data)
		}
		if n == 0 {
			return 0, nil, nil
		}
		return n, data[:n:n], nil
	})
	for in.Scan() {
		text, n := c.Text(in.Bytes())
		keys += n
		k, err := to.Write(text)
		written += int64(k)
		if err != nil {
			return written, keys, err
		}
	}
	return written, keys, in.Err()
}
