package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"deskform/plan"
)

// Reclaims count by person what the actor has written for people who have a seat now. Intercom gives no message another
// author, so that nothing is done about it.
type Reclaims map[string]*Reclaim

// A Reclaim is one such person.
type Reclaim struct {
	// Teammate is the id of their seat.
	Teammate string `json:"teammate"`
	// Who are name and address, masked.
	Who      string `json:"who"`
	Messages int    `json:"messages"`
	Records  int    `json:"records"`
	// Assigned is how many records that nobody had this plan gives to them.
	Assigned int `json:"assigned"`
}

// Add counts one change.
func (r Reclaims) Add(m masker, c *plan.Change) {
	for _, p := range c.Reclaimable {
		one := r.person(p.Teammate)
		one.Who = m.person(p.Who)
		one.Messages += p.Messages
		one.Records++
	}
	for _, f := range c.Fields {
		if id, ok := f.After.(string); ok && c.Action == plan.Update && f.Field == "assign.teammate" && f.What == "set" && f.Before == nil && f.Base == nil {
			r.person(id).Assigned++
		}
	}
}

func (r Reclaims) person(id string) *Reclaim {
	if r[id] == nil {
		r[id] = &Reclaim{Teammate: id}
	}
	return r[id]
}

// List are the people with messages, by seat.
func (r Reclaims) List() []Reclaim {
	out := []Reclaim{}
	for _, one := range r {
		if one.Messages > 0 {
			out = append(out, *one)
		}
	}
	slices.SortFunc(out, func(a, b Reclaim) int {
		return cmp.Or(len(a.Teammate)-len(b.Teammate), cmp.Compare(a.Teammate, b.Teammate))
	})
	return out
}

func (r Reclaims) write(out io.Writer) {
	for i, one := range r.List() {
		if i == 0 {
			fmt.Fprintln(out, "\nWritten by the actor for people who have a seat now; Intercom gives no message another author, so they stay (deskform state list --reclaimable):")
		}
		assigned := ""
		if one.Assigned > 0 {
			assigned = "; this plan assigns " + counted(one.Assigned, "record") + " to them"
		}
		fmt.Fprintf(out, "  the actor wrote %s in %s for %s, who now has the seat %s%s\n", counted(one.Messages, "message"), counted(one.Records, "record"), one.Who, one.Teammate, assigned)
	}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// person names somebody of the source; masked, a short hash of their address or key still tells two apart.
func (m masker) person(p plan.Person) string {
	if !m.reveal {
		switch {
		case p.Email != "":
			return MaskKey(p.Email)
		case p.Key != "":
			return visible(MaskKey(p.Key))
		}
		return "(personal)"
	}
	switch {
	case p.Name != "" && p.Email != "":
		return visible(p.Name + " (" + p.Email + ")")
	case p.Name == "" && p.Email == "":
		return visible(cmp.Or(p.Key, "a declared teammate"))
	}
	return visible(cmp.Or(p.Name, p.Email))
}

// MaskPerson is how a person of the source is named in a list.
func MaskPerson(p plan.Person, reveal bool) string { return masker{reveal: reveal}.person(p) }
