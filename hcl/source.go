package hcl

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// A dataDecl is a data block.
type dataDecl struct {
	block *hclsyntax.Block
	data  plan.Data
	row   *rowType
	at    hcl.Range
	// used: a set reads or joins it.
	used bool
}

func (l *loader) source(name string) *plan.SourceSchema {
	for i := range l.Sources {
		if l.Sources[i].Name == name {
			return &l.Sources[i]
		}
	}
	return nil
}

func (l *loader) sourceNames() []string {
	var out []string
	for _, s := range l.Sources {
		out = append(out, s.Name)
	}
	return out
}

// readProviders evaluates the provider blocks.
func (l *loader) readProviders(blocks []*hclsyntax.Block) {
	for _, b := range blocks {
		name := b.Labels[0]
		schema := l.source(name)
		if l.Destination.Name == name {
			schema = &l.Destination
		}
		if schema == nil {
			l.errorf(b.LabelRanges[0], "Unknown provider", "There is no provider %q.%s", name, meant(name, append(l.sourceNames(), l.Destination.Name)))
			continue
		}
		if first, ok := l.providers[name]; ok {
			l.twice(b, "the provider "+name, first)
			continue
		}
		l.providers[name] = b.DefRange()
		l.cfg.Providers[name] = l.schemaArgs(b.Body, b.DefRange(), "the provider "+name, providerDoc, schema.Provider)
	}
}

// schemaArgs evaluates arguments that a schema describes. A nested block's are dotted names. What is unknown or wrong is
// left out.
func (l *loader) schemaArgs(in *hclsyntax.Body, at hcl.Range, what string, doc blockDoc, fields []plan.Field) map[string]plan.Value {
	own := doc
	var names, nested []string
	for _, f := range fields {
		head, _, dotted := cut(f.Name)
		if !dotted {
			names = append(names, f.Name)
		} else if !contains(nested, head) {
			nested = append(nested, head)
			own.blocks = append(slices.Clone(own.blocks), blockDoc{name: head})
		}
	}
	b := l.open(in, at, what, own, names)
	out := map[string]plan.Value{}
	c := l.static()
	for i := range fields {
		f := &fields[i]
		head, tail, dotted := cut(f.Name)
		if dotted {
			for _, n := range b.blocks(head, 0) {
				var inner []plan.Field
				for _, g := range fields {
					if h, t, ok := cut(g.Name); ok && h == head {
						g.Name = t
						inner = append(inner, g)
					}
				}
				if tail == inner[0].Name { // once for each block
					for k, v := range l.schemaArgs(n.Body, n.DefRange(), "the block "+head, blockDoc{name: head}, inner) {
						out[head+"."+k] = v
					}
				}
			}
			continue
		}
		a, ok := b.attr(f.Name)
		if !ok {
			if f.Required {
				l.errorf(at, "Argument missing", "%s needs the argument %q: %s", sentence(what), f.Name, f.Doc)
			} else if f.Default != nil {
				out[f.Name] = f.Default
			}
			continue
		}
		n := c.compile(a.Expr)
		c.fits(n, f, a.Expr)
		if f.Secret {
			l.checkSecret(f, strings.TrimPrefix(what, "the provider "), a.Expr)
		}
		switch {
		case n.bad || n.unknown:
			continue
		case !n.fixed:
			l.errorf(a.Expr.Range(), "Constant needed", "%q must be known without any row.", f.Name)
			continue
		case n.val == nil:
			if f.Required {
				l.errorf(a.Expr.Range(), "Argument missing", "%q is required and null here: %s", f.Name, f.Doc)
			}
			continue
		}
		if v, fault := convertTo(n.val, f); fault == nil {
			out[f.Name] = v
		}
	}
	return out
}

// checkArgs reports what the source cannot do with its arguments.
func (l *loader) checkArgs(schema *plan.SourceSchema, in *body, args map[string]plan.Value) {
	if schema.Check == nil {
		return
	}
	faults := schema.Check(args)
	for _, name := range sortedKeys(faults) {
		at := in.at
		if a, ok := in.attrs[name]; ok {
			at = a.Expr.Range()
		}
		l.errorf(at, "Not possible", "%s: %s.", in.what, faults[name])
	}
}

func (l *loader) declareData(b *hclsyntax.Block) {
	typ, name := b.Labels[0], b.Labels[1]
	if l.source(typ) == nil {
		l.errorf(b.LabelRanges[0], "Unknown source", "There is no source %q.%s", typ, meant(typ, l.sourceNames()))
	}
	if !l.nameOK(b, 1) {
		return
	}
	addr := typ + "." + name
	if old, ok := l.data[addr]; ok {
		l.twice(b, "data."+addr, old.at)
		return
	}
	d := &dataDecl{block: b, at: b.DefRange(), data: plan.Data{Type: typ, Name: name, Dir: l.Dir}, row: newRowType(addr, l.Lock)}
	l.data[addr] = d
}

// readData evaluates the data blocks and puts owners before what they own.
func (l *loader) readData() {
	for _, addr := range sortedKeys(l.data) {
		l.readOneData(l.data[addr])
	}
	nodes := map[string][]edge{}
	for addr, d := range l.data {
		nodes[addr] = nil
		for _, of := range d.data.Of {
			nodes[addr] = append(nodes[addr], edge{to: of, at: d.at})
		}
	}
	order, cycle := sortGraph(sortedKeys(nodes), nodes)
	if cycle != nil {
		at := l.data[cycle[0]].at
		if a, ok := l.data[cycle[0]].block.Body.Attributes["of"]; ok {
			at = a.Expr.Range()
		}
		for i := range cycle {
			cycle[i] = "data." + cycle[i]
		}
		l.errorf(at, "Cycle", "%s. Rows cannot be owned by themselves; take one of these out of `of`.", strings.Join(cycle, " -> "))
	}
	for _, addr := range order {
		l.cfg.Data = append(l.cfg.Data, l.data[addr].data)
	}
}

func (l *loader) readOneData(d *dataDecl) {
	what := "data." + d.data.Address()
	schema := l.source(d.data.Type)
	if schema == nil {
		return
	}
	if _, ok := l.providers[d.data.Type]; !ok && slices.ContainsFunc(schema.Provider, func(f plan.Field) bool { return f.Required }) {
		l.errorf(d.at, "Provider missing", "%s is read through the provider %s, which is not declared: provider %q { … }.", what, d.data.Type, d.data.Type)
	}
	d.data.Args = l.schemaArgs(d.block.Body, d.at, what, dataDoc, schema.Args)
	in := &body{l: l, at: d.at, what: what, attrs: d.block.Body.Attributes, in: d.block.Body}
	l.checkArgs(schema, in, d.data.Args)
	c := l.static()
	d.data.Key = in.texts(c, "key")
	d.data.Duplicates = in.choice(c, "duplicates", "error", "first", "last")
	if d.data.Duplicates == "" {
		d.data.Duplicates = "error"
	}
	if a, ok := in.attr("of"); ok {
		list, isList := a.Expr.(*hclsyntax.TupleConsExpr)
		if !isList {
			l.errorf(a.Expr.Range(), "List needed", "`of` is a list of data blocks: of = [data.itsm365.incidents].")
		} else {
			for _, e := range list.Exprs {
				if o, ok := c.dataName(e, "of"); ok {
					d.data.Of = append(d.data.Of, o.data.Address())
				}
			}
			if len(list.Exprs) == 0 {
				l.errorf(a.Expr.Range(), "List is empty", "Name the owners in `of`, or leave it out.")
			}
		}
	}
	if by, ok := in.text(c, "by"); ok {
		d.data.By = by
		l.hasColumn(d.row, by, in.attrs["by"].Expr.Range())
	}
	if len(d.data.Of) > 0 && d.data.By == "" {
		if _, ok := in.attr("by"); !ok {
			l.errorf(in.attrs["of"].NameRange, "Argument missing", "With `of` goes `by`: the column that names the owner.")
		}
	}
	l.readReliance(in, c, &d.data)
	for _, g := range in.blocks("group", 0) {
		gb := l.open(g.Body, g.DefRange(), "the group block", dataDoc.blocks[0], nil)
		d.data.GroupBy = gb.texts(c, "by")
		if d.data.GroupRecord = gb.choice(c, "record", "first", "last"); d.data.GroupRecord == "" {
			d.data.GroupRecord = "last"
		}
		for _, col := range d.data.GroupBy {
			l.hasColumn(d.row, col, gb.attrs["by"].Expr.Range())
		}
	}
	if a, ok := in.attr("key"); ok {
		for _, col := range d.data.Key {
			if !strings.HasPrefix(col, "#") {
				l.hasColumn(d.row, col, a.Expr.Range())
			} else if col != "#line" {
				l.errorf(a.Expr.Range(), "Not a key", "A key is \"#line\", a column, or a list of columns.")
			}
		}
	}
	d.row.keyed = d.data.By != "" || len(d.data.Of) > 0 || len(d.data.GroupBy) > 0
}

// hasColumn reports a column that the rows do not have.
func (l *loader) hasColumn(rt *rowType, name string, at hcl.Range) {
	if rt.columns == nil {
		return
	}
	if _, ok := rt.columns[name]; !ok {
		l.errorf(at, UnknownColumn, "data.%s has no column %q.%s%s", rt.addr, name, meant(name, rt.columnNames()), rt.remedy())
	}
}

// untyped warns, once for all, about data blocks whose rows have no types although a set uses them.
func (l *loader) untyped() {
	var first *dataDecl
	var names []string
	for _, addr := range sortedKeys(l.data) {
		d := l.data[addr]
		if !d.used || d.row.columns != nil {
			continue
		}
		names = append(names, "data."+addr)
		if first == nil || before(d.at, first.at) {
			first = d
		}
	}
	if first != nil {
		l.warnf(first.at, UnknownColumns, "schema.lock.json does not describe %s, so that columns are not checked. Run `deskform pull`, and keep the file in git.", strings.Join(names, ", "))
	}
}

func before(a, b hcl.Range) bool {
	if a.Filename != b.Filename {
		return a.Filename < b.Filename
	}
	return a.Start.Byte < b.Start.Byte
}

// A valueMap is a value_map block.
type valueMap struct {
	name      string
	block     *hclsyntax.Block
	at        hcl.Range
	typ       typ
	from      map[string]plan.Value
	otherwise plan.Value
	// refuse is the text of error(), with which unlisted values are refused; empty when they become otherwise.
	refuse string
	bad    bool
}

// unlisted says in a note that a value is not listed. Codes of catalogs are shown; what may be a person's is not.
func (vm *valueMap) unlisted(key string) string {
	if len(key) > 40 || strings.ContainsAny(key, "@\n") {
		return "value_map." + vm.name + " does not list a value"
	}
	return "value_map." + vm.name + " does not list \"" + key + "\""
}

// outcomes are all values that the map can give.
func (vm *valueMap) outcomes() []plan.Value {
	var out []plan.Value
	for _, k := range sortedKeys(vm.from) {
		out = append(out, vm.from[k])
	}
	if vm.refuse == "" {
		out = append(out, vm.otherwise)
	}
	return out
}

func (l *loader) declareValueMap(b *hclsyntax.Block) {
	name := b.Labels[0]
	if !l.nameOK(b, 0) {
		return
	}
	if old, ok := l.valueMaps[name]; ok {
		l.twice(b, "value_map."+name, old.at)
		return
	}
	l.valueMaps[name] = &valueMap{name: name, block: b, at: b.DefRange()}
}

func (l *loader) readValueMaps() {
	for _, name := range sortedKeys(l.valueMaps) {
		l.readValueMap(l.valueMaps[name])
	}
}

func (l *loader) readValueMap(vm *valueMap) {
	what := "value_map." + vm.name
	in := l.open(vm.block.Body, vm.at, what, valueMapDoc, nil)
	c := l.static()
	vm.refuse = "no value for this"
	a, ok := in.attr("from")
	if !ok {
		vm.bad = true
		return
	}
	n := c.compile(a.Expr)
	from, isObject := n.val.(map[string]plan.Value)
	switch {
	case n.bad || n.unknown:
		vm.bad = true
	case !n.fixed || !isObject:
		vm.bad = true
		l.errorf(a.Expr.Range(), "Object needed", "`from` is a constant object: from = { high = \"High\", normal = \"Low\" }.")
	case len(from) == 0:
		vm.bad = true
		l.errorf(a.Expr.Range(), "Object is empty", "`from` lists at least one value: from = { high = \"High\" }.")
	}
	vm.from, vm.typ = from, nullType
	for _, k := range sortedKeys(from) {
		vm.typ = unify(vm.typ, typeOf(from[k]))
		switch from[k].(type) {
		case map[string]plan.Value, []plan.Value:
			l.errorf(a.Expr.Range(), "Wrong type", "The value of %q is %s; a value map gives plain values.", k, typeOf(from[k]))
			vm.bad = true
		}
	}
	if a, ok := in.attr("otherwise"); ok {
		if call, isCall := a.Expr.(*hclsyntax.FunctionCallExpr); isCall && call.Name == "error" {
			if len(call.Args) == 1 {
				vm.refuse, ok = l.constText(c, call.Args[0], "error()")
				vm.bad = vm.bad || !ok
				return
			}
			l.errorf(a.Expr.Range(), "Text missing", "error() needs one text: error(\"no value for this\").")
			vm.bad = true
			return
		}
		o := c.compile(a.Expr)
		switch {
		case o.bad || o.unknown:
			vm.bad = true
		case !o.fixed:
			vm.bad = true
			l.errorf(a.Expr.Range(), "Constant needed", "`otherwise` is a constant or error(\"…\").")
		default:
			vm.refuse, vm.otherwise = "", o.val
			vm.typ = unify(vm.typ, typeOf(o.val))
		}
	}
}
