package cache_test

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"deskform/plan"
)

// many are n contacts, each with an e-mail address of its own.
func many(n int) iter.Seq2[plan.Live, error] {
	return func(yield func(plan.Live, error) bool) {
		for i := range n {
			if !yield(live(fmt.Sprintf("%06d", i), fmt.Sprintf("p%d@x.example", i)), nil) {
				return
			}
		}
	}
}

// A look-up by key starts from the key, by its index, and goes to the objects by theirs; nothing is walked through or
// sorted.
func TestFindPlan(t *testing.T) {
	c := open(t)
	if err := c.PutLive(t.Context(), "contact", true, many(2000), []string{"email"}); err != nil {
		t.Fatal(err)
	}
	got, err := c.FindPlan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	steps := strings.Split(got, "\n")
	if len(steps) != 2 || !strings.HasPrefix(steps[0], "SEARCH k ") || !strings.Contains(steps[0], "value=?") || !strings.HasPrefix(steps[1], "SEARCH l ") || !strings.Contains(steps[1], "id=?") {
		t.Errorf("the plan is\n%s", got)
	}
}

func BenchmarkFindLive(b *testing.B) {
	for _, n := range []int{1000, 20000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := open(b)
			if err := c.PutLive(b.Context(), "contact", true, many(n), []string{"email"}); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				found, err := c.FindLive(b.Context(), "contact", "email", fmt.Sprintf("p%d@x.example", i%n))
				if err != nil || len(found) != 1 {
					b.Fatal(len(found), err)
				}
			}
		})
	}
}
