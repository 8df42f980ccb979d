package scope

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"deskform/plan"
	"deskform/providers/itsm365"
)

// An object is one as the service gave it (IT 2.10).
type object map[string]any

func (o object) text(code string) string {
	s, _ := o[code].(string)
	return s
}

func (o object) is(code string) bool {
	b, _ := o[code].(bool)
	return b
}

// link is the UUID that an attribute leads to, empty for none.
func (o object) link(code string) string {
	m, _ := o[code].(map[string]any)
	key, _ := m["UUID"].(string)
	return key
}

// links are the UUIDs of a list of links.
func (o object) links(code string) []string {
	list, _ := o[code].([]any)
	var out []string
	for _, e := range list {
		m, _ := e.(map[string]any)
		if key, _ := m["UUID"].(string); key != "" {
			out = append(out, key)
		}
	}
	return out
}

// texts are the members of a list of texts.
func (o object) texts(code string) []string {
	list, _ := o[code].([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (o object) number(code string) (int64, bool) {
	n, ok := o[code].(json.Number)
	if !ok {
		return 0, false
	}
	if i, err := n.Int64(); err == nil {
		return i, true
	}
	f, err := n.Float64()
	if err != nil || f < -1e18 || f > 1e18 {
		return 0, false
	}
	return int64(f), true
}

// time reads a date of the service, which has no zone.
func (o object) time(code string, zone *time.Location) (time.Time, bool) {
	s := o.text(code)
	layout := "2006.01.02 15:04:05"
	if len(s) == len("2006.01.02") {
		layout = "2006.01.02"
	} else if len(s) > len(layout) {
		layout += ".999999999"
	}
	t, err := time.ParseInLocation(layout, s, zone)
	return t, err == nil
}

// empty reports a value that is none: null, an empty text, an empty list.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// A class is one as it is counted.
type class struct {
	name     string
	state    string
	refused  string
	perOwner bool
	n        int
	archived int
	broken   int
	pictures int // in texts
	types    map[string]*Type
	states   map[string]map[string]int
	attrs    map[string]*attribute
	stock    map[string]plan.Column
}

func newClass(name string) *class {
	return &class{name: name, types: map[string]*Type{}, states: map[string]map[string]int{}, attrs: map[string]*attribute{}, stock: itsm365.Stock(name)}
}

// add counts an object under its type and its state, and returns the type.
func (c *class) add(o object) string {
	c.n++
	typ := ident(o.text("metaClass"))
	if typ == "" {
		typ = c.name
	}
	if c.types[typ] == nil {
		if len(c.types) >= maxTypes {
			typ = "…"
		}
		if c.types[typ] == nil {
			c.types[typ] = &Type{Name: typ}
			c.states[typ] = map[string]int{}
		}
	}
	t := c.types[typ]
	t.N++
	if o.is("removed") {
		c.archived++
		t.Archived++
	}
	if state := o.text("state"); state != "" {
		states := c.states[typ]
		name := ident(state)
		if _, known := states[name]; !known && len(states) >= maxTypes {
			name = "…"
		}
		states[name]++
	}
	return typ
}

func (c *class) attribute(code string) *attribute {
	a := c.attrs[code]
	if a == nil {
		if len(c.attrs) >= maxTypes {
			code = "…"
			if a = c.attrs[code]; a != nil {
				return a
			}
		}
		a = &attribute{code: code, own: ownCode(c.name, code, c.stock)}
		c.attrs[code] = a
	}
	return a
}

// An attribute is one as it is counted.
type attribute struct {
	code                   string
	own                    bool
	kind                   plan.ColumnType
	filled                 int
	values                 sketch
	longest                int
	sample                 string
	emails, phones, people int
}

var (
	emailShape = regexp.MustCompile(`^\s*[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+\s*$`)
	phoneShape = regexp.MustCompile(`^\s*\+?[78]?[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}\s*$`)
	dateShape  = regexp.MustCompile(`^\d{4}\.\d\d\.\d\d( \d\d:\d\d:\d\d(\.\d+)?)?$`)
)

// add counts a value that is not empty.
func (a *attribute) add(v any, people *names) {
	a.filled++
	kind, value, length := describe(v)
	switch {
	case a.kind == "":
		a.kind = kind
	case a.kind != kind:
		a.kind = mix(a.kind, kind)
	}
	a.values.add(value)
	a.longest = max(a.longest, length)
	if a.sample == "" {
		a.sample = shape(v)
	}
	text, ok := v.(string)
	if !ok || len(text) > 200 {
		return
	}
	switch {
	case emailShape.MatchString(text):
		a.emails++
	case phoneShape.MatchString(text):
		a.phones++
	case people.has(text):
		a.people++
	}
}

// mix is the kind of an attribute that has values of two.
func mix(a, b plan.ColumnType) plan.ColumnType {
	if (a == plan.ColumnTime || a == plan.ColumnString) && (b == plan.ColumnTime || b == plan.ColumnString) {
		return plan.ColumnString
	}
	return plan.ColumnAny
}

// describe tells the kind of a value, what makes it different from others, and how long it is.
func describe(v any) (kind plan.ColumnType, value string, length int) {
	switch v := v.(type) {
	case bool:
		if v {
			return plan.ColumnBool, "true", 0
		}
		return plan.ColumnBool, "false", 0
	case json.Number:
		return plan.ColumnNumber, v.String(), len(v)
	case string:
		kind = plan.ColumnString
		if dateShape.MatchString(v) {
			kind = plan.ColumnTime
		}
		return kind, v, utf8.RuneCountInString(v)
	case map[string]any:
		if key, ok := v["UUID"].(string); ok {
			return plan.ColumnLink, key, 0
		}
		return plan.ColumnObject, canonical(v), 0
	case []any:
		kind = plan.ColumnList
		if m, ok := v[0].(map[string]any); ok {
			if key, ok := m["UUID"].(string); ok {
				kind = plan.ColumnLinks
				if strings.HasPrefix(key, "file$") {
					kind = plan.ColumnFiles
				}
			}
		}
		return kind, canonical(v), len(v)
	}
	return plan.ColumnAny, canonical(v), 0
}

// canonical is a value as one text; maps come sorted.
func canonical(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return string(b)
}

// shape shows a value without its content: the class of a link, the members of an object by name, a masked text.
func shape(v any) string {
	switch v := v.(type) {
	case bool:
		_, text, _ := describe(v)
		return text
	case json.Number:
		return Mask(v.String())
	case string:
		return Mask(plain(v))
	case map[string]any:
		if _, ok := v["UUID"]; ok {
			meta, _ := v["metaClass"].(string)
			return "→ " + ident(meta)
		}
		return "{" + strings.Join(members(v), ", ") + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[" + shape(v[0]) + "]"
	}
	return ""
}
