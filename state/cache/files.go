package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// Files is a folder of files by the SHA-256 of their content.
type Files struct{ dir string }

// OpenFiles makes the folder when it is not there.
func OpenFiles(dir string) (*Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the file store: %w", err)
	}
	return &Files{dir}, nil
}

// Put keeps what r holds and returns its hash and size. A file is there whole or not at all.
func (f *Files) Put(ctx context.Context, r io.Reader) (sha string, size int64, err error) {
	tmp, err := os.CreateTemp(f.dir, ".put-*")
	if err != nil {
		return "", 0, fmt.Errorf("keep a file: %w", err)
	}
	defer os.Remove(tmp.Name())
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(tmp, h), r)
	if err = errors.Join(err, ctx.Err(), tmp.Close()); err != nil {
		return "", 0, fmt.Errorf("keep a file: %w", err)
	}
	sha = hex.EncodeToString(h.Sum(nil))
	if err := os.Rename(tmp.Name(), filepath.Join(f.dir, sha)); err != nil {
		return "", 0, fmt.Errorf("keep a file: %w", err)
	}
	return sha, size, nil
}

// Open reads a file. The caller closes it. When the bytes are not those that were put, the read ends with an error.
func (f *Files) Open(sha string) (io.ReadCloser, error) {
	file, err := os.Open(filepath.Join(f.dir, filepath.Base(sha)))
	if err != nil {
		return nil, fmt.Errorf("read file %s from the store: %w; run `deskform pull --full`", sha, err)
	}
	return &checked{File: file, want: sha, sum: sha256.New()}, nil
}

// A checked file compares its bytes with its name.
type checked struct {
	*os.File
	want string
	sum  hash.Hash
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	c.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && hex.EncodeToString(c.sum.Sum(nil)) != c.want {
		return n, fmt.Errorf("file %s of the store is damaged; delete it and run `deskform pull --full`", c.want)
	}
	return n, err
}

// WriteTo keeps copies from going past the comparison.
func (c *checked) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{c}) }

// Has reports whether the store has a file.
func (f *Files) Has(sha string) bool {
	_, err := os.Stat(filepath.Join(f.dir, filepath.Base(sha)))
	return err == nil
}
