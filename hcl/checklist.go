package hcl

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

var checklistDoc = blockDoc{name: "checklist", labels: []string{"NAME"}, doc: "What a person turns off or on in the workspace before some sets move. `deskform checklist` lists the items and takes a person's word for them; until then a plan shows them as open, and apply writes nothing to the sets that need them.",
	blocks: []blockDoc{{name: "item", labels: []string{"NAME"}, many: true, doc: "One thing to do; its name is unique among all checklists.",
		args: []argDoc{
			{"off", "text", false, "What is turned off, where and when. Without it `on` is turned on before the move and stays."},
			{"on", "text", false, "What is turned on again, and when. Without it `off` stays off."},
			{"who", "text", true, "Who does and confirms it."},
			{"why", "text", true, "What happens otherwise, and what that costs."},
			{"needed_for", "list of sets and phases", true, "What waits for it: `[phase.history]`, `[contact.requesters]`."}}}}}

// readChecklists reads the items in the order of files and lines.
func (l *loader) readChecklists(blocks []*hclsyntax.Block) {
	lists, items := map[string]hcl.Range{}, map[string]hcl.Range{}
	for _, b := range blocks {
		name := b.Labels[0]
		if !l.nameOK(b, 0) {
			continue
		}
		if first, ok := lists[name]; ok {
			l.twice(b, "checklist."+name, first)
			continue
		}
		lists[name] = b.DefRange()
		in := l.open(b.Body, b.DefRange(), "checklist."+name, checklistDoc, nil)
		found := in.blocks("item", 1)
		if len(found) == 0 && len(b.Body.Blocks) == 0 {
			l.errorf(b.DefRange(), "Checklist is empty", "Write an item: item \"NAME\" { off = \"…\" … }; or delete the block.")
		}
		for _, n := range found {
			item := n.Labels[0]
			if !l.nameOK(n, 0) {
				continue
			}
			if first, ok := items[item]; ok {
				l.twice(n, "the item "+item, first)
				continue
			}
			items[item] = n.DefRange()
			l.cfg.Checklist = append(l.cfg.Checklist, l.checkItem(n, name, item))
		}
	}
}

func (l *loader) checkItem(b *hclsyntax.Block, list, name string) plan.CheckItem {
	out := plan.CheckItem{Name: name, List: list}
	in := l.open(b.Body, b.DefRange(), "item "+name, checklistDoc.blocks[0], nil)
	c := l.static()
	for arg, to := range map[string]*string{"off": &out.Off, "on": &out.On, "who": &out.Who, "why": &out.Why} {
		text, ok := in.text(c, arg)
		*to = strings.Join(strings.Fields(text), " ")
		if ok && *to == "" {
			l.errorf(in.attrs[arg].Expr.Range(), "Text is empty", "%q of item %s says nothing; write what a person has to know, or delete it.", arg, name)
		}
	}
	_, off := in.attr("off")
	_, on := in.attr("on")
	if !off && !on {
		l.errorf(b.DefRange(), "Argument missing", "Item %s needs `off`, `on` or both: what is turned off before the move, and what is turned on again.", name)
	}
	a, ok := in.attr("needed_for")
	if !ok {
		return out
	}
	add := func(set string) {
		if !contains(out.NeededFor, set) {
			out.NeededFor = append(out.NeededFor, set)
		}
	}
	exprs := l.listItems(a, "sets and phases: needed_for = [phase.history]")
	if list, ok := a.Expr.(*hclsyntax.TupleConsExpr); ok && len(list.Exprs) == 0 {
		l.errorf(a.Expr.Range(), "List is empty", "Name the sets or phases that need item %s; an item that nothing needs is no item.", name)
	}
	for _, e := range exprs {
		w, _, ok := words(e)
		if !ok || len(w) == 0 || w[0] != "phase" {
			if set, ok := c.setName(e); ok {
				add(set)
			}
			continue
		}
		p, ok := l.phases[strings.Join(w[1:], ".")]
		if !ok {
			l.errorf(e.Range(), "Unknown phase", "There is no %s.%s", strings.Join(w, "."), meant(strings.Join(w[1:], "."), keys(l.phases)))
			continue
		}
		for _, set := range p.phase.Sets {
			add(set)
		}
	}
	return out
}
