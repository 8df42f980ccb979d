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
			if err := s.check(o.typ, o.packed); err != nil {
				return fmt.Errorf("%s.jsonl:%d: %s: %w", s.fileOf(o), o.line, o.uuid, err)
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
			if err := s.loadLine(line, class, n); err != nil {
				return fmt.Errorf("%s:%d: %w", name, n, err)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// fileOf is the name of the file that an object was read from, without its end.
func (s *store) fileOf(o *object) string {
	if o.typ.isCatalog() {
		return "catalogs"
	}
	return o.typ.class().fqn
}

func (s *store) loadLine(line []byte, class string, n int) error {
	o, err := s.objectOf(line, class == "catalogs")
	if errors.Is(err, errAbsent) {
		return nil
	}
	if err != nil {
		return err
	}
	if class == "catalogs" {
		for _, name := range []string{"code", "title"} {
			if o.text(name) == "" {
				return fmt.Errorf("%s: a catalog item needs a %s", o.uuid, name)
			}
		}
	} else if c := o.typ.class().fqn; c != class {
		return fmt.Errorf("%s belongs into %s.jsonl", o.uuid, c)
	}
	o.line = n
	s.put(o)
	return nil
}

// objectOf makes an object of a line. One that needs no change is held as it is written.
func (s *store) objectOf(line []byte, inCatalog bool) (*object, error) {
	if s.modules.none() && isPacked(line) {
		p := packed(bytes.Clone(line))
		uuid, _ := p.get("UUID")
		metaClass, _ := p.get("metaClass")
		return s.objectNamed(uuid, metaClass, p, inCatalog)
	}
	attrs, err := decodeObject(line)
	if err != nil {
		return nil, err
	}
	return s.newObject(attrs, inCatalog)
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
