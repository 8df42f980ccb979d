package hcl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"deskform/plan"
)

// Eval turns one row into a wanted record. It is pure and may be called by many goroutines at once. What is wrong with
// the row is among the problems of the want; an error means that a lookup failed or that the set has no rows.
func (s *Set) Eval(row plan.Row, j Joins) (Result, error) {
	m := s.m
	if m == nil {
		return Result{}, fmt.Errorf("evaluate %s: its resources are constants", s.Name)
	}
	f := m.pool.Get().(*frame)
	defer m.pool.Put(f)
	f.joins, f.used, f.notes, f.lost, f.memo = j, 0, nil, f.lost[:0], f.memo[:0]
	each := f.state()
	each.read(row, m.each)
	setVar(f, 0, each)
	var r Result
	err := m.eval(f, row, &r)
	r.Notes = f.notes
	if !r.Skip {
		r.Want.Notes = f.losses()
	}
	return r, err
}

func (m *mapping) eval(f *frame, row plan.Row, r *Result) error {
	r.Want = plan.Want{Key: row.Key, Row: row.Pos}
	if row.Broken != "" {
		r.Want.Problems = []plan.Problem{{Rule: "broken_row", Text: row.Broken}}
		return nil
	}
	if m.where != nil {
		v, err := m.where.eval(f)
		ok := false
		if err == nil {
			ok, err = truth(v)
		}
		if err != nil {
			if err = r.problem("where", err); err != nil {
				return err
			}
		} else if !ok {
			r.Skip, r.SkipRule, r.Want = true, m.rule, plan.Want{}
			return nil
		}
	}
	if err := m.evalKey(f, r); err != nil {
		return err
	}
	if len(m.match) > 0 {
		r.Want.Match = make(plan.Fields, len(m.match))
		for i := range m.match {
			if err := m.match[i].set(f, r, r.Want.Match, "match."); err != nil {
				return err
			}
		}
	}
	f.forget() // nothing of what rows are selected and found by is sent
	r.Want.Fields = make(plan.Fields, len(m.fields))
	for i := range m.fields {
		if err := m.fields[i].set(f, r, r.Want.Fields, ""); err != nil {
			return err
		}
	}
	for i := range m.parts {
		if err := m.parts[i].eval(f, r); err != nil {
			return err
		}
	}
	return nil
}

func (m *mapping) evalKey(f *frame, r *Result) error {
	v, err := m.key.eval(f)
	var key string
	ok := false
	if err == nil {
		key, ok, err = textOf(v)
	}
	switch {
	case err != nil:
		return r.problem("key", err)
	case !ok || key == "":
		r.Want.Problems = append(r.Want.Problems, plan.Problem{Field: "key", Rule: "no_key", Text: "the key is empty; select the row away with `where`, or make the key of another column"})
		return nil
	}
	r.Want.Key = key
	return nil
}

// set evaluates one field into fields.
func (a *assignment) set(f *frame, r *Result, fields plan.Fields, prefix string) error {
	v, err := a.eval(f)
	f.lostBy(prefix+a.name, prefix != "" && prefix != "match.")
	if err != nil {
		return r.problem(prefix+a.name, err)
	}
	out, bad := convertTo(v, a.field)
	if bad != nil {
		r.Want.Problems = append(r.Want.Problems, plan.Problem{Field: prefix + a.name, Rule: bad.rule, Text: "the value " + bad.text})
		return nil
	}
	if ref, ok := out.(plan.Ref); ok && len(ref.Targets) == 0 && !a.keepEmpty {
		out = nil
	}
	if out == nil && a.required {
		r.Want.Problems = append(r.Want.Problems, plan.Problem{Field: prefix + a.name, Rule: "required", Text: "is required and is null for this row"})
		return nil
	}
	fields[a.name] = out
	return nil
}

// problem notes what a row has wrong; other errors are given back.
func (r *Result) problem(field string, err error) error {
	var bad *fault
	var unknown *errUnknown
	switch {
	case errors.As(err, &bad):
		r.Want.Problems = append(r.Want.Problems, plan.Problem{Field: field, Rule: bad.rule, Text: bad.text})
	case errors.As(err, &unknown):
		r.Want.Problems = append(r.Want.Problems, plan.Problem{Field: field, Rule: "unknown", Text: unknown.Error()})
	default:
		return err
	}
	return nil
}

func (p *partMapping) eval(f *frame, r *Result) error {
	v, err := p.rows.eval(f)
	if err != nil {
		return r.problem(p.list, err)
	}
	rows := elements(v)
	if len(rows) == 0 {
		return nil
	}
	r.Want.Parts = slices.Grow(r.Want.Parts, len(rows))
	first := len(r.Want.Parts)
	for _, x := range rows {
		rs, ok := x.(*rowState)
		if !ok {
			continue // a null of a condition
		}
		setVar(f, p.at, rs)
		flag, err := p.flag(rs)
		if err != nil {
			if err = r.problem(p.list+".private", err); err != nil {
				return err
			}
		}
		part := plan.PartWant{List: p.list, Key: rs.row.Key, Fields: make(plan.Fields, len(p.fields)), SourcePrivate: flag}
		if p.key != nil {
			v, err := p.key.eval(f)
			if err == nil {
				part.Key, _, err = textOf(v)
			}
			if err != nil {
				if err = r.problem(p.list+".key", err); err != nil {
					return err
				}
				continue
			}
		}
		if part.Key == "" {
			r.Want.Problems = append(r.Want.Problems, plan.Problem{Field: p.list + ".key", Rule: "no_key", Text: "the key of a part is empty; write key = … in the part block"})
			continue
		}
		for i := first; i < len(r.Want.Parts); i++ {
			if r.Want.Parts[i].Key == part.Key {
				r.Want.Problems = append(r.Want.Problems, plan.Problem{Field: p.list + ".key", Rule: "duplicate_part", Text: "two parts have one key; write key = … in the part block"})
				break
			}
		}
		f.forget()
		for i := range p.fields {
			if err := p.fields[i].set(f, r, part.Fields, p.list+"."); err != nil {
				return err
			}
		}
		if flag != nil && *flag && part.Fields["private"] == false {
			r.Want.Problems = append(r.Want.Problems, plan.Problem{Field: p.list + ".private", Rule: plan.RuleExposed, Text: "the source says that it is private, and the mapping would show it to the customer; correct private = … in the part block"})
		}
		r.Want.Parts = append(r.Want.Parts, part)
	}
	return nil
}

// flag is the source row's own privacy flag, whatever the mapping says; nil when it has none. One that cannot be read is a
// fault: the check before a send would have nothing to hold against.
func (p *partMapping) flag(rs *rowState) (*bool, error) {
	if p.private < 0 {
		return nil, nil
	}
	v := rs.slots[p.private]
	switch b := v.(type) {
	case nil:
		return nil, nil
	case bool:
		return &b, nil
	}
	text, _, err := textOf(v)
	if err == nil {
		if b, ok := flagWords[strings.ToLower(strings.TrimSpace(text))]; ok {
			return &b, nil
		}
	}
	if p.guessed {
		return nil, nil
	}
	return nil, &fault{"private_unreadable", "the column that says whether it is private is neither true nor false, yes nor no, да nor нет, 1 nor 0"}
}

// flagWords are what exports write for a yes or no.
var flagWords = map[string]bool{"true": true, "yes": true, "да": true, "1": true, "false": false, "no": false, "нет": false, "0": false}

// Unmatched names the lookups of the mapping, as written, that were tried and have found nothing in any row so far.
func (s *Set) Unmatched() []string {
	var out []string
	if s.m == nil {
		return out
	}
	for _, j := range s.m.joins {
		if j.seen.tried.Load() > 0 && j.seen.found.Load() == 0 && !contains(out, j.text) {
			out = append(out, j.text)
		}
	}
	return out
}

// inlineKeys evaluates the keys of rows that a set declares itself, so that references to them can be checked.
func (l *loader) inlineKeys(d *setDecl) {
	m := d.set.m
	if m.key == nil || m.key.bad || m.where != nil && m.where.bad || len(m.joins) > 0 {
		return
	}
	wrong := l.hasErrors() // what is built on it would only repeat it
	d.keys = map[string]bool{}
	for _, row := range l.cfg.inline[d.set.Data] {
		r, err := d.set.Eval(row, nil)
		if err != nil {
			d.keys = nil
			return
		}
		for _, p := range r.Want.Problems {
			if p.Field == "key" || !wrong && p.Rule != "unknown" {
				l.errorf(l.attrAt(d, p.Field), "Wrong value", "The row %q: %s %s.", row.Key, p.Field, p.Text)
			}
		}
		if d.keys[r.Want.Key] && !r.Skip && d.set.Duplicates == "error" {
			l.errorf(l.attrAt(d, "key"), "Duplicate key", "Two rows have the key %q.", r.Want.Key)
		}
		if !r.Skip {
			d.keys[r.Want.Key] = true
		}
	}
}

// attrAt is where a field of a set is mapped.
func (l *loader) attrAt(d *setDecl, field string) (at hcl.Range) {
	head, _, _ := cut(field)
	if a, ok := d.block.Body.Attributes[head]; ok {
		return a.Expr.Range()
	}
	return d.at
}

// checkConstRefs checks references with constant keys to resources and to rows that are declared here.
func (l *loader) checkConstRefs() {
	for _, r := range l.constRefs {
		if labels, ok := l.resources[r.target.Set]; ok {
			if _, ok := labels[r.target.Key]; !ok {
				l.errorf(r.at, "Undeclared resource", "There is no %s.%s.%s", r.target.Set, r.target.Key, meant(r.target.Key, keys(labels)))
			}
			continue
		}
		if d, ok := l.sets[r.target.Set]; ok && d.keys != nil && !d.keys[r.target.Key] {
			l.errorf(r.at, "Unknown record", "%s declares no row with the key %q.%s", r.target.Set, r.target.Key, meant(r.target.Key, keys(d.keys)))
		}
	}
}
