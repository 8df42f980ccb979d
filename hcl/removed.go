package hcl

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

var removedDoc = blockDoc{name: "removed", doc: "Says that a set, a record or a resource is no longer declared on purpose: what was made stays in Intercom and is left. Without it a plan is refused that would make anew what may only have got another name or key. For a set that is still declared it speaks of the records whose rows are gone.",
	args: []argDoc{
		{"from", "address", true, "The address that was given up: `contact.old`, `contact.old[\"key\"]` or `tag.old`."}}}

func (l *loader) readRemoved(blocks []*hclsyntax.Block) {
	for _, name := range sortedKeys(l.sets) {
		if l.sets[name].off {
			l.cfg.Off = append(l.cfg.Off, name)
		}
	}
	froms := map[plan.Address]hcl.Range{}
	for _, b := range blocks {
		in := l.open(b.Body, b.DefRange(), "a removed block", removedDoc, nil)
		from, at, ok := l.address(in, "from")
		if !ok {
			continue
		}
		if from.Resource {
			if d, declared := l.resources[from.Set][from.Key]; declared && !d.off {
				l.errorf(at, "Still declared", "%s is still declared; delete its block, or this one.", from)
				continue
			}
		}
		if first, twice := froms[from]; twice {
			l.errorf(at, "Removed twice", "This address is already removed on %s line %d.", first.Filename, first.Start.Line)
			continue
		}
		if slices.ContainsFunc(l.cfg.Moved, func(m Move) bool { return m.From == from }) {
			l.errorf(at, "Moved and removed", "A moved block says where this address is now; delete one of the two.")
			continue
		}
		froms[from] = at
		l.cfg.Removed = append(l.cfg.Removed, from)
	}
}

// kindNames are the first words of all kinds, for did-you-mean.
func (l *loader) kindNames() []string {
	var out []string
	for _, k := range l.Kinds {
		head, _, _ := cut(k.Name)
		if !contains(out, head) {
			out = append(out, head)
		}
	}
	return out
}
