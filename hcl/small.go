package hcl

import (
	"math"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// A phaseDecl is a phase block.
type phaseDecl struct {
	phase Phase
	block *hclsyntax.Block
	at    hcl.Range
	// index is its place among the phases.
	index int
}

func (l *loader) declarePhase(b *hclsyntax.Block) {
	name := b.Labels[0]
	if !l.nameOK(b, 0) {
		return
	}
	if old, ok := l.phases[name]; ok {
		l.twice(b, "phase."+name, old.at)
		return
	}
	l.phases[name] = &phaseDecl{phase: Phase{Name: name}, block: b, at: b.DefRange()}
}

// readPhases reads the phases and puts them in order.
func (l *loader) readPhases() {
	phaseOf := map[string]*phaseDecl{}
	edges := map[string][]edge{}
	c := l.static()
	names := sortedKeys(l.phases)
	slices.SortStableFunc(names, func(a, b string) int {
		if before(l.phases[a].at, l.phases[b].at) {
			return -1
		}
		return 1
	})
	for _, name := range names {
		p := l.phases[name]
		in := l.open(p.block.Body, p.at, "phase."+name, phaseDoc, nil)
		edges[name] = nil
		if a, ok := in.attr("sets"); ok {
			for _, e := range l.listItems(a, "the record sets of the phase: sets = [contact.requesters]") {
				set, ok := c.setName(e)
				if !ok {
					continue
				}
				if _, isRecord := l.sets[set]; !isRecord {
					l.errorf(e.Range(), "Not a record set", "Resources come before all phases; %s cannot be in one.", set)
					continue
				}
				if other, ok := phaseOf[set]; ok {
					l.errorf(e.Range(), "Set is in two phases", "%s is already in phase.%s; a set is in one phase.", set, other.phase.Name)
					continue
				}
				phaseOf[set] = p
				p.phase.Sets = append(p.phase.Sets, set)
			}
		}
		if a, ok := in.attr("after"); ok {
			for _, e := range l.listItems(a, "phases: after = [phase.people]") {
				w, _, ok := words(e)
				if !ok || len(w) != 2 || w[0] != "phase" {
					l.errorf(e.Range(), "Not a phase", "Write phase.NAME, without quotes.")
					continue
				}
				if _, ok := l.phases[w[1]]; !ok {
					l.errorf(e.Range(), "Unknown phase", "There is no phase %q.%s", w[1], meant(w[1], keys(l.phases)))
					continue
				}
				edges[name] = append(edges[name], edge{to: w[1], at: e.Range()})
				p.phase.After = append(p.phase.After, w[1])
			}
		}
	}
	order, cycle := sortGraph(names, edges)
	if cycle != nil {
		at := edgeAt(edges, cycle)
		for i := range cycle {
			cycle[i] = "phase." + cycle[i]
		}
		l.errorf(at, "Cycle", "%s. A phase cannot come after itself; delete one of these from `after`.", strings.Join(cycle, " -> "))
	}
	for i, name := range order {
		p := l.phases[name]
		p.index = i
		l.cfg.Phases = append(l.cfg.Phases, p.phase)
		for _, s := range p.phase.Sets {
			if d := l.sets[s]; d.set != nil {
				d.set.Phase = name
			}
		}
	}
}

// listItems are the elements of a list that is written out.
func (l *loader) listItems(a *hclsyntax.Attribute, what string) []hclsyntax.Expression {
	list, ok := a.Expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		l.errorf(a.Expr.Range(), "List needed", "%q is a list of %s.", a.Name, what)
		return nil
	}
	return list.Exprs
}

func (l *loader) readLimits(blocks []*hclsyntax.Block) {
	doc := limitsDoc
	for _, n := range limitNames() {
		doc.args = append(slices.Clone(doc.args), argDoc{name: n})
	}
	c := l.static()
	for i, b := range blocks {
		if i > 0 {
			l.twice(b, "the limits block", blocks[0].DefRange())
			continue
		}
		in := l.open(b.Body, b.DefRange(), "the limits block", doc, nil)
		for _, action := range limitNames() {
			a, ok := in.attr(action)
			if !ok {
				continue
			}
			limit := Limit{Action: action}
			l.eachMember(a.Expr, action+" = { max = 500 }", func(name string, at hcl.Range, e hclsyntax.Expression) {
				n := c.compile(e)
				if n.bad || n.unknown {
					return
				}
				num, err := numberOf(n.val)
				g := float(num)
				switch {
				case name != "max" && name != "share":
					l.errorf(at, "Unknown argument", "A limit has `max` and `share`; not %q.%s", name, meant(name, []string{"max", "share"}))
				case !n.fixed || err != nil || num == nil || g < 0:
					l.errorf(e.Range(), "Wrong value", "%q is a number from 0 up.", name)
				case name == "max" && (g != math.Trunc(g) || g > math.MaxInt32):
					l.errorf(e.Range(), "Wrong value", "`max` is a whole number.")
				case name == "max":
					k := int(g)
					limit.Max = &k
				case g > 1:
					l.errorf(e.Range(), "Wrong value", "`share` is a part from 0 to 1: 0.3 is 30 percent.")
				default:
					limit.Share = &g
				}
			})
			if obj, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok && len(obj.Items) == 0 {
				l.errorf(a.Expr.Range(), "Limit is empty", "Give it `max`, `share` or both: %s = { max = 500 }.", action)
			}
			l.cfg.Limits = append(l.cfg.Limits, limit)
		}
	}
}

func (l *loader) readMoved(blocks []*hclsyntax.Block) {
	froms := map[plan.Address]hcl.Range{}
	for _, b := range blocks {
		in := l.open(b.Body, b.DefRange(), "a moved block", movedDoc, nil)
		from, fromAt, ok1 := l.address(in, "from")
		to, toAt, ok2 := l.address(in, "to")
		if !ok1 || !ok2 {
			continue
		}
		fromKind, _ := l.kindOf(strings.Split(from.Set, "."))
		toKind, rest := l.kindOf(strings.Split(to.Set, "."))
		switch {
		case toKind == nil:
			l.errorf(toAt, "Unknown kind", "There is no kind of objects for %s.", to.Set)
			continue
		case fromKind != toKind:
			l.errorf(toAt, "Another kind", "%s and %s are of different kinds; an object stays what it is.", from.Set, to.Set)
			continue
		case (from.Key == "") != (to.Key == ""):
			l.errorf(toAt, "Set and record", "Move a set to a set, or a record to a record.")
			continue
		case from == to:
			l.errorf(toAt, "Nothing moves", "Both addresses are the same; delete the block.")
			continue
		case toKind.Resource:
			if _, ok := l.resources[to.Set][to.Key]; !ok {
				l.errorf(toAt, "Undeclared resource", "There is no %s.%s.%s", to.Set, to.Key, meant(to.Key, keys(l.resources[to.Set])))
				continue
			}
		case len(rest) != 1 || l.sets[to.Set] == nil:
			l.unknownSet(to.Set, toAt)
			continue
		}
		if _, exists := l.sets[from.Set]; exists && from.Key == "" {
			l.errorf(fromAt, "Still declared", "%s is still a record set; moved is for one that has been renamed.", from.Set)
			continue
		}
		if first, twice := froms[from]; twice {
			l.errorf(fromAt, "Moved twice", "This address is already moved on %s line %d.", first.Filename, first.Start.Line)
			continue
		}
		froms[from] = fromAt
		l.cfg.Moved = append(l.cfg.Moved, Move{From: from, To: to})
	}
}

// address reads a set, a record or a resource: contact.a, contact.a["key"], tag.high. A set has no key.
func (l *loader) address(in *body, name string) (plan.Address, hcl.Range, bool) {
	a, ok := in.attr(name)
	if !ok {
		return plan.Address{}, hcl.Range{}, false
	}
	at := a.Expr.Range()
	w, _, ok := words(a.Expr)
	if !ok || len(w) < 2 {
		l.errorf(at, "Not an address", "Write an address without quotes: contact.requesters, contact.requesters[\"KEY\"] or tag.NAME.")
		return plan.Address{}, at, false
	}
	k, rest := l.kindOf(w)
	switch {
	case k == nil:
		l.errorf(at, "Unknown kind", "There is no kind of objects %q.%s", w[0], meant(w[0], l.kindNames()))
	case k.Resource && len(rest) == 1:
		return plan.Address{Set: k.Name, Key: rest[0], Resource: true}, at, true
	case !k.Resource && len(rest) == 1:
		return plan.Address{Set: k.Name + "." + rest[0]}, at, true
	case !k.Resource && len(rest) == 2:
		return plan.Address{Set: k.Name + "." + rest[0], Key: rest[1]}, at, true
	default:
		l.errorf(at, "Not an address", "Write an address: contact.requesters, contact.requesters[\"KEY\"] or tag.NAME.")
	}
	return plan.Address{}, at, false
}
