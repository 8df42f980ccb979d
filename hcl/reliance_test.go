package hcl_test

import (
	"maps"
	"testing"
	"time"
)

// TestReliance: numbers that must hold of rows are read as they are written.
func TestReliance(t *testing.T) {
	cfg := load(t, desk+`
data "src" "one" {
  class      = "ticket"
  expect     = 20768
  max_shrink = 0.2
  max_age    = "90m"
}
data "src" "two" {
  class   = "ticket"
  expect  = { "ticket$request" = 120 }
  max_age = "7d"
}
`)
	seen := 0
	for _, d := range cfg.Data {
		switch d.Name {
		case "one":
			seen++
			if !maps.Equal(d.Expect, map[string]int64{"": 20768}) || d.MaxShrink == nil || *d.MaxShrink != 0.2 || d.MaxAge != 90*time.Minute {
				t.Errorf("%+v", d)
			}
		case "two":
			seen++
			if !maps.Equal(d.Expect, map[string]int64{"ticket$request": 120}) || d.MaxShrink != nil || d.MaxAge != 7*24*time.Hour {
				t.Errorf("%+v", d)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d of 2 data blocks", seen)
	}
}
