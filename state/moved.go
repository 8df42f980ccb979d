package state

import (
	"strings"

	"deskform/plan"
)

// A Move is a renaming that the configuration declares: a set to a set (both keys empty) or an address to an address.
type Move struct{ From, To plan.Address }

// Renamed lets all readers see the records under their new addresses, without a write: what a plan shows is what the
// apply finds once it has carried the moves out with Move, in the same order: those of single records come first. What
// was moved already is left alone.
func (s *State) Renamed(moves []Move) { s.moves = moves }

// forward is where an address of the file is now.
func (s *State) forward(a plan.Address) plan.Address {
	for _, m := range s.moves {
		switch {
		case m.From.Key == "" && m.From.Set == a.Set:
			a.Set = m.To.Set
			return a
		case m.From.Key != "" && m.From.Set == a.Set && m.From.Key == a.Key:
			return m.To
		}
	}
	return a
}

// renamed puts a base under its new address.
func (s *State) renamed(b *plan.Base) {
	if len(s.moves) == 0 {
		return
	}
	if b.Continues != "" {
		b.Continues = s.forward(plan.Address{Set: b.Address.Set, Key: b.Continues}).Key
	}
	b.Address = s.forward(b.Address)
	if b.MergedInto != "" {
		if into, err := plan.ParseAddress(b.MergedInto); err == nil {
			b.MergedInto = s.forward(into).String()
		}
	}
}

// A where selects the rows of a set in the file, those that will be moved there included and those that will be moved
// away left out. key is the expression of a row's new key, with its arguments; they stand before those of cond.
type where struct {
	key, cond string
	keyArgs   []any
	args      []any
}

func (w where) all() []any { return append(append([]any(nil), w.keyArgs...), w.args...) }

func (s *State) of(set string) where {
	var in, out, keys []string
	var inArgs, outArgs, keyArgs []any
	in, inArgs = append(in, "owner = ?"), append(inArgs, set)
	for _, m := range s.moves {
		switch {
		case m.From.Key == "" && m.From.Set == set:
			out, outArgs = append(out, "owner <> ?"), append(outArgs, set)
		case m.From.Key != "" && m.From.Set == set && m.To.Set != set:
			out, outArgs = append(out, "NOT (owner = ? AND key = ?)"), append(outArgs, set, m.From.Key)
		}
		switch {
		case m.To.Set != set:
		case m.To.Key == "":
			in, inArgs = append(in, "owner = ?"), append(inArgs, m.From.Set)
		default:
			in, inArgs = append(in, "owner = ? AND key = ?"), append(inArgs, m.From.Set, m.From.Key)
			keys, keyArgs = append(keys, "WHEN owner = ? AND key = ? THEN ?"), append(keyArgs, m.From.Set, m.From.Key, m.To.Key)
		}
	}
	w := where{key: "key", cond: "(" + strings.Join(in, " OR ") + ")", args: inArgs, keyArgs: keyArgs}
	if len(keys) > 0 {
		w.key = "CASE " + strings.Join(keys, " ") + " ELSE key END"
	}
	if len(out) > 0 {
		w.cond += " AND " + strings.Join(out, " AND ")
		w.args = append(w.args, outArgs...)
	}
	return w
}
