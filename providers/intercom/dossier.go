package intercom

import (
	"html"
	"maps"
	"slices"
	"strings"

	"deskform/plan"
)

// dossier writes what has no home of its own as one text with a heading for each section: a text, a list, or a list of
// objects, whose members become "name: value". What is empty is left out, and null is all that is left of nothing.
// Everything is escaped; nothing in it can be markup.
func dossier(args []plan.Value) (plan.Value, error) {
	sections, ok := args[0].(map[string]plan.Value)
	if !ok {
		return nil, nil
	}
	var order []string
	if len(args) > 1 {
		l, _ := args[1].([]plan.Value)
		for _, name := range l {
			if s, ok := name.(string); ok && !slices.Contains(order, s) {
				order = append(order, s)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	var out strings.Builder
	for _, name := range order {
		lines := dossierLines(sections[name])
		switch len(lines) {
		case 0:
		case 1:
			out.WriteString("<p><b>" + safe(name) + ":</b> " + lines[0] + "</p>")
		default:
			out.WriteString("<p><b>" + safe(name) + "</b></p><ul><li>" + strings.Join(lines, "</li><li>") + "</li></ul>")
		}
	}
	if out.Len() == 0 {
		return nil, nil
	}
	return out.String(), nil
}

// safe is a text of one line as HTML, without what would act in somebody's name.
func safe(s string) string { return html.EscapeString(withoutSecrets(squeezed(strip(s)))) }

// dossierLines are the lines of a section, as HTML.
func dossierLines(v plan.Value) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []plan.Value:
		var out []string
		for _, x := range v {
			if text := dossierText(x); text != "" {
				out = append(out, text)
			}
		}
		return out
	}
	if text := dossierText(v); text != "" {
		return []string{text}
	}
	return nil
}

// dossierText is one value on one line. Of a link of the source it is the title.
func dossierText(v plan.Value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		var lines []string
		for _, l := range strings.Split(plainText(v), "\n") {
			if l = safe(l); l != "" {
				lines = append(lines, l)
			}
		}
		return strings.Join(lines, "<br>")
	case []plan.Value:
		return strings.Join(dossierLines(v), ", ")
	case map[string]plan.Value:
		if title, ok := v["title"].(string); ok && v["UUID"] != nil {
			return safe(title)
		}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if text := dossierText(v[name]); text != "" {
				parts = append(parts, safe(name)+": "+text)
			}
		}
		return strings.Join(parts, ", ")
	case plan.Person:
		return safe(v.Called())
	}
	return safe(scalar(v))
}
