package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

// The folder that init writes is held by a test: it validates.
var (
	//go:embed init/main.hcl
	initMain []byte
	//go:embed init/checklist.hcl
	initChecklist []byte
	//go:embed init/gitignore
	initGitignore []byte
)

// init writes a folder to start from. It overwrites nothing.
func (a *app) init() error {
	if err := os.MkdirAll(a.dir, 0o755); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	files := []struct {
		name string
		text []byte
	}{{"main.hcl", initMain}, {"checklist.hcl", initChecklist}, {".gitignore", initGitignore}}
	if old, err := filepath.Glob(filepath.Join(a.dir, "*.hcl")); err != nil {
		return err
	} else if len(old) > 0 {
		return fmt.Errorf("init: %s is there already; init starts in a folder without *.hcl files", filepath.Base(old[0]))
	}
	for _, f := range files {
		path := filepath.Join(a.dir, f.name)
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if os.IsExist(err) {
			fmt.Fprintf(a.out, "%s is there already and stays as it is\n", f.name)
			continue
		}
		if err != nil {
			return fmt.Errorf("init: %w", err)
		}
		if _, err := out.Write(f.text); err != nil {
			return fmt.Errorf("init: write %s: %w", f.name, err)
		}
		if err := out.Close(); err != nil {
			return fmt.Errorf("init: write %s: %w", f.name, err)
		}
		fmt.Fprintln(a.out, "wrote", f.name)
	}
	_, err := fmt.Fprint(a.out, `
Next:
  1. export ITSM365_ACCESS_KEY and INTERCOM_TOKEN (the configuration names no secret),
  2. deskform check    tests both ends,
  3. deskform discover --out scope.html  writes what moves, what does not and what it takes; it needs no INTERCOM_TOKEN,
  4. deskform pull     reads the source and writes schema.lock.json, which belongs in git,
  5. deskform plan     shows what an apply would do,
  6. deskform checklist  shows what a person turns off before an apply, and takes their word.
`)
	return err
}
