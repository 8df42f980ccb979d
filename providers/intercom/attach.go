package intercom

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"deskform/plan"
)

// A stream is a JSON body with files in it. Their base64 is made while it is sent: a file of 18 MB would else be held
// several times over, in each of many calls.
type stream struct {
	files func(sha256 string) (io.ReadCloser, error)
	// texts stand before, between and behind the files.
	texts [][]byte
	shas  []string
	size  int64
}

// withFiles adds attachment_files to a body (IC 3.6). Each file is read once to its end here, so that one that is damaged
// or gone is noticed before anything is sent.
func (w *Writer) withFiles(in map[string]any, files []plan.Value) (*stream, error) {
	if w.c.Files == nil {
		return nil, errors.New("there is no file store")
	}
	head, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	s := &stream{files: w.c.Files}
	text := append(bytes.TrimSuffix(head, []byte("}")), `,"attachment_files":[`...)
	for i, f := range files {
		file, ok := f.(plan.File)
		if !ok {
			return nil, errors.New("a file is no file")
		}
		size, err := s.measure(file.SHA256)
		if err != nil {
			return nil, err
		}
		about, err := json.Marshal(map[string]any{"content_type": contentType(file), "name": file.Name})
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(text, bytes.TrimSuffix(about, []byte("}"))...), `,"data":"`...)
		s.texts, s.shas = append(s.texts, text), append(s.shas, file.SHA256)
		s.size += int64(len(text)) + (size+2)/3*4
		text = []byte(`"}`)
	}
	text = append(text, "]}"...)
	s.texts, s.size = append(s.texts, text), s.size+int64(len(text))
	return s, nil
}

func (s *stream) measure(sha string) (size int64, err error) {
	r, err := s.files(sha)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if size, err = io.Copy(io.Discard, r); err != nil {
		return 0, fmt.Errorf("read file %s from the store: %w", sha, err)
	}
	return size, nil
}

// open gives the whole body once more. The caller closes it.
func (s *stream) open() (io.ReadCloser, error) {
	out := &streamReader{}
	for i, text := range s.texts {
		out.parts = append(out.parts, bytes.NewReader(text))
		if i < len(s.shas) {
			f := &base64File{open: func() (io.ReadCloser, error) { return s.files(s.shas[i]) }}
			out.parts, out.files = append(out.parts, f), append(out.files, f)
		}
	}
	out.Reader = io.MultiReader(out.parts...)
	return out, nil
}

type streamReader struct {
	io.Reader
	parts []io.Reader
	files []*base64File
}

func (r *streamReader) Close() error {
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// A base64File is the base64 of a file, which is opened when the first byte is asked for.
type base64File struct {
	open func() (io.ReadCloser, error)
	mu   sync.Mutex // a call that is cut off is closed while it is read
	file io.ReadCloser
	raw  [3 << 12]byte
	text [4 << 12]byte
	rest []byte // of text, not yet given
	end  error
}

func (b *base64File) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		if b.end != nil {
			return 0, b.end
		}
		if b.file, b.end = b.open(); b.end != nil {
			b.file = nil
			return 0, b.end
		}
	}
	for len(b.rest) == 0 {
		if b.end != nil {
			return 0, b.end
		}
		n, err := io.ReadFull(b.file, b.raw[:])
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		if b.end = err; err == nil || err == io.EOF {
			base64.StdEncoding.Encode(b.text[:], b.raw[:n])
			b.rest = b.text[:base64.StdEncoding.EncodedLen(n)]
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close closes the file, if it was opened; nothing can be read any more.
func (b *base64File) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		b.end = io.ErrClosedPipe
		return nil
	}
	err := b.file.Close()
	b.file, b.rest, b.end = nil, nil, io.ErrClosedPipe
	return err
}
