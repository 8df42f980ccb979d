package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"deskform/plan"
)

// A masker hides a person's data by the kinds' own marks.
type masker struct {
	reveal bool
	kinds  map[string]*plan.Kind
	open   map[string]bool
	// named are the addresses of ids in the field that is shown.
	named map[string]string
}

// naming shows these ids as their addresses.
func (m masker) naming(addresses map[string]string) masker {
	m.named = addresses
	return m
}

func newMasker(o Options) masker {
	m := masker{reveal: o.Reveal, kinds: map[string]*plan.Kind{}, open: map[string]bool{}}
	for i := range o.Kinds {
		m.kinds[o.Kinds[i].Name] = &o.Kinds[i]
	}
	for _, name := range o.Open {
		m.open[name] = true
	}
	return m
}

// address masks a key that is an e-mail address; the short hash still tells two apart.
func (m masker) address(a plan.Address) string {
	if !m.reveal {
		a.Key = MaskKey(a.Key)
	}
	return visible(a.String())
}

// visible writes out what would act on a terminal or turn the reading direction of a line instead of being seen.
func visible(s string) string {
	if !strings.ContainsFunc(s, acts) {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if acts(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func acts(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

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
		return visible(s)
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
	return visible(strings.Join(words, " "))
}

// personal says whether a value must not be shown: the field is marked, or it is an attribute's text that nobody
// declared to be harmless. What is not known is personal.
func (m masker) personal(kind, field string, values ...plan.Value) bool {
	if m.reveal {
		return false
	}
	k := m.kinds[kind]
	if k == nil {
		return true
	}
	f, ok := k.Field(field)
	if !ok {
		return true
	}
	if f.Attributes == "" {
		return f.Personal
	}
	if _, name, _ := strings.Cut(field, "."); m.open[f.Attributes+"."+name] {
		return false
	}
	return f.Personal || slices.ContainsFunc(values, isText)
}

func isText(v plan.Value) bool {
	_, ok := v.(string)
	return ok
}

// value renders a value on one line, masked where the kind says it is personal.
func (m masker) value(kind, field string, v plan.Value) string {
	if v == nil {
		return "null"
	}
	if m.personal(kind, field, v) {
		switch v := v.(type) {
		case string:
			return fmt.Sprintf("(personal, %d characters)", len([]rune(v)))
		default:
			return "(personal)"
		}
	}
	if k := m.kinds[kind]; k != nil {
		if f, ok := k.Field(field); ok && f.Type == plan.TypeTime {
			if at, ok := v.(int64); ok {
				return time.Unix(at, 0).UTC().Format(time.RFC3339)
			}
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
	case string:
		if addr, ok := m.named[v]; ok {
			return m.maskAddress(addr)
		}
	case []plan.Value:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = m.show(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	text := []rune(visible(string(plan.Canonical(v))))
	if len(text) > 120 {
		return string(text[:117]) + "…"
	}
	return string(text)
}

func (m masker) resource(set string) bool {
	k, ok := m.kinds[set]
	return ok && k.Resource
}
