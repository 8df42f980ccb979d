package itsm365

import (
	_ "embed"
	"maps"
	"slices"
	"strings"

	"deskform/plan"
)

// The stock model of the service as data, after section 3 of its reference: what each attribute of each class is. A
// tenant adds its own attributes, which Describe finds by looking at one object.
//
//go:embed model.txt
var modelText string

// stock maps a class to its attributes.
var stock = parseModel(modelText)

// parseModel reads lines "class attr:type[:class] …". It panics on a line that it cannot read: the text is ours.
func parseModel(text string) map[string]map[string]plan.Column {
	types := map[string]plan.ColumnType{
		"s": plan.ColumnString, "n": plan.ColumnNumber, "b": plan.ColumnBool, "t": plan.ColumnTime, "l": plan.ColumnLink,
		"ls": plan.ColumnLinks, "f": plan.ColumnFiles, "list": plan.ColumnList, "o": plan.ColumnObject, "any": plan.ColumnAny,
	}
	out := map[string]map[string]plan.Column{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		class := fields[0]
		if out[class] == nil {
			out[class] = map[string]plan.Column{}
		}
		for _, f := range fields[1:] {
			parts := strings.Split(f, ":")
			if len(parts) < 2 || types[parts[1]] == "" {
				panic("itsm365: model.txt: " + f)
			}
			c := plan.Column{Type: types[parts[1]]}
			if len(parts) > 2 {
				c.Class = parts[2]
			}
			out[class][parts[0]] = c
		}
	}
	return out
}

// classFrom is the class of a type: "serviceCall" of "serviceCall$request" (IT 3.1).
func classFrom(fqn string) string {
	class, _, _ := strings.Cut(fqn, "$")
	return class
}

// stockColumns are the attributes that the stock model gives a class. Catalogs share theirs.
func stockColumns(class string) map[string]plan.Column {
	if cols, ok := stock[class]; ok {
		return cols
	}
	return nil
}

// Classes are those of the stock model and those that its links lead to, catalogs among them, sorted.
func Classes() []string {
	all := map[string]bool{}
	for class, cols := range stock {
		all[class] = true
		for _, c := range cols {
			if c.Class != "" {
				all[c.Class] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Columns are the attributes of a class in the stock configuration, nil for a class that it does not have.
func Columns(class string) map[string]plan.Column { return maps.Clone(stock[class]) }
