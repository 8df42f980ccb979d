package hcl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"deskform/plan"
)

// lockFormat is raised when older programs cannot read the file any more.
const lockFormat = 1

type lockFile struct {
	Format int                     `json:"format"`
	Data   map[string]plan.RowType `json:"data"`
}

// ReadLock reads schema.lock.json. A file that is not there is an error that is os.ErrNotExist.
func ReadLock(path string) (map[string]plan.RowType, error) {
	name := filepath.Base(path)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	var f lockFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("read %s: it is damaged (%v); take it from git, or delete it and run `deskform pull`", name, err)
	}
	if f.Format > lockFormat {
		return nil, fmt.Errorf("read %s: it has format %d, and this deskform reads up to %d; install a newer one", name, f.Format, lockFormat)
	}
	if f.Format < 1 {
		return nil, fmt.Errorf("read %s: it is no lock file of deskform; take it from git, or delete it and run `deskform pull`", name)
	}
	return f.Data, nil
}

// WriteLock writes schema.lock.json: sorted and indented, so that git shows what changed. An equal file is left alone.
func WriteLock(path string, data map[string]plan.RowType) error {
	name := filepath.Base(path)
	if data == nil {
		data = map[string]plan.RowType{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(lockFile{Format: lockFormat, Data: data}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, b.Bytes()) {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".lock-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, cause(err))
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b.Bytes())
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, cause(err))
	}
	return nil
}

// UnknownColumns is the summary of the warning that a data block is not in schema.lock.json yet. Commands that are about to
// find its columns out need not print it.
const UnknownColumns = "Columns are not known"

// UnknownColumn is the summary of the error that rows do not have a column.
const UnknownColumn = "Unknown column"
