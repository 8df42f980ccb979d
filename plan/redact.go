package plan

import (
	"cmp"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A Redaction is a rule by which words of the source do not move.
type Redaction struct {
	Name    string
	Pattern *regexp.Regexp
	// With stands where a match stood; it is taken as it is, `$1` too.
	With string
	// Sets are the record sets it is for; none means all.
	Sets []string
}

// Redact applies rules to every text of a want that is sent, one after another: texts, names of authors, attributes of type
// string. What tells a record from others stays, for it would be another record: its key, the fields of `match`, those by
// which the service knows it. So do names of files. Each rule that matched leaves a note with the count, never the words.
func Redact(rules []Redaction, set *Set, kind *Kind, w *Want, attr func(model, name string) (AttributeDef, bool)) {
	for i := range rules {
		if r := &rules[i]; len(r.Sets) == 0 || slices.Contains(r.Sets, set.Name) {
			d := redacting{rule: r, times: map[string]int{}}
			for _, name := range slices.Sorted(maps.Keys(w.Fields)) {
				if f, ok := kind.Field(name); ok && !identifies(set, kind, name) {
					w.Fields[name] = d.field(name, f, w.Fields[name], attributeOf(f, name, w, attr))
				}
			}
			for _, p := range w.Parts {
				for name, v := range p.Fields {
					if f, ok := findField(kind.Part.Fields, name); ok {
						p.Fields[name] = d.field(p.List, f, v, "")
					}
				}
			}
			for _, field := range slices.Sorted(maps.Keys(d.times)) {
				w.Notes = append(w.Notes, Problem{Field: field, Rule: "redact." + r.Name, Times: d.times[field], Text: fmt.Sprintf("has %d places that redact.%s takes out", d.times[field], r.Name)})
			}
		}
	}
}

// A Speller knows what its service reads as a tag.
type Speller interface {
	// Spell writes a text so that a < stands in it only where a tag begins. What a reader sees stays the same.
	Spell(text string) string
}

// SpellHTML spells every HTML text of a want, so that Redact sees words in angle brackets that are no tag.
func SpellHTML(s Speller, kind *Kind, w *Want) {
	spell := func(fields Fields, known []Field) {
		for name, v := range fields {
			if text, isText := v.(string); isText && strings.Contains(text, "<") {
				if f, ok := findField(known, name); ok && f.Type == TypeHTML {
					fields[name] = s.Spell(text)
				}
			}
		}
	}
	spell(w.Fields, kind.Fields)
	for _, p := range w.Parts {
		spell(p.Fields, kind.Part.Fields)
	}
}

// identifies reports whether a record is found or told apart by a field.
func identifies(set *Set, kind *Kind, name string) bool {
	f, ok := kind.Field(name)
	return ok && f.Identifies || slices.Contains(kind.NaturalKeys, name) || slices.Contains(set.Match, name)
}

// attributeOf is the data type of the attribute that a field writes; empty for any other field.
func attributeOf(f *Field, name string, w *Want, attr func(model, name string) (AttributeDef, bool)) string {
	_, member, dotted := strings.Cut(name, ".")
	if f.Attributes == "" || !dotted {
		return ""
	}
	model := f.Attributes
	if ref, ok := w.Fields[f.Of].(Ref); ok && f.Of != "" && len(ref.Targets) == 1 {
		model += "/" + ref.Targets[0].Key
	}
	if def, ok := attr(model, member); ok {
		return def.DataType
	}
	return "string"
}

type redacting struct {
	rule  *Redaction
	times map[string]int
}

func (d *redacting) field(count string, f *Field, v Value, attribute string) Value {
	switch v := v.(type) {
	case Person:
		if shown := d.text(count, v.Called()); shown != v.Called() {
			v.Name = cmp.Or(shown, " ") // or the address would show again
		}
		return v
	case string:
		switch {
		case attribute == "string", attribute == "" && (f.Type == TypeString || f.Type == TypeText):
			return d.text(count, v)
		case f.Type == TypeHTML:
			return d.html(count, v)
		}
	case int64, float64:
		if attribute != "string" { // which such a value is sent as
			break
		}
		if text := string(Canonical(v)); d.rule.Pattern.MatchString(text) {
			return d.text(count, text)
		}
	}
	return v
}

func (d *redacting) text(count, s string) string {
	return d.rule.Pattern.ReplaceAllStringFunc(s, func(string) string {
		d.times[count]++
		return d.rule.With
	})
}

var (
	tag = regexp.MustCompile(`<[a-zA-Z/][^>]*>`)
	// inText are tags that do not end a word.
	inText   = regexp.MustCompile(`(?i)^</?(a|b|i|u|em|strong|code|span|font|small|sub|sup|s|mark)\b`)
	tagValue = regexp.MustCompile(`=\s*("[^"]*"|'[^']*'|[^\s"'>]+)`)
)

// html applies the rule to what a reader sees: without tags and entities, also where a tag stands in the middle of a
// match; and to what tags have in them, for a link shows as well.
func (d *redacting) html(count, s string) string {
	tags := tag.FindAllStringIndex(s, -1)
	if tags == nil {
		return d.text(count, s)
	}
	var seen strings.Builder // the text, a line end for a tag that ends a word
	var texts []string
	var starts []int
	last := 0
	for _, at := range append(tags, []int{len(s), len(s)}) {
		text := html.UnescapeString(s[last:at[0]])
		texts, starts = append(texts, text), append(starts, seen.Len())
		seen.WriteString(text)
		if last = at[1]; !inText.MatchString(s[at[0]:at[1]]) {
			seen.WriteByte('\n')
		}
	}
	found := d.rule.Pattern.FindAllStringIndex(seen.String(), -1)
	var out strings.Builder
	last = 0
	for i, text := range texts {
		end := len(s)
		if i < len(tags) {
			end = tags[i][0]
		}
		if cut, changed := d.cut(text, starts[i], found); changed {
			out.WriteString(html.EscapeString(cut))
		} else {
			out.WriteString(s[last:end])
		}
		if i < len(tags) {
			last = tags[i][1]
			out.WriteString(tagValue.ReplaceAllStringFunc(s[end:last], func(v string) string { return d.tagValue(count, v) }))
		}
	}
	for _, m := range found {
		if strings.TrimSpace(seen.String()[m[0]:m[1]]) != "" {
			d.times[count]++
		}
	}
	return out.String()
}

// cut takes out what matches have of a text that begins at start; With stands where a match begins.
func (d *redacting) cut(text string, start int, found [][]int) (string, bool) {
	var out strings.Builder
	at, changed := 0, false
	for _, m := range found {
		from, to := max(m[0]-start, 0), min(m[1]-start, len(text))
		if from >= to {
			continue
		}
		changed = true
		out.WriteString(text[at:from])
		if m[0] >= start {
			out.WriteString(d.rule.With)
		}
		at = to
	}
	out.WriteString(text[at:])
	return out.String(), changed
}

func (d *redacting) tagValue(count, v string) string {
	bare := strings.TrimLeft(strings.TrimPrefix(v, "="), " \t\r\n")
	if n := len(bare); n > 1 && (bare[0] == '"' || bare[0] == '\'') {
		bare = bare[1 : n-1]
	}
	bare = html.UnescapeString(bare)
	if !d.rule.Pattern.MatchString(bare) {
		return v
	}
	return `="` + html.EscapeString(d.text(count, bare)) + `"`
}
