package hcl_test

import (
	"os"
	"slices"
	"testing"
)

// TestLater: references that can follow break a circle of sets without a word; the sets say what comes after them.
func TestLater(t *testing.T) {
	text, err := os.ReadFile("testdata/circle.hcl")
	if err != nil {
		t.Fatal(err)
	}
	cfg := load(t, preamble+string(text))
	var order []string
	later := map[string][]string{}
	for _, s := range cfg.Sets {
		order = append(order, s.Name)
		later[s.Name] = s.Later
	}
	a, b := slices.Index(order, "company.a"), slices.Index(order, "company.b")
	if a < 0 || b < 0 {
		t.Fatalf("the sets are %v", order)
	}
	first, second := "company.a", "company.b"
	if b < a {
		first, second = second, first
	}
	if !slices.Equal(later[first], []string{second}) || len(later[second]) > 0 {
		t.Errorf("in the order %v, what comes later is %v", order, later)
	}
	own := load(t, desk)
	if got := set(t, own, "conversation.tickets").Later; !slices.Equal(got, []string{"conversation.tickets"}) {
		t.Errorf("tickets that refer to each other: %v", got)
	}
}
