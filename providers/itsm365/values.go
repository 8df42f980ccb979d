package itsm365

import (
	"bytes"
	"encoding/json"
	"fmt"

	"deskform/plan"
)

// normalize rewrites an object as the language reads it: dates in RFC 3339 UTC, keys taken out, of one-click links (IT trap
// 25) as its own (IT 8.5.7), everything else as it came. Attributes that nobody knows survive. A date that does not exist stays a text, and so does what the model knows for one: a subject may
// be nothing but a day.
func (s *Source) normalize(raw json.RawMessage, model map[string]plan.Column) (json.RawMessage, error) {
	raw, _ = s.clean.JSON(raw)
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var obj map[string]any
	if err := dec.Decode(&obj); err != nil {
		return nil, fmt.Errorf("read an object: %w", err)
	}
	for k, v := range obj {
		if model[k].Type != plan.ColumnString && k != "title" {
			obj[k] = normalizeValue(v, s.dates)
		}
	}
	return encode(obj)
}

// encode writes an object as one line of JSON.
func encode(obj map[string]any) (json.RawMessage, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(obj); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

func normalizeValue(v any, d dates) any {
	switch v := v.(type) {
	case string:
		return d.instant(v)
	case map[string]any:
		for k, e := range v {
			if k == "title" || k == "text" { // names are never dates
				continue
			}
			v[k] = normalizeValue(e, d)
		}
		return v
	case []any:
		for i, e := range v {
			v[i] = normalizeValue(e, d)
		}
		return v
	}
	return v
}

// columnOf finds the type of a value as it came; ok is false for null and for empty lists, which tell nothing.
func columnOf(v any, d dates) (plan.Column, bool) {
	switch v := v.(type) {
	case bool:
		return plan.Column{Type: plan.ColumnBool}, true
	case json.Number, float64:
		return plan.Column{Type: plan.ColumnNumber}, true
	case string:
		if d.is(v) {
			return plan.Column{Type: plan.ColumnTime}, true
		}
		return plan.Column{Type: plan.ColumnString}, true
	case map[string]any:
		if _, ok := v["UUID"]; ok {
			return plan.Column{Type: plan.ColumnLink, Class: classOf(v)}, true
		}
		return plan.Column{Type: plan.ColumnObject}, true
	case []any:
		if len(v) == 0 {
			return plan.Column{}, false
		}
		if m, ok := v[0].(map[string]any); ok {
			if _, ok := m["UUID"]; ok {
				c := plan.Column{Type: plan.ColumnLinks, Class: classOf(m)}
				if c.Class == "file" {
					c.Type = plan.ColumnFiles
				}
				return c, true
			}
		}
		return plan.Column{Type: plan.ColumnList}, true
	}
	return plan.Column{}, false
}

func classOf(link map[string]any) string {
	fqn, _ := link["metaClass"].(string)
	return classFrom(fqn)
}
