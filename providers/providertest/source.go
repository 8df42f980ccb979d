// Package providertest is the suite that every provider passes: what plan's interfaces promise, tried from outside.
package providertest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"deskform/plan"
)

// A Collection is what a source is tried on.
type Collection struct {
	Data plan.Data
	// Owners are given to data that is read owner by owner.
	Owners []string
	// Rows is how many there are, broken ones included, counted by hand; Broken how many of them cannot be read.
	Rows, Broken int
}

func (c Collection) owners() iter.Seq2[string, error] {
	if c.Owners == nil {
		return nil
	}
	return func(yield func(string, error) bool) {
		for _, o := range c.Owners {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// Source tries a source on a collection.
func Source(t *testing.T, src plan.Source, c Collection) {
	t.Helper()
	t.Run("describe", func(t *testing.T) {
		first, err := src.Describe(t.Context(), c.Data)
		if err != nil || len(first.Columns) == 0 {
			t.Fatalf("%d columns, %v", len(first.Columns), err)
		}
		again, err := src.Describe(t.Context(), c.Data)
		if err != nil || !maps.Equal(first.Columns, again.Columns) {
			t.Errorf("it describes the same rows otherwise the second time (%v)", err)
		}
	})
	t.Run("rows", func(t *testing.T) { rows(t, src, c) })
	t.Run("stops when it is told", func(t *testing.T) {
		for range src.Rows(t.Context(), c.Data, c.owners()) {
			break
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		n := 0
		for _, err := range src.Rows(ctx, c.Data, c.owners()) {
			if err != nil {
				return
			}
			n++
		}
		t.Errorf("%d rows and no error after the context was cancelled", n)
	})
}

func rows(t *testing.T, src plan.Source, c Collection) {
	typ, err := src.Describe(t.Context(), c.Data)
	if err != nil {
		t.Fatal(err)
	}
	var first []string
	seen, broken := map[string]bool{}, 0
	for row, err := range src.Rows(t.Context(), c.Data, c.owners()) {
		if err != nil {
			t.Fatal(err)
		}
		first = append(first, row.Key+string(row.JSON))
		if row.Pos == "" {
			t.Errorf("row %s does not say where it stands", row.Key)
		}
		if row.Broken != "" {
			broken++
			if len(row.JSON) > 0 {
				t.Errorf("%s is broken and has values", row.Pos)
			}
			continue
		}
		if row.Key == "" || seen[row.Key] {
			t.Errorf("%s: the key %q is empty or was there before", row.Pos, row.Key)
		}
		seen[row.Key] = true
		if c.Owners != nil && !slices.Contains(c.Owners, row.Owner) {
			t.Errorf("%s: its owner %q was not asked for", row.Pos, row.Owner)
		}
		var values map[string]any
		if err := json.Unmarshal(row.JSON, &values); err != nil {
			t.Errorf("%s is no object: %v", row.Pos, err)
			continue
		}
		for name, v := range values {
			col, ok := typ.Columns[name]
			if !ok {
				t.Errorf("%s: column %q is not in the description", row.Pos, name)
			} else if why := fits(col, v); why != "" {
				t.Errorf("%s, column %q of type %s: %s", row.Pos, name, col.Type, why)
			}
		}
	}
	if len(first) != c.Rows || broken != c.Broken {
		t.Errorf("%d rows, %d of them broken, want %d and %d", len(first), broken, c.Rows, c.Broken)
	}
	var second []string
	for row, err := range src.Rows(t.Context(), c.Data, c.owners()) {
		if err != nil {
			t.Fatal(err)
		}
		second = append(second, row.Key+string(row.JSON))
	}
	if !slices.Equal(first, second) {
		t.Error("the rows are others the second time")
	}
}

// fits says why a value is not of its column's type.
func fits(col plan.Column, v any) string {
	if v == nil {
		return ""
	}
	ok := true
	switch col.Type {
	case plan.ColumnString:
		_, ok = v.(string)
	case plan.ColumnNumber:
		_, ok = v.(float64)
	case plan.ColumnBool:
		_, ok = v.(bool)
	case plan.ColumnTime:
		text, _ := v.(string)
		at, err := time.Parse(time.RFC3339, text)
		ok = err == nil && at.Location() == time.UTC
	case plan.ColumnLink:
		link, is := v.(map[string]any)
		_, has := link["UUID"].(string)
		ok = is && has
	case plan.ColumnLinks, plan.ColumnFiles, plan.ColumnList:
		_, ok = v.([]any)
	case plan.ColumnObject:
		_, ok = v.(map[string]any)
	case plan.ColumnAny:
	default:
		return "there is no such type"
	}
	if !ok {
		return fmt.Sprintf("%v does not fit", v)
	}
	return ""
}
