package engine

import (
	"testing"

	"deskform/plan"
	"deskform/state/cache"
)

// TestAllowed is the rule of max_shrink in REFERENCE.md, by hand.
func TestAllowed(t *testing.T) {
	all, fifth := 1.0, 0.2
	one := func(typ string, before, gone int) cache.Ebb {
		return cache.Ebb{Before: before, Gone: gone, Types: map[string]cache.Gone{typ: {Before: before, Gone: gone}}}
	}
	had := func(before, filled, rows, now int, shown bool) cache.Ebb {
		have := cache.TypeTally{Rows: rows, Filled: map[string]int{}}
		if shown {
			have.Filled["email"] = now
		}
		return cache.Ebb{Had: cache.Tally{"": {Rows: before, Filled: map[string]int{"email": filled}}}, Have: cache.Tally{"": have}}
	}
	attrs := map[string]plan.Value{"class": "employee", "attrs": []plan.Value{"title"}}
	for name, c := range map[string]struct {
		ebb   cache.Ebb
		bound *float64
		args  map[string]plan.Value
		owned bool
		want  bool
	}{
		"nothing":                        {one("", 20, 0), nil, nil, false, true},
		"one in twenty":                  {one("", 200, 10), nil, nil, false, true},
		"more than one in twenty":        {one("", 200, 11), nil, nil, false, false},
		"one of eight":                   {one("", 8, 1), nil, nil, false, true},
		"two of eight":                   {one("", 8, 2), nil, nil, false, false},
		"seven of eight":                 {one("", 8, 7), nil, nil, false, false},
		"the only one":                   {one("", 1, 1), nil, nil, false, false},
		"all, and it is allowed":         {one("", 8, 8), &all, nil, false, true},
		"more than is allowed":           {one("", 10, 3), &fifth, nil, false, false},
		"a type of four":                 {cache.Ebb{Before: 200, Gone: 4, Types: map[string]cache.Gone{"a": {Before: 196}, "b": {Before: 4, Gone: 4}}}, nil, nil, false, false},
		"a type of one":                  {cache.Ebb{Before: 200, Gone: 1, Types: map[string]cache.Gone{"a": {Before: 199}, "b": {Before: 1, Gone: 1}}}, nil, nil, false, true},
		"ten of the comments read again": {one("comment", 30, 10), nil, nil, true, true},
		"more than half of them":         {one("comment", 12, 7), nil, nil, true, false},
		"all of them":                    {one("comment", 3, 3), nil, nil, true, false},
		"an attribute":                   {had(60, 2, 60, 0, false), nil, nil, false, false},
		"an attribute of one row":        {had(60, 1, 60, 0, false), nil, nil, false, true},
		"an attribute, allowed":          {had(60, 60, 60, 0, false), &all, nil, false, true},
		"one that some have still":       {had(60, 50, 60, 1, true), nil, nil, false, true},
		"emptied everywhere":             {had(20, 5, 20, 0, true), nil, nil, false, false},
		"emptied, of few":                {had(20, 4, 20, 0, true), nil, nil, false, true},
		"emptied, of a small part":       {had(100, 20, 100, 0, true), nil, nil, false, true},
		"not asked for any more":         {had(60, 60, 60, 0, false), nil, attrs, false, true},
		"no row to look at":              {had(60, 60, 0, 0, false), nil, nil, false, true},
		"read again, not shown":          {cache.Ebb{Lost: map[string]cache.Loss{"email": {Had: 2}}, Reread: 3}, nil, nil, false, false},
		"read again, of one":             {cache.Ebb{Lost: map[string]cache.Loss{"email": {Had: 1}}, Reread: 1}, nil, nil, false, true},
		"read again, shown":              {cache.Ebb{Lost: map[string]cache.Loss{"email": {Had: 3, Shown: 1}}, Reread: 3}, nil, nil, false, true},
	} {
		if err := allowed(plan.Data{Type: "itsm365", Name: "x", Args: c.args, MaxShrink: c.bound}, c.ebb, c.owned); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
