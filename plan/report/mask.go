package report

import (
	"fmt"
	"strings"

	"deskform/plan"
)

// A masker hides a person's data by the kinds' own marks.
type masker struct {
	reveal bool
	kinds  map[string]*plan.Kind
}

func newMasker(kinds []plan.Kind, reveal bool) masker {
	m := masker{reveal: reveal, kinds: map[string]*plan.Kind{}}
	for i := range kinds {
		m.kinds[kinds[i].Name] = &kinds[i]
	}
	return m
}

// address masks a key that is an e-mail address; the short hash still tells two apart.
func (m masker) address(a plan.Address) string {
	if !m.reveal {
		a.Key = MaskKey(a.Key)
	}
	return a.String()
}

// MaskKey replaces a key that is a person's address by a short hash of it.
func MaskKey(key string) string {
	if strings.Contains(key, "@") {
		return "mail#" + plan.Hash(key)[:8]
	}
	return key
}

// maskAddress masks an address that is already a text.
func (m masker) maskAddress(s string) string {
	if m.reveal || s == "" {
		return s
	}
	a, err := plan.ParseAddress(s)
	if err != nil {
		return s
	}
	return m.address(a)
}

// maskText masks addresses inside a reason.
func (m masker) maskText(s string) string {
	if m.reveal || !strings.Contains(s, "@") {
		return s
	}
	words := strings.Fields(s)
	for i, w := range words {
		if strings.Contains(w, "@") {
			words[i] = m.maskAddress(strings.TrimRight(w, ",;.")) + w[len(strings.TrimRight(w, ",;.")):]
			if strings.Contains(words[i], "@") {
				words[i] = "(personal)"
			}
		}
	}
	return strings.Join(words, " ")
}

func (m masker) personal(kind, field string, part bool) bool {
	if m.reveal {
		return false
	}
	k := m.kinds[kind]
	if k == nil {
		return true
	}
	if part {
		return true
	}
	f, ok := k.Field(field)
	return !ok || f.Personal
}

// value renders a value on one line, masked where the kind says it is personal.
func (m masker) value(kind, field string, v plan.Value) string {
	if v == nil {
		return "null"
	}
	if m.personal(kind, field, false) {
		switch v := v.(type) {
		case string:
			return fmt.Sprintf("(personal, %d characters)", len([]rune(v)))
		default:
			return "(personal)"
		}
	}
	return m.show(v)
}

func (m masker) show(v plan.Value) string {
	switch v := v.(type) {
	case plan.Ref:
		if len(v.Targets) == 0 {
			return "null"
		}
		return m.address(plan.Address{Set: v.Targets[0].Set, Key: v.Targets[0].Key, Resource: m.resource(v.Targets[0].Set)})
	case plan.Person:
		return "(person)"
	case []plan.Value:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = m.show(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	text := []rune(string(plan.Canonical(v)))
	if len(text) > 120 {
		return string(text[:117]) + "…"
	}
	return string(text)
}

func (m masker) resource(set string) bool {
	k, ok := m.kinds[set]
	return ok && k.Resource
}
