package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// load reads a data directory into an empty store (the package comment tells the format).
func (s *store) load(dir fs.FS) error {
	names, err := fs.Glob(dir, "*.jsonl")
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("there is no .jsonl file in it")
	}
	for _, name := range names {
		if err := s.loadFile(dir, name); err != nil {
			return err
		}
	}
	// Links can point forward, so they are looked at when everything is there.
	for _, list := range s.classes {
		for _, o := range list {
			if err := s.check(o.typ, o.attrs); err != nil {
				return fmt.Errorf("%s: %s: %w", o.at, o.uuid, err)
			}
		}
	}
	return nil
}

func (s *store) loadFile(dir fs.FS, name string) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	class := strings.TrimSuffix(path.Base(name), ".jsonl")
	if class != "catalogs" && !s.modules.classes[class] {
		s.model.add(class, nil)
	}
	lines := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			at := fmt.Sprintf("%s:%d", name, n)
			if err := s.loadLine(line, class, at); err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func (s *store) loadLine(line []byte, class, at string) error {
	attrs, err := decodeObject(line)
	if err != nil {
		return err
	}
	o, err := s.newObject(attrs, class == "catalogs")
	if errors.Is(err, errAbsent) {
		return nil
	}
	if err != nil {
		return err
	}
	if class == "catalogs" {
		for _, name := range []string{"code", "title"} {
			if text, _ := o.attrs[name].(string); text == "" {
				return fmt.Errorf("%s: a catalog item needs a %s", o.uuid, name)
			}
		}
	} else if c := o.typ.class().fqn; c != class {
		return fmt.Errorf("%s belongs into %s.jsonl", o.uuid, c)
	}
	o.at = at
	s.put(o)
	return nil
}

// decodeObject reads one JSON object and keeps numbers as they are written.
func decodeObject(text []byte) (map[string]any, error) {
	var attrs map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&attrs); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if attrs == nil {
		return nil, errors.New("read JSON: not an object")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("read JSON: more than one object in the line")
	}
	return attrs, nil
}
