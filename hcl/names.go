package hcl

import "strings"

// sharedNames reports resources of different kinds that the destination gives one room of names.
func (l *loader) sharedNames() {
	for i := range l.Kinds {
		k := &l.Kinds[i]
		for _, other := range k.NamesWith {
			names := map[string]*resourceDecl{}
			for _, d := range l.resources[other] {
				names[strings.ToLower(d.objectName())] = d
			}
			for _, label := range sortedKeys(l.resources[k.Name]) {
				d := l.resources[k.Name][label]
				first, ok := names[strings.ToLower(d.objectName())]
				if !ok || before(d.at, first.at) {
					continue // said of the later one
				}
				l.errorf(d.at, "Name is taken", "%s.%s and %s.%s are both called %q, and the destination knows a name only once among the two kinds. Give one of them another name.",
					k.Name, label, other, first.label, d.objectName())
			}
		}
	}
}
