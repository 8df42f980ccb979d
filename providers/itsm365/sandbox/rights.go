package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A Profile is what a key may do and see (IT 8.3). What it does not see is as if it were not there: lists are shorter,
// get finds nothing, attributes are absent, and links to it are null or leave their list. Comments and files are seen
// only where their owner is (IT 2.7).
type Profile struct {
	Superuser     bool        `json:"superuser,omitempty"`        // may read smpsync
	Employee      string      `json:"employee,omitempty"`         // whose key it is: authorOnly files of others are hidden; empty sees them all (IT 2.6)
	HiddenClasses []string    `json:"hidden_classes,omitempty"`   // classes and types
	HiddenAttrs   []string    `json:"hidden_attrs,omitempty"`     // "class.attribute", or "attribute" of every class
	HiddenObjects []Selection `json:"hidden_objects,omitempty"`   // single objects
	HiddenPrivate bool        `json:"hidden_private,omitempty"`   // private comments
	ShowLinks     bool        `json:"show_links,omitempty"`       // links to hidden objects keep their UUID and title
	DenyGet       []string    `json:"deny_get,omitempty"`         // classes and types of which find shows what get does not find; "*" is all
	DenyGetFile   []string    `json:"deny_get_file,omitempty"`    // classes and types of owners whose files give no bytes; "*" is all
	OneShot       bool        `json:"one_shot,omitempty"`         // the key dies with its first call
	Expires       time.Time   `json:"expires,omitzero,omitempty"` // zero is never
}

// A Selection is the objects of a class or type that a filter of find lets through, or all but those. Times in it are
// as the server writes them.
type Selection struct {
	Class  string         `json:"class"`
	Where  map[string]any `json:"where"`
	Except bool           `json:"except,omitempty"`
}

// ReadProfiles reads {"KEY": Profile, …}. What it does not know is an error.
func ReadProfiles(from io.Reader) (map[string]Profile, error) {
	var keys map[string]Profile
	d := json.NewDecoder(from)
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&keys); err != nil {
		return nil, fmt.Errorf("read profiles: before byte %d: %w", d.InputOffset(), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("read profiles: there is more behind the object")
	}
	if len(keys) == 0 {
		return nil, errors.New("read profiles: there is no key in it")
	}
	return keys, nil
}

// checkProfiles finds names that hide nothing because they are misspelt. It does not repeat a key.
func (s *Server) checkProfiles() error {
	for key, p := range s.opt.Keys {
		if key == "" {
			return errors.New("a profile has an empty key")
		}
		if err := s.checkProfile(p); err != nil {
			return fmt.Errorf("profile of a key: %w", err)
		}
	}
	return nil
}

func (s *Server) checkProfile(p Profile) error {
	types := s.store.model.types
	for _, fqn := range slices.Concat(p.HiddenClasses, p.DenyGet, p.DenyGetFile) {
		if types[fqn] == nil && fqn != "*" {
			return fmt.Errorf("there is no class or type %q", fqn)
		}
	}
	if slices.Contains(p.HiddenClasses, "*") {
		return errors.New(`hidden classes: "*" is no class`)
	}
	for _, name := range p.HiddenAttrs {
		class, attr, dotted := strings.Cut(name, ".")
		known := dotted && types[class] != nil && types[class].knows(attr)
		if !dotted {
			for _, t := range types {
				known = known || t.knows(name)
			}
		}
		if !known {
			return fmt.Errorf("there is no attribute %q", name)
		}
	}
	for _, sel := range p.HiddenObjects {
		t := types[sel.Class]
		if t == nil {
			return fmt.Errorf("hidden objects: there is no class or type %q", sel.Class)
		}
		if len(sel.Where) == 0 {
			return fmt.Errorf("hidden objects of %s: where is empty; hide the class instead", sel.Class)
		}
		for name, want := range sel.Where {
			if !t.knows(name) || !supports(want) {
				return fmt.Errorf("hidden objects of %s: no filter by %s %v", sel.Class, name, want)
			}
		}
	}
	if p.Employee != "" && s.store.objects[p.Employee] == nil {
		return fmt.Errorf("there is no %s", p.Employee)
	}
	return nil
}

// isHidden tells whether the profile sees nothing of a type.
func (p Profile) isHidden(t *typ) bool { return t.isAmong(p.HiddenClasses) }

// isAmong tells whether the type, or one above it, is in a list of classes and types; "*" is every one.
func (t *typ) isAmong(list []string) bool {
	if len(list) == 0 {
		return false
	}
	for ; t != nil; t = t.parent {
		if slices.Contains(list, t.fqn) {
			return true
		}
	}
	return slices.Contains(list, "*")
}

// seesAll tells that no object is hidden from the profile.
func (p Profile) seesAll() bool {
	return len(p.HiddenClasses) == 0 && len(p.HiddenObjects) == 0 && !p.HiddenPrivate && p.Employee == ""
}

func (p Profile) isHiddenAttr(class *typ, name string) bool {
	return slices.Contains(p.HiddenAttrs, name) || slices.Contains(p.HiddenAttrs, class.fqn+"."+name)
}

// sees tells whether an object shows.
func (s *Server) sees(p Profile, o *object) bool {
	if p.seesAll() {
		return true
	}
	for range 10 { // a file of a comment of a ticket; no chain is longer
		if !s.seesItself(p, o) {
			return false
		}
		if !o.isOwned() {
			return true
		}
		if o = s.store.objects[o.text("source")]; o == nil {
			return true
		}
	}
	return true
}

// isOwned tells that an object belongs to its source.
func (o *object) isOwned() bool { return o.typ.fqn == "comment" || o.typ.fqn == "file" }

func (s *Server) seesItself(p Profile, o *object) bool {
	switch {
	case p.isHidden(o.typ):
		return false
	case p.HiddenPrivate && o.typ.fqn == "comment" && s.store.value(o, "private") == true:
		return false
	case p.Employee != "" && o.typ.fqn == "file" && s.store.value(o, "authorOnly") == true && o.text("author") != p.Employee:
		return false
	}
	for _, sel := range p.HiddenObjects {
		if !o.typ.isAmong([]string{sel.Class}) {
			continue
		}
		var conds []cond
		for name, want := range sel.Where {
			conds = append(conds, cond{name, want})
		}
		if s.matches(o, conds) != sel.Except {
			return false
		}
	}
	return true
}
