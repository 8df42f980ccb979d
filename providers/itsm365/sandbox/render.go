package sandbox

import (
	"bytes"
	"encoding/json"
	"time"
)

// instant writes an instant in the server zone; a plain date has no zone (IT 2.10).
func (s *Server) instant(t time.Time, dateOnly bool) string {
	switch {
	case dateOnly && s.opt.DateAtMidnight:
		return t.Format("2006.01.02 15:04:05")
	case dateOnly:
		return t.Format("2006.01.02")
	case s.opt.Fraction:
		return t.In(s.zone).Format("2006.01.02 15:04:05.000")
	}
	return t.In(s.zone).Format("2006.01.02 15:04:05")
}

// view says which attributes of an object a call gets: those it asked for, or all.
type view struct {
	attrs   []string // nil for all
	profile Profile
}

// look makes a view, refusing unknown codes where the mode says so.
func (s *Server) look(t *typ, c *call) (view, error) {
	v := view{attrs: c.attrs(), profile: c.profile}
	for _, name := range v.attrs {
		if s.opt.UnknownAttr == Refuse && !t.knows(name) {
			return v, failf("Атрибут '%s' не найден в метаклассе '%s'", name, t.fqn)
		}
	}
	return v, nil
}

// render makes the answer's element of an object.
func (s *Server) render(o *object, v view) map[string]any {
	names := v.attrs
	class := o.typ.class()
	if names == nil {
		names = o.typ.all()
	}
	o = o.opened()
	m := make(map[string]any, len(names))
	for _, name := range names {
		if !class.knows(name) || v.profile.isHiddenAttr(class, name) {
			continue
		}
		value := s.store.value(o, name)
		if name == "UUID" || name == "metaClass" {
			m[name] = value
			continue
		}
		a := o.typ.attr(name)
		if a.kind == "secret" {
			value = nil
		}
		m[name] = s.renderValue(s.visible(value, a, v.profile), a)
	}
	return m
}

// visible leaves out links to what the profile does not see.
func (s *Server) visible(v any, a attr, p Profile) any {
	if p.seesAll() || p.ShowLinks || a.isText() {
		return v
	}
	switch v := v.(type) {
	case string:
		if o := s.store.objects[v]; o != nil && !s.sees(p, o) {
			return nil
		}
	case []any:
		seen := []any{}
		for _, e := range v {
			if kept := s.visible(e, a, p); kept != nil || e == nil {
				seen = append(seen, kept)
			}
		}
		return seen
	}
	return v
}

func (s *Server) renderValue(v any, a attr) any {
	switch v := v.(type) {
	case string:
		return s.renderText(v, a)
	case []any:
		if len(v) == 0 && s.opt.EmptyAsNull {
			return nil
		}
		list := make([]any, 0, len(v))
		for _, e := range v {
			list = append(list, s.renderValue(e, a))
		}
		return list
	case map[string]any:
		if ms, ok := milliseconds(v); ok && s.opt.IntervalAsInteger {
			return ms
		}
		m := make(map[string]any, len(v))
		for name, e := range v {
			// Timers hold instants; links inside of values are not resolved.
			if text, ok := e.(string); ok {
				if t, dateOnly, ok := parseInstant(text); ok {
					e = s.instant(t, dateOnly)
				}
			}
			m[name] = e
		}
		return m
	}
	return v
}

func (s *Server) renderText(text string, a attr) any {
	if a.isText() {
		return text
	}
	if o := s.store.objects[text]; o != nil {
		link := map[string]any{"UUID": o.uuid, "metaClass": o.typ.fqn, "title": s.store.value(o, "title")}
		if o.typ.isCatalog() {
			link["code"] = s.store.value(o, "code")
			if s.opt.ItemDetails {
				link["color"], link["icon"] = s.store.value(o, "color"), s.store.value(o, "icon")
			}
		}
		return link
	}
	if t, dateOnly, ok := parseInstant(text); ok {
		return s.instant(t, dateOnly)
	}
	return text
}

var intervals = map[string]time.Duration{
	"SECOND": time.Second, "MINUTE": time.Minute, "HOUR": time.Hour, "DAY": 24 * time.Hour, "WEEK": 7 * 24 * time.Hour,
}

// milliseconds returns the length of an interval whose unit has one.
func milliseconds(v map[string]any) (int64, bool) {
	unit, _ := v["interval"].(string)
	length, ok := number(v["length"])
	d := intervals[unit]
	return int64(length * float64(d/time.Millisecond)), ok && d > 0
}

// encode writes JSON with < and & as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	err := encodeTo(&b, v)
	return b.Bytes(), err
}

func encodeTo(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // its newline
	return nil
}
