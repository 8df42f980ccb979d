package main

import (
	"strings"
	"testing"
	"time"
)

// Off a terminal what takes long is told in lines, and what does not is silent.
func TestProgressLines(t *testing.T) {
	for _, tc := range []struct {
		name  string
		total int
		steps []int // each counted a second after the one before
		want  string
	}{
		{"short", 9, []int{3, 3, 3}, ""},
		{"long, the total is known", 60, []int{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, "apply: 20 of 60, 2.0/s, 10s so far, about 20s left\n"},
		{"long, nobody knows the total", 0, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, "apply: 10, 1.0/s, 10s so far\napply: 20, 1.0/s, 20s so far\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out strings.Builder
			now := time.Unix(1000, 0)
			p := newProgress(&out)
			p.now = func() time.Time { return now }
			p.Start("apply", tc.total)
			for _, n := range tc.steps {
				now = now.Add(time.Second)
				p.Step(n)
			}
			p.Done()
			if out.String() != tc.want {
				t.Errorf("%q, want %q", out.String(), tc.want)
			}
		})
	}
}
