package itsm365

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"deskform/plan"
)

// checkArgs says what the service cannot do with the arguments of a data block, by argument; it is offline.
func checkArgs(args map[string]plan.Value) map[string]string {
	class, _ := args["class"].(string)
	if err := dateFilter(args, stockColumns(classFrom(class))); err != nil {
		return map[string]string{"filter": err.Error()}
	}
	return nil
}

// dateFilter refuses a filter by a date: the service knows equality alone, and answers such a filter with an error or with
// nothing (IT 2.1).
func dateFilter(args map[string]plan.Value, columns map[string]plan.Column) error {
	for _, name := range slices.Sorted(maps.Keys(filterArg(plan.Data{Args: args}))) {
		if columns[name].Type == plan.ColumnTime {
			return fmt.Errorf("the service cannot filter by %s, which is a date: it knows equality, no ranges and no dates; leave it out of the filter and write a `where` on each.%s in the record set", name, name)
		}
	}
	return nil
}

// strangers says which attributes the block names and no object has: none of the whole objects that were looked at, one of
// each type, and not the stock model. Where nothing was looked at, only what looks like a slip is said.
func (s *Source) strangers(d plan.Data, class string, looked bool) []string {
	have := slices.Collect(maps.Keys(stockColumns(classFrom(class))))
	if looked {
		s.mu.Lock()
		have = slices.AppendSeq(have, maps.Keys(s.attrs[class]))
		s.mu.Unlock()
	}
	if len(have) == 0 {
		return nil
	}
	slices.Sort(have)
	var out []string
	for _, name := range plan.Texts(d.Args["attrs"]) {
		if slices.Contains(have, name) || name == "UUID" || name == "metaClass" {
			continue
		}
		text := fmt.Sprintf("attrs names %q, and no object of %s that was looked at has such an attribute; it is null in every row.", name, class)
		meant := nearest(name, have)
		switch {
		case meant != "":
			text += fmt.Sprintf(" Did you mean %q?", meant)
		case !looked:
			continue
		default:
			text += " Ask whether the key may read it."
		}
		out = append(out, text)
	}
	return out
}

// unshown are the attributes of the stock model that no whole object which was looked at has: the key may not read them, or
// the tenant does not have them (IT trap 2).
func (s *Source) unshown(class string, model map[string]plan.Column, looked bool) []string {
	if !looked {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(model)) {
		if !s.attrs[class][name] {
			out = append(out, name)
		}
	}
	return out
}

// nearest is the name that was probably meant, or empty.
func nearest(given string, names []string) string {
	best, at := "", max(2, len(given)/3)+1
	for _, n := range names {
		if d := levenshtein.Distance(strings.ToLower(given), strings.ToLower(n), nil); d < at {
			best, at = n, d
		}
	}
	return best
}
