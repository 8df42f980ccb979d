package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// A Mutation is what somebody in the tenant does to the data, in the notation of the data directory.
type Mutation struct {
	// Op is "set" (attributes of UUID; null empties one), "append" (a new object; Attrs hold its
	// metaClass, and a UUID where it matters) or "delete" (for good).
	Op    string         `json:"op"`
	UUID  string         `json:"uuid,omitempty"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

// Mutate carries mutations out in order, up to the first that is wrong, and returns the UUID of each.
// As in the tenant, lastModifiedDate is then now, unless the mutation says otherwise.
func (s *Server) Mutate(list ...Mutation) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	uuids := []string{}
	for i, m := range list {
		uuid, err := s.mutate(m)
		if err != nil {
			return uuids, fmt.Errorf("mutation %d: %s: %w", i, m.Op, err)
		}
		uuids = append(uuids, uuid)
	}
	return uuids, nil
}

func (s *Server) mutate(m Mutation) (string, error) {
	// The caller keeps its map, and what is stored looks as if it had been read from a file.
	text, err := json.Marshal(m.Attrs)
	if err != nil {
		return "", err
	}
	attrs := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&attrs); err != nil {
		return "", err
	}
	if attrs == nil {
		attrs = map[string]any{}
	}
	if m.Op == "append" {
		if m.UUID != "" {
			attrs["UUID"] = m.UUID
		}
		o, err := s.append(attrs)
		if err != nil {
			return "", err
		}
		return o.uuid, nil
	}
	o := s.store.objects[m.UUID]
	switch {
	case o == nil:
		return "", fmt.Errorf("there is no %s", m.UUID)
	case m.Op == "delete":
		return o.uuid, s.store.remove(o)
	case m.Op == "set":
		return o.uuid, s.change(o, attrs)
	}
	return "", fmt.Errorf("op %q is none of set, append, delete", m.Op)
}

// now is the time as the data directory writes it.
func (s *Server) now() string {
	return s.clock.Now().UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)
}

// append adds an object and fills in what the platform fills in: UUID, dates, number, first state.
func (s *Server) append(attrs map[string]any) (*object, error) {
	metaClass, _ := attrs["metaClass"].(string)
	t := s.store.model.types[metaClass]
	inCatalog := t != nil && t.isCatalog()
	if _, given := attrs["UUID"]; !given {
		class, _, _ := strings.Cut(metaClass, "$")
		attrs["UUID"] = fmt.Sprintf("%s$%d", class, s.store.last+1)
	}
	o, err := s.store.newObject(attrs, inCatalog)
	if err != nil {
		return nil, err
	}
	if err := s.store.check(o.typ, o.packed); err != nil {
		return nil, err
	}
	attrs = o.packed.unpack()
	number := s.store.numbers[o.typ.class()] + 1
	for name, v := range map[string]any{
		"creationDate": s.now(), "lastModifiedDate": s.now(), "registrationDate": s.now(), "state": "registered",
		"stateStartTime": s.now(), "number": json.Number(fmt.Sprint(number)),
	} {
		if _, has := o.typ.stock[name]; !has {
			continue
		}
		if _, given := attrs[name]; !given {
			attrs[name] = v
		}
	}
	if _, given := attrs["title"]; !given && o.typ.class().fqn == "serviceCall" {
		attrs["title"] = fmt.Sprint(attrs["number"]) // the stock rule {N}
	}
	if o.packed, err = pack(attrs); err != nil {
		return nil, err
	}
	s.store.put(o)
	return o, nil
}

// change sets attributes of an object.
func (s *Server) change(o *object, attrs map[string]any) error {
	for _, name := range []string{"UUID", "metaClass"} {
		if _, given := attrs[name]; given {
			return fmt.Errorf("%s of %s cannot be changed", name, o.uuid)
		}
	}
	text, err := pack(attrs)
	if err != nil {
		return err
	}
	if err := s.store.check(o.typ, text); err != nil {
		return err
	}
	attrs = maps.Clone(attrs)
	for name := range s.store.modules.attrs[o.typ.class().fqn] {
		delete(attrs, name)
	}
	dated := func(name string) bool { _, has := o.typ.stock[name]; _, given := attrs[name]; return has && !given }
	if dated("lastModifiedDate") {
		attrs["lastModifiedDate"] = s.now()
	}
	if state, given := attrs["state"]; given && state != o.text("state") && dated("stateStartTime") {
		attrs["stateStartTime"] = s.now()
	}
	return s.store.set(o, attrs)
}
