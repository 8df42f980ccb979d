package itsm365

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"deskform/plan"
)

// Dates come as text in the server's zone, with or without a fraction, or as a plain day (IT 2.10).
var (
	dateTime = regexp.MustCompile(`^\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d(\.\d{1,9})?$`)
	date     = regexp.MustCompile(`^\d{4}\.\d\d\.\d\d$`)
)

// normalize rewrites an object as the language reads it: dates in RFC 3339 UTC, everything else as it came. Attributes
// that nobody knows survive. A date that does not exist stays a text, and so does what the model knows for one: a subject may
// be nothing but a day.
func normalize(raw json.RawMessage, model map[string]plan.Column, zone *time.Location) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var obj map[string]any
	if err := dec.Decode(&obj); err != nil {
		return nil, fmt.Errorf("read an object: %w", err)
	}
	for k, v := range obj {
		if model[k].Type != plan.ColumnString && k != "title" {
			obj[k] = normalizeValue(v, zone)
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(obj); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

func normalizeValue(v any, zone *time.Location) any {
	switch v := v.(type) {
	case string:
		return instant(v, zone)
	case map[string]any:
		for k, e := range v {
			if k == "title" || k == "text" { // names are never dates
				continue
			}
			v[k] = normalizeValue(e, zone)
		}
		return v
	case []any:
		for i, e := range v {
			v[i] = normalizeValue(e, zone)
		}
		return v
	}
	return v
}

// instant makes RFC 3339 of a date of the service, and leaves every other text alone. A day is midnight in the zone.
func instant(s string, zone *time.Location) string {
	layout := ""
	switch {
	case len(s) >= 19 && dateTime.MatchString(s):
		layout = "2006.01.02 15:04:05.999999999"
	case len(s) == 10 && date.MatchString(s):
		layout = "2006.01.02"
	default:
		return s
	}
	t, err := time.ParseInLocation(layout, s, zone)
	if err != nil || t.UTC().Year() < 0 || t.UTC().Year() > 9999 { // RFC 3339 has no such years
		return s
	}
	return t.UTC().Format(time.RFC3339)
}

// columnOf finds the type of a value as it came; ok is false for null and for empty lists, which tell nothing.
func columnOf(v any) (plan.Column, bool) {
	switch v := v.(type) {
	case bool:
		return plan.Column{Type: plan.ColumnBool}, true
	case json.Number, float64:
		return plan.Column{Type: plan.ColumnNumber}, true
	case string:
		if dateTime.MatchString(v) || date.MatchString(v) {
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
