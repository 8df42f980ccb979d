package hcl

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// An edge says that a node needs another one first.
type edge struct {
	to   string
	at   hcl.Range
	soft bool // can be left out to break a cycle
}

// sortGraph puts what is needed first; among what is free the order of nodes decides. A cycle is named from a node back to
// itself, and the order then lacks what hangs on it. Edges to unknown nodes do not count.
func sortGraph(nodes []string, edges map[string][]edge) (order, cycle []string) {
	const (
		busy = 1
		done = 2
	)
	state := map[string]int{}
	known := map[string]bool{}
	for _, n := range nodes {
		known[n] = true
	}
	var stack []string
	var visit func(n string)
	visit = func(n string) {
		state[n] = busy
		stack = append(stack, n)
		for _, e := range edges[n] {
			if !known[e.to] || cycle != nil {
				continue
			}
			switch state[e.to] {
			case busy:
				cycle = append(slices.Clone(stack[slices.Index(stack, e.to):]), e.to)
			case 0:
				visit(e.to)
			}
		}
		stack = stack[:len(stack)-1]
		state[n] = done
		order = append(order, n)
	}
	for _, n := range nodes {
		if state[n] == 0 && cycle == nil {
			visit(n)
		}
	}
	return order, cycle
}

// edgeAt is the place of an edge of the cycle.
func edgeAt(edges map[string][]edge, cycle []string) hcl.Range {
	for i := len(cycle) - 2; i >= 0; i-- {
		for _, e := range edges[cycle[i]] {
			if e.to == cycle[i+1] && e.at.Filename != "" {
				return e.at
			}
		}
	}
	return hcl.Range{}
}

// order puts the sets in order: resources by kind, then record sets by references and phases. Free sets keep the order of
// the phases, then of kinds, then of names.
func (l *loader) order() {
	l.orderResources()
	rank := map[string]int{}
	inPhase := 0
	for _, p := range l.cfg.Phases {
		for _, s := range p.Sets {
			rank[s] = inPhase
			inPhase++
		}
	}
	kindRank := map[string]int{}
	for i, k := range l.Kinds {
		kindRank[k.Name] = i
	}
	names := slices.DeleteFunc(sortedKeys(l.sets), func(name string) bool { return l.sets[name].off })
	slices.SortStableFunc(names, func(a, b string) int {
		ra, pa := rank[a]
		rb, pb := rank[b]
		switch {
		case pa && pb:
			return ra - rb
		case pa:
			return 1
		case pb:
			return -1
		}
		return kindRank[l.sets[a].kind.Name] - kindRank[l.sets[b].kind.Name]
	})
	edges := map[string][]edge{}
	for _, name := range names {
		edges[name] = l.needs(name)
	}
	order, cycle := sortGraph(names, edges)
	for cycle != nil {
		soft, found := softEdge(edges, cycle)
		if !found {
			l.cycle(edges, cycle)
			return
		}
		if d := l.sets[soft.from]; d.set != nil && !slices.Contains(d.set.Later, soft.to) {
			d.set.Later = append(d.set.Later, soft.to)
		}
		edges[soft.from] = slices.DeleteFunc(edges[soft.from], func(e edge) bool { return e.to == soft.to && e.soft })
		order, cycle = sortGraph(names, edges)
	}
	for _, name := range order {
		d := l.sets[name]
		if d.set == nil {
			continue
		}
		for _, s := range d.uses.order {
			if o, isSet := l.sets[s]; s != name && !(isSet && o.off) {
				d.set.DependsOn = append(d.set.DependsOn, s)
			}
		}
		slices.Sort(d.set.DependsOn)
		l.cfg.Sets = append(l.cfg.Sets, d.set)
	}
}

type link struct{ from, to string }

// softEdge finds the edge at which a cycle can be broken.
func softEdge(edges map[string][]edge, cycle []string) (link, bool) {
	for i := len(cycle) - 2; i >= 0; i-- {
		soft, hard := false, false
		for _, e := range edges[cycle[i]] {
			if e.to == cycle[i+1] {
				soft, hard = soft || e.soft, hard || !e.soft
			}
		}
		if soft && !hard {
			return link{cycle[i], cycle[i+1]}, true
		}
	}
	return link{}, false
}

// needs are the sets that must come before one: those it refers to, and those of earlier phases.
func (l *loader) needs(name string) []edge {
	d := l.sets[name]
	var out []edge
	for _, to := range d.uses.order {
		if _, ok := l.sets[to]; ok {
			out = append(out, edge{to: to, at: d.uses.sets[to], soft: !d.hard[to]})
		}
	}
	if d.set == nil || d.set.Phase == "" {
		return out
	}
	p := l.phases[d.set.Phase]
	for _, before := range p.phase.After {
		for _, to := range l.phases[before].phase.Sets {
			out = append(out, edge{to: to, at: p.at})
		}
	}
	return out
}

func (l *loader) cycle(edges map[string][]edge, cycle []string) {
	at := edgeAt(edges, cycle)
	detail := "%s. Each of these needs the next one first. Take one of the references out, or move the set to another phase."
	l.errorf(at, "Cycle", detail, strings.Join(cycle, " -> "))
}

// orderResources makes one set of the resources of each kind.
func (l *loader) orderResources() {
	var names []string
	edges := map[string][]edge{}
	for i := range l.Kinds {
		k := &l.Kinds[i]
		if len(l.resources[k.Name]) == 0 {
			continue
		}
		names = append(names, k.Name)
		for _, label := range sortedKeys(l.resources[k.Name]) {
			d := l.resources[k.Name][label]
			if d.off {
				continue
			}
			for _, to := range d.uses.order {
				switch _, isRecord := l.sets[to]; {
				case isRecord:
					l.errorf(d.uses.sets[to], "Resource needs records", "%s.%s refers to %s; resources are made before all records.", k.Name, label, to)
				case to != k.Name:
					edges[k.Name] = append(edges[k.Name], edge{to: to, at: d.uses.sets[to]})
				}
			}
		}
	}
	order, cycle := sortGraph(names, edges)
	if cycle != nil {
		l.cycle(edges, cycle)
		return
	}
	for _, name := range order {
		s := &Set{}
		s.Name, s.Kind, s.Resource = name, name, true
		s.OnDrift, s.OnFrozen, s.OnAdopt, s.OnSourceDelete = "keep", "keep", "overwrite", "keep"
		for _, label := range sortedKeys(l.resources[name]) {
			d := l.resources[name][label]
			if d.off {
				continue
			}
			s.Resources = append(s.Resources, Resource{Key: label, Want: d.want, Range: d.at})
			for _, to := range d.uses.order {
				if to != name && !contains(s.DependsOn, to) {
					s.DependsOn = append(s.DependsOn, to)
				}
			}
		}
		if len(s.Resources) == 0 {
			continue
		}
		slices.Sort(s.DependsOn)
		s.Range = s.Resources[0].Range
		l.cfg.Sets = append(l.cfg.Sets, s)
	}
}
