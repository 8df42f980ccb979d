package hcl

import (
	"cmp"
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// readRedactions reads the redact blocks, in the order of their names.
func (l *loader) readRedactions(blocks []*hclsyntax.Block) {
	seen := map[string]hcl.Range{}
	c := l.static()
	for _, b := range blocks {
		name := b.Labels[0]
		if !l.nameOK(b, 0) {
			continue
		}
		if first, ok := seen[name]; ok {
			l.twice(b, "redact."+name, first)
			continue
		}
		seen[name] = b.DefRange()
		in := l.open(b.Body, b.DefRange(), "redact."+name, redactDoc, nil)
		r := plan.Redaction{Name: name, With: "[redacted]"}
		if text, ok := in.text(c, "with"); ok {
			r.With = text
		}
		if text, ok := in.text(c, "pattern"); ok {
			r.Pattern = l.pattern(text, in.attrs["pattern"].Expr.Range())
		}
		if a, ok := in.attr("in"); ok {
			r.Sets = l.redactedSets(c, a)
		}
		if r.Pattern != nil {
			l.cfg.Redactions = append(l.cfg.Redactions, r)
		}
	}
	slices.SortFunc(l.cfg.Redactions, func(a, b plan.Redaction) int { return cmp.Compare(a.Name, b.Name) })
}

// pattern compiles a regular expression; nil when it is none, which has been reported.
func (l *loader) pattern(text string, at hcl.Range) *regexp.Regexp {
	re, err := regexp.Compile(text)
	if err != nil {
		why := err.Error()
		var bad *syntax.Error
		if errors.As(err, &bad) {
			why = bad.Code.String() + ": " + bad.Expr
		}
		l.errorf(at, "Not a pattern", "The regular expression cannot be read (%s). It is in the syntax of RE2: no look-around, no back references.", why)
		return nil
	}
	if re.MatchString("") {
		l.errorf(at, "Pattern matches nothing", "The regular expression matches an empty text as well, and so between any two letters; ask for one character at least: `+` instead of `*`.")
		return nil
	}
	return re
}

func (l *loader) redactedSets(c *compiler, a *hclsyntax.Attribute) []string {
	exprs := l.listItems(a, "record sets: in = [conversation.incidents]")
	if list, ok := a.Expr.(*hclsyntax.TupleConsExpr); ok && len(list.Exprs) == 0 {
		l.errorf(a.Expr.Range(), "List is empty", "Name the record sets that the rule is for, or leave out `in`: then it is for all.")
	}
	var out []string
	for _, e := range exprs {
		set, ok := c.setName(e)
		if !ok {
			continue
		}
		if _, isRecord := l.sets[set]; !isRecord {
			l.errorf(e.Range(), "Not a record set", "Resources are written as the configuration says; a rule is for record sets, and %s is none.", set)
			continue
		}
		if !contains(out, set) {
			out = append(out, set)
		}
	}
	return out
}
