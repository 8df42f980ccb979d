package hcl

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// A resourceDecl is one schema object.
type resourceDecl struct {
	set string
	// label is the key of the resource; one that is declared within another has PARENT/NAME.
	label string
	// parent declares the block that this one stands in, nil for one that stands alone.
	parent *resourceDecl
	kind   *plan.Kind
	block  *hclsyntax.Block
	at     hcl.Range
	want   plan.Want
	uses   usage
	// off: enabled = false, or that of the block it stands in.
	off bool
}

// isKindWord reports whether a name begins a kind: "attribute", "tag", "contact".
func (l *loader) isKindWord(word string) bool {
	return slices.ContainsFunc(l.Kinds, func(k plan.Kind) bool {
		head, _, _ := cut(k.Name)
		return head == word
	})
}

func (l *loader) kind(name string) *plan.Kind {
	for i := range l.Kinds {
		if l.Kinds[i].Name == name {
			return &l.Kinds[i]
		}
	}
	return nil
}

// blockNames are all sorts of top-level blocks.
func (l *loader) blockNames() []string {
	var out []string
	for _, d := range blockDocs {
		out = append(out, d.name)
	}
	for _, k := range l.Kinds {
		head, _, _ := cut(k.Name)
		if k.Resource && !contains(out, head) {
			out = append(out, head)
		}
	}
	return out
}

// kindBlock declares a block of a resource kind. It returns false for other blocks.
func (l *loader) kindBlock(b *hclsyntax.Block) bool {
	if !l.isKindWord(b.Type) {
		return false
	}
	var forms []string
	for i := range l.Kinds {
		k := &l.Kinds[i]
		words := strings.Split(k.Name, ".")
		if words[0] != b.Type {
			continue
		}
		if k.Within != "" {
			l.errorf(b.TypeRange, "Not a block", "It is written inside the block that it belongs to: %s \"NAME\" { attribute \"NAME\" { … } }.", k.Within)
			return true
		}
		if !k.Resource {
			l.errorf(b.TypeRange, "Not a block", "Objects of kind %s are records; declare a set of them: records %q \"NAME\" { … }.", k.Name, k.Name)
			return true
		}
		if len(b.Labels) == len(words) && slices.Equal(b.Labels[:len(words)-1], words[1:]) {
			l.declareResource(b, k)
			return true
		}
		form := k.Name
		if len(words) > 1 {
			form = words[0] + ` "` + strings.Join(words[1:], `" "`) + `"`
		}
		forms = append(forms, form+` "NAME" { … }`)
	}
	at := b.DefRange()
	hint := ""
	if len(b.LabelRanges) > 0 && len(b.Labels) > 1 {
		at = b.LabelRanges[0]
		var firsts []string
		for _, k := range l.Kinds {
			if head, tail, ok := cut(k.Name); ok && head == b.Type {
				firsts = append(firsts, tail)
			}
		}
		if n := nearest(b.Labels[0], firsts); n != "" {
			hint = " Did you mean \"" + n + "\"?"
		}
	}
	l.errorf(at, "Wrong labels", "It is written as: %s.%s", strings.Join(forms, ", or "), hint)
	return true
}

func (l *loader) declareResource(b *hclsyntax.Block, k *plan.Kind) {
	label := b.Labels[len(b.Labels)-1]
	if !l.nameOK(b, len(b.Labels)-1) {
		return
	}
	if l.resources[k.Name] == nil {
		l.resources[k.Name] = map[string]*resourceDecl{}
	}
	if old, ok := l.resources[k.Name][label]; ok {
		l.twice(b, k.Name+"."+label, old.at)
		return
	}
	d := &resourceDecl{set: k.Name, label: label, kind: k, block: b, at: b.DefRange()}
	l.resources[k.Name][label] = d
	if inner := l.within(k.Name); inner != nil {
		for _, n := range b.Body.Blocks {
			if n.Type == nestedBlock && len(n.Labels) == 1 {
				l.declareNested(d, n, inner)
			}
		}
	}
}

// nestedBlock is the word of blocks that are declared within a resource.
const nestedBlock = "attribute"

// within is the kind that is declared inside blocks of a kind, nil for none.
func (l *loader) within(kind string) *plan.Kind {
	i := slices.IndexFunc(l.Kinds, func(k plan.Kind) bool { return k.Within == kind })
	if i < 0 {
		return nil
	}
	return &l.Kinds[i]
}

func (l *loader) declareNested(parent *resourceDecl, b *hclsyntax.Block, k *plan.Kind) {
	if !l.nameOK(b, 0) {
		return
	}
	label := parent.label + "/" + b.Labels[0]
	if l.resources[k.Name] == nil {
		l.resources[k.Name] = map[string]*resourceDecl{}
	}
	if old, ok := l.resources[k.Name][label]; ok {
		l.twice(b, "the attribute "+b.Labels[0]+" of "+parent.set+"."+parent.label, old.at)
		return
	}
	l.resources[k.Name][label] = &resourceDecl{set: k.Name, label: label, parent: parent, kind: k, block: b, at: b.DefRange()}
}

// name is the label as it is written.
func (d *resourceDecl) name() string {
	if d.parent == nil {
		return d.label
	}
	return strings.TrimPrefix(d.label, d.parent.label+"/")
}

// what names a resource in a message.
func (d *resourceDecl) what() string {
	if d.parent == nil {
		return d.set + "." + d.label
	}
	return nestedBlock + " " + d.name() + " of " + d.parent.set + "." + d.parent.label
}

// enabledDoc is the argument that every resource and record set has.
var enabledDoc = argDoc{"enabled", "constant bool", false, "False leaves the block out, as if it were not written; so are values that records give an attribute that is left out."}

// enabled reads whether a block counts.
func (l *loader) enabled(b *hclsyntax.Block) bool {
	a, ok := b.Body.Attributes[enabledDoc.name]
	if !ok {
		return true
	}
	n := l.static().compile(a.Expr)
	if n.bad || n.unknown {
		return true
	}
	on, isBool := n.val.(bool)
	if !n.fixed || !isBool {
		l.errorf(a.Expr.Range(), "Constant needed", "`enabled` is true or false and known without any row: enabled = var.as_tickets.")
		return true
	}
	return on
}

// readEnabled finds out which blocks count, before any of them is read.
func (l *loader) readEnabled() {
	for _, set := range l.resources {
		for _, d := range set {
			d.off = !l.enabled(d.block) || d.parent != nil && !l.enabled(d.parent.block)
		}
	}
	for _, d := range l.sets {
		d.off = !l.enabled(d.block)
	}
}

// readResources evaluates all resource blocks.
func (l *loader) readResources() {
	for _, set := range sortedKeys(l.resources) {
		names := map[string]*resourceDecl{}
		for _, label := range sortedKeys(l.resources[set]) {
			d := l.resources[set][label]
			l.readResource(d)
			name := d.objectName()
			if name == "" || d.off {
				continue
			}
			place := strings.ToLower(name)
			if d.parent != nil {
				place = d.parent.label + "/" + place
			}
			if first, ok := names[place]; ok && d.kind.KeyAlways {
				l.errorf(d.at, "Declared twice", "%s and %s are both called %q in the destination. Delete or rename one of them.", d.what(), first.what(), name)
			}
			names[place] = d
		}
	}
	l.sharedNames()
}

// objectName is what the object is called in the destination.
func (d *resourceDecl) objectName() string {
	if name, ok := d.want.Fields["name"].(string); ok {
		return name
	}
	if _, has := d.kind.Field("name"); has {
		return d.name()
	}
	return ""
}

func (l *loader) readResource(d *resourceDecl) {
	what := d.what()
	doc := blockDoc{name: d.set, args: []argDoc{enabledDoc}}
	if l.within(d.set) != nil {
		doc.blocks = []blockDoc{{name: nestedBlock, labels: []string{"NAME"}, many: true}}
	}
	fields := d.kind.Fields
	d.want = plan.Want{Key: d.label, Fields: plan.Fields{}}
	if d.parent != nil {
		fields = slices.DeleteFunc(slices.Clone(fields), func(f plan.Field) bool { return f.Name == "of" })
		d.want.Fields["of"] = plan.Ref{Targets: []plan.Target{{Set: d.parent.set, Key: d.parent.label}}}
		d.uses.add(d.parent.set, d.at)
	}
	b := l.open(d.block.Body, d.at, what, doc, fieldNames(fields))
	c := l.static()
	c.uses, c.off = &d.uses, d.off
	for i := range fields {
		f := &fields[i]
		a, given := b.attr(f.Name)
		if !given {
			switch {
			case f.Name == "name" && f.Type == plan.TypeString:
				d.want.Fields["name"] = d.name()
			case f.Default != nil:
				d.want.Fields[f.Name] = f.Default
			case f.Required:
				l.errorf(d.at, "Argument missing", "%s needs the argument %q: %s", what, f.Name, f.Doc)
			}
			continue
		}
		for _, m := range c.members(f, a.Expr) {
			c.fits(m.node, m.field, m.expr)
			switch {
			case m.node.bad || m.node.unknown:
				continue
			case !m.node.fixed:
				l.errorf(m.node.at, "Constant needed", "%q must be known without any row.", m.name)
				continue
			case m.node.val == nil && f.Required:
				l.errorf(m.node.at, "Argument missing", "%q is required and null here.", m.name)
			}
			if v, fault := convertTo(m.node.val, m.field); fault == nil {
				d.want.Fields[m.name] = v
			}
		}
	}
}

// A assigned is one field with the expression it gets.
type assigned struct {
	// name is dotted for a member of a map.
	name  string
	field *plan.Field
	node  *node
	expr  hclsyntax.Expression
	// attribute is the resource that a member of an attribute map is declared by.
	attribute plan.Target
	at        hcl.Range
}

// members compiles the expression of a field. An object for a map field becomes one assignment for each member.
func (c *compiler) members(f *plan.Field, e hclsyntax.Expression) []assigned {
	if f.Type != plan.TypeMap {
		return []assigned{{name: f.Name, field: f, node: c.compile(e), expr: e, at: e.Range()}}
	}
	var out []assigned
	seen := map[string]bool{}
	add := func(name string, at hcl.Range, n *node, x hclsyntax.Expression) {
		m := assigned{name: f.Name + "." + name, node: n, expr: x, at: at}
		switch {
		case f.Attributes != "":
			d, ok := c.attributeOf(f, name, at)
			if !ok {
				return
			}
			if d.off && !c.off {
				return // as if the member were not written either
			}
			c.uses.add(d.set, at)
			m.name = f.Name + "." + d.objectName()
			m.field = &plan.Field{Name: name, Type: f.ElemType(), Mode: f.Mode, Refs: f.Refs, Never: f.Never, Personal: f.Personal}
			m.attribute = plan.Target{Set: d.set, Key: d.label}
			if f.Leads != nil {
				kind, ofType := f.Leads(d.want.Fields)
				if kind != "" {
					m.field.Refs, m.field.OfType = []string{kind}, ofType
				}
			}
		case len(f.Fields) > 0:
			i := slices.IndexFunc(f.Fields, func(g plan.Field) bool { return g.Name == name })
			if i < 0 {
				c.errorf(at, "Unknown argument", "%q has no member %q.%s", f.Name, name, meant(name, fieldNames(f.Fields)))
				return
			}
			m.field = &f.Fields[i]
		default:
			m.field = &plan.Field{Name: name, Type: plan.TypeAny, Mode: f.Mode, Personal: f.Personal}
		}
		if seen[m.name] {
			c.errorf(at, "Duplicate name", "%q is set twice here; delete one of them.", name)
			return
		}
		seen[m.name] = true
		out = append(out, m)
	}
	c.spread(f, e, add)
	return out
}

// attributeOf finds the declaration of an attribute that a member of f names, and reports one that is missing.
func (c *compiler) attributeOf(f *plan.Field, name string, at hcl.Range) (*resourceDecl, bool) {
	if f.Of == "" {
		set := "attribute." + f.Attributes
		d, ok := c.resources[set][name]
		if !ok {
			c.errorf(at, "Undeclared attribute", "There is no %s.%s.%s Declare it: attribute %q %q { data_type = \"string\" }.", set, name, meant(name, keys(c.resources[set])), f.Attributes, name)
		}
		return d, ok
	}
	if c.of == nil {
		return nil, false // what is wrong with the type has been reported
	}
	d, ok := c.resources[f.Attributes][c.of.label+"/"+name]
	if !ok {
		var names []string
		for _, o := range c.resources[f.Attributes] {
			if o.parent == c.of {
				names = append(names, o.name())
			}
		}
		slices.Sort(names)
		c.errorf(at, "Undeclared attribute", "%s.%s has no attribute %q.%s Declare it there: %s %q { attribute %q { data_type = \"string\" } }.", c.of.set, c.of.label, name, meant(name, names), c.of.set, c.of.label, name)
	}
	return d, ok
}

// ofType finds the resource that the field `Of` of a kind names for a whole set: the type whose attributes its records have.
func (l *loader) ofType(k *plan.Kind, in *body, off bool) *resourceDecl {
	i := slices.IndexFunc(k.Fields, func(f plan.Field) bool { return f.Of != "" })
	if i < 0 {
		return nil
	}
	a, given := in.attr(k.Fields[i].Of)
	if !given {
		return nil // a required argument, reported as missing
	}
	n := (&compiler{loader: l, off: off}).compile(a.Expr)
	ref, ok := n.val.(plan.Ref)
	if n.bad {
		return nil
	}
	if !n.fixed || !ok || len(ref.Targets) != 1 {
		l.errorf(a.Expr.Range(), "Constant needed", "%q is one and the same for all records of a set, since they have its attributes: write its name. Rows of different types are different sets.", k.Fields[i].Of)
		return nil
	}
	return l.resources[ref.Targets[0].Set][ref.Targets[0].Key]
}

// spread finds the members of an object that is written out, of merge() of such objects, or of a constant.
func (c *compiler) spread(f *plan.Field, e hclsyntax.Expression, add func(string, hcl.Range, *node, hclsyntax.Expression)) {
	switch x := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		c.spread(f, x.Expression, add)
		return
	case *hclsyntax.ObjectConsExpr:
		for _, item := range x.Items {
			k := c.compile(item.KeyExpr)
			name, ok := k.val.(string)
			if !k.fixed || !ok {
				if !k.bad {
					c.errorf(k.at, "Constant needed", "The names in %q must be known without any row.", f.Name)
				}
				continue
			}
			add(name, k.at, c.compile(item.ValueExpr), item.ValueExpr)
		}
		return
	case *hclsyntax.FunctionCallExpr:
		if x.Name == "merge" && !x.ExpandFinal {
			for _, a := range x.Args {
				c.spread(f, a, add)
			}
			return
		}
	}
	n := c.compile(e)
	m, ok := n.val.(map[string]plan.Value)
	switch {
	case n.bad || n.unknown:
	case n.fixed && ok:
		for _, name := range sortedKeys(m) {
			add(name, e.Range(), fixedNode(e.Range(), m[name]), e)
		}
	default:
		c.errorf(e.Range(), "Object needed", "Write %q as an object: %s = { name = value, … }. Conditions go inside: { name = cond ? value : null }.", f.Name, f.Name)
	}
}

// objectName compiles the name of a resource or of a record: tag.high, contact.stand_ins["unknown"].
func (c *compiler) objectName(t hcl.Traversal, at hcl.Range) *node {
	var path []string
	for _, s := range t {
		switch s := s.(type) {
		case hcl.TraverseRoot:
			path = append(path, s.Name)
		case hcl.TraverseAttr:
			path = append(path, s.Name)
		default:
			goto named
		}
	}
named:
	k, rest := c.kindOf(path)
	if k == nil {
		var names []string
		for _, k := range c.Kinds {
			names = append(names, k.Name)
		}
		c.errorf(at, "Unknown name", "There is nothing called %s.%s", strings.Join(path, "."), meant(strings.Join(path[:min(2, len(path))], "."), names))
		return badNode(at)
	}
	if len(rest) == 0 {
		c.errorf(at, "Name missing", "Write %s.NAME.", k.Name)
		return badNode(at)
	}
	if k.Resource {
		d, ok := c.resources[k.Name][rest[0]]
		switch {
		case !ok:
			c.errorf(at, "Undeclared resource", "There is no %s.%s.%s", k.Name, rest[0], meant(rest[0], keys(c.resources[k.Name])))
			return badNode(at)
		case len(t) > len(path)-len(rest)+1:
			c.errorf(at, "A resource has no attributes here", "Write %s.%s alone; it is a reference to the object.", k.Name, rest[0])
			return badNode(at)
		}
		if d.off && !c.off {
			c.errorf(at, "Not enabled", "%s has enabled = false here, so nothing that counts can refer to it. Enable both or neither.", d.what())
		}
		c.uses.add(k.Name, at)
		n := fixedNode(at, plan.Ref{Targets: []plan.Target{{Set: k.Name, Key: d.label}}})
		return n
	}
	name := k.Name + "." + rest[0]
	if _, ok := c.sets[name]; !ok {
		c.unknownSet(name, at)
		return badNode(at)
	}
	if len(t) == len(path)+1 && len(rest) == 1 {
		if key, ok := stepName(t[len(t)-1]); ok {
			c.uses.add(name, at)
			target := plan.Target{Set: name, Key: key}
			c.constRefs = append(c.constRefs, constRef{target, at})
			return fixedNode(at, plan.Ref{Targets: []plan.Target{target}})
		}
	}
	c.errorf(at, "A record set is no value", "Refer to a record of it by its key: ref(%s, key), or %s[\"KEY\"] for a constant key.", name, name)
	return badNode(at)
}

// kindOf finds the kind that a path begins with, and the rest.
func (l *loader) kindOf(path []string) (*plan.Kind, []string) {
	for n := len(path); n > 0; n-- {
		if k := l.kind(strings.Join(path[:n], ".")); k != nil {
			return k, path[n:]
		}
	}
	return nil, nil
}

// setName reads the name of a set: contact.requesters, tag.
func (c *compiler) setName(e hclsyntax.Expression) (string, bool) {
	w, _, ok := words(e)
	if !ok {
		c.errorf(e.Range(), "Not a set", "Here goes the name of a record set, without quotes: contact.requesters.")
		return "", false
	}
	k, rest := c.kindOf(w)
	name := strings.Join(w, ".")
	switch {
	case k == nil:
		c.unknownSet(name, e.Range())
		return "", false
	case k.Resource && len(rest) == 0:
		if len(c.resources[k.Name]) == 0 {
			c.errorf(e.Range(), "Unknown set", "No %s is declared.", k.Name)
			return "", false
		}
		return k.Name, true
	case k.Resource:
		c.errorf(e.Range(), "Not a set", "%s is one resource: write it alone, without ref().", name)
		return "", false
	case len(rest) != 1:
		c.errorf(e.Range(), "Not a set", "A record set is named %s.NAME.", k.Name)
		return "", false
	}
	if _, ok := c.sets[name]; !ok {
		c.unknownSet(name, e.Range())
		return "", false
	}
	return name, true
}

func (l *loader) unknownSet(name string, at hcl.Range) {
	kind, label, _ := cut(name)
	example := "records \"KIND\" \"NAME\" { … }"
	if l.kind(kind) != nil {
		example = "records \"" + kind + "\" \"" + label + "\" { … }"
	}
	l.errorf(at, "Unknown set", "There is no record set %s.%s Declare it: %s.", name, meant(name, keys(l.sets)), example)
}
