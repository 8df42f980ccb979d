package hcl

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// A setDecl is a records block.
type setDecl struct {
	name  string
	kind  *plan.Kind
	block *hclsyntax.Block
	at    hcl.Range
	set   *Set
	uses  usage
	// off: enabled = false.
	off bool
	// hard are the sets that must be there before a record of this one is made.
	hard map[string]bool
	// keys are those of rows that the set declares itself; nil when they are not known.
	keys map[string]bool
}

// A mapping is a compiled records block. It is not changed after Load, but for counters.
type mapping struct {
	set    *Set
	tables map[*rowType]*table
	each   *table
	vars   int
	where  *node
	rule   string
	key    *node
	match  []assignment
	fields []assignment
	parts  []partMapping
	joins  []*join
	data   []string
	used   map[string]map[string]bool
	pool   sync.Pool
}

// An assignment gives a field its value.
type assignment struct {
	name  string
	field *plan.Field
	eval  func(*frame) (plan.Value, error)
	// required: null makes a part's record invalid.
	required bool
	// keepEmpty: a reference to nothing stays one, so that on_missing decides about it.
	keepEmpty bool
}

type partMapping struct {
	list    string
	at      int // of the variable part
	rows    *node
	key     *node
	fields  []assignment
	private int // slot of the source's own flag, or -1
	// guessed: the flag's column is known by its name alone.
	guessed bool
}

// A counter counts how often something was looked up and found; many goroutines may count.
type counter struct{ tried, found atomic.Int64 }

func (c *counter) count(found bool) {
	c.tried.Add(1)
	if found {
		c.found.Add(1)
	}
}

func (m *mapping) table(rt *rowType) *table {
	t, ok := m.tables[rt]
	if !ok {
		t = &table{row: rt, root: slot{at: -1}}
		m.tables[rt] = t
	}
	return t
}

// column notes that a column is used.
func (m *mapping) column(rt *rowType, name string) {
	if m.used[rt.addr] == nil {
		m.used[rt.addr] = map[string]bool{}
	}
	m.used[rt.addr][name] = true
}

func (m *mapping) joinsData(addr string) {
	if !contains(m.data, addr) {
		m.data = append(m.data, addr)
	}
}

func (m *mapping) join(text string) *join {
	j := &join{text: text}
	m.joins = append(m.joins, j)
	return j
}

func (l *loader) declareSet(b *hclsyntax.Block) {
	k := l.kind(b.Labels[0])
	switch {
	case k == nil:
		var names []string
		for _, k := range l.Kinds {
			if !k.Resource {
				names = append(names, k.Name)
			}
		}
		l.errorf(b.LabelRanges[0], "Unknown kind", "There are no records of kind %q.%s", b.Labels[0], meant(b.Labels[0], names))
		return
	case k.Resource:
		words := strings.Split(k.Name, ".")
		l.errorf(b.LabelRanges[0], "Not a kind of records", "Objects of kind %s are declared one by one: %s \"NAME\" { … }.", k.Name, words[0]+strings.Join(append([]string{""}, quoted(words[1:])...), " "))
		return
	}
	if !l.nameOK(b, 1) {
		return
	}
	name := k.Name + "." + b.Labels[1]
	if old, ok := l.sets[name]; ok {
		l.twice(b, name, old.at)
		return
	}
	l.sets[name] = &setDecl{name: name, kind: k, block: b, at: b.DefRange(), hard: map[string]bool{}}
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return out
}

func (l *loader) readSets() {
	for _, name := range sortedKeys(l.sets) {
		l.readSet(l.sets[name])
	}
}

// reserved are the arguments of records that are no fields.
func reserved(name string) bool {
	return slices.ContainsFunc(recordsDoc.args, func(a argDoc) bool { return a.name == name })
}

func (l *loader) readSet(d *setDecl) {
	in := l.open(d.block.Body, d.at, "the record set "+d.name, recordsDoc, fieldNames(d.kind.Fields))
	d.set = &Set{Set: plan.Set{Name: d.name, Kind: d.kind.Name}, Range: d.at, Columns: map[string][]string{}}
	m := &mapping{set: d.set, tables: map[*rowType]*table{}, used: map[string]map[string]bool{}}
	d.set.m = m
	rt := l.rowsOf(d, in)
	m.each = m.table(rt)
	base := &compiler{loader: l, m: m, uses: &d.uses, of: l.ofType(d.kind, in, d.off), off: d.off}
	c, _ := base.with(map[string]typ{"each": {form: rowForm, row: rt}})

	l.policies(d, in, base)
	if a, ok := in.attr("where"); ok {
		m.where = c.compile(a.Expr)
		c.condition(m.where)
		m.rule = "where = " + shorten(l.sourceText(a.Expr.Range()), 160)
	}
	if a, ok := in.attr("key"); ok {
		m.key = c.keyArg(a.Expr, "The key")
		if m.key.fixed && !m.key.bad {
			l.errorf(a.Expr.Range(), "Key is the same for all rows", "The key tells records apart; make it of the row: key = each.UUID.")
		}
	}
	l.match(d, in, c)
	l.setFields(d, in, c)
	for _, b := range in.blocks("part", 1) {
		l.part(d, b, c)
	}
	l.ignored(d, in, rt)
	l.missing(d, in)
	for addr, cols := range m.used {
		d.set.Columns[addr] = sortedKeys(cols)
	}
	for _, addr := range append([]string{d.set.Data}, m.data...) {
		if dd, ok := l.data[addr]; ok && !d.off {
			dd.used = true
		}
	}
	m.pool.New = func() any { return &frame{vars: make([]plan.Value, m.vars), m: m} }
	if rt.inline {
		l.inlineKeys(d)
	}
}

func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// rowsOf finds the rows of a set: a data block, or those it declares itself.
func (l *loader) rowsOf(d *setDecl, in *body) *rowType {
	unknown := &rowType{addr: "?"}
	from, hasFrom := in.attr("from")
	rows, hasRows := in.attr("rows")
	switch {
	case hasFrom && hasRows:
		l.errorf(rows.NameRange, "Two sources of rows", "%s has both `from` and `rows`; delete one of them.", d.name)
	case hasFrom:
		dd, ok := l.static().dataName(from.Expr, "from")
		if !ok {
			return unknown
		}
		d.set.Data = dd.data.Address()
		return dd.row
	case hasRows:
		return l.inlineRows(d, rows)
	default:
		l.errorf(d.at, "Argument missing", "%s needs `from`, the data block its rows come from: from = data.TYPE.NAME. (Or `rows` for rows declared here.)", sentence("the record set "+d.name))
	}
	return unknown
}

// inlineRows makes rows of a constant object.
func (l *loader) inlineRows(d *setDecl, a *hclsyntax.Attribute) *rowType {
	addr := "inline." + d.name
	d.set.Data = addr
	rt := &rowType{addr: addr, inline: true, columns: map[string]plan.Column{"key": {Type: plan.ColumnString}}}
	c := l.static()
	n := c.compile(a.Expr)
	rows, ok := n.val.(map[string]plan.Value)
	if n.bad || n.unknown {
		rt.columns = nil
		return rt
	}
	if !n.fixed || !ok {
		l.errorf(a.Expr.Range(), "Object needed", "`rows` is a constant object of objects, by key: rows = { unknown = { name = \"Unknown\" } }.")
		rt.columns = nil
		return rt
	}
	for _, key := range sortedKeys(rows) {
		cols, ok := rows[key].(map[string]plan.Value)
		if !ok {
			l.errorf(a.Expr.Range(), "Object needed", "The row %q is %s; a row is an object: { name = \"…\" }.", key, typeOf(rows[key]))
			continue
		}
		for _, name := range sortedKeys(cols) {
			ct := inlineColumn(cols[name])
			if old, ok := rt.columns[name]; ok && old.Type != ct {
				if ct != plan.ColumnAny && old.Type != plan.ColumnAny || cols[name] != nil {
					ct = mixed(old.Type, ct, cols[name])
				} else {
					ct = old.Type
				}
			}
			rt.columns[name] = plan.Column{Type: ct}
		}
		row := map[string]plan.Value{}
		for k, v := range cols {
			row[k] = v
		}
		if _, taken := row["key"]; taken {
			l.errorf(a.Expr.Range(), "Name is taken", "`key` of an inline row is its key; call the column something else.")
		}
		row["key"] = key
		text, err := json.Marshal(row)
		if err != nil {
			l.errorf(a.Expr.Range(), "Wrong type", "The row %q holds something that is no plain value.", key)
			continue
		}
		l.cfg.inline[addr] = append(l.cfg.inline[addr], plan.Row{Key: key, Pos: fmt.Sprintf("%s line %d", a.NameRange.Filename, a.NameRange.Start.Line), JSON: text})
	}
	if len(rows) == 0 {
		l.errorf(a.Expr.Range(), "Object is empty", "`rows` declares at least one row: rows = { unknown = { name = \"Unknown\" } }.")
	}
	return rt
}

func inlineColumn(v plan.Value) plan.ColumnType {
	switch v.(type) {
	case string:
		return plan.ColumnString
	case bool:
		return plan.ColumnBool
	case int64, float64:
		return plan.ColumnNumber
	case []plan.Value:
		return plan.ColumnList
	case map[string]plan.Value:
		return plan.ColumnObject
	}
	return plan.ColumnAny
}

// mixed is the type of a column whose rows differ; a null changes nothing.
func mixed(old, now plan.ColumnType, v plan.Value) plan.ColumnType {
	switch {
	case v == nil:
		return old
	case old == plan.ColumnAny:
		return now
	}
	return plan.ColumnAny
}

// amount reads a constant number from 0 up.
func (l *loader) amount(e hclsyntax.Expression, name string) (float64, bool) {
	n := l.static().compile(e)
	if n.bad || n.unknown {
		return 0, false
	}
	num, err := numberOf(n.val)
	if !n.fixed || err != nil || num == nil || float(num) < 0 {
		l.errorf(e.Range(), "Wrong value", "%q is a number from 0 up.", name)
		return 0, false
	}
	return float(num), true
}

// policies reads what is no field and hangs on no row.
func (l *loader) policies(d *setDecl, in *body, c *compiler) {
	s := d.set
	pick := func(name string, first plan.Policy, more ...plan.Policy) plan.Policy {
		all := []string{string(first)}
		for _, p := range more {
			all = append(all, string(p))
		}
		if v := in.choice(l.static(), name, all...); v != "" {
			return plan.Policy(v)
		}
		return first
	}
	s.OnAdopt = pick("on_adopt", plan.PolicyFill, plan.PolicyOverwrite, plan.PolicyLink)
	s.OnArchived = pick("on_archived", plan.PolicySetAside, plan.PolicyRestore)
	if a, ok := in.attr("on_archived"); ok {
		_, matched := in.attr("match")
		switch {
		case !d.kind.Restorable:
			l.errorf(a.Expr.Range(), "Nothing to restore", "An archived %s does not stand in the way of a new one, or cannot be brought back.", d.kind.Name)
		case s.OnArchived == plan.PolicyRestore && !matched:
			l.errorf(a.Expr.Range(), "Needs match", "on_archived = \"restore\" takes over who is already there; say by which fields: match = { email = lower(each.email) }.")
		}
	}
	s.OnFrozen = pick("on_frozen", plan.PolicyKeep, plan.PolicyNote, plan.PolicyFail)
	if a, ok := in.attr("on_frozen"); ok && s.OnFrozen == plan.PolicyNote && d.kind.Part == nil {
		l.errorf(a.Expr.Range(), "No place for a note", "A %s has no messages or notes that a change could be told in; use \"keep\" or \"fail\".", d.kind.Name)
	}
	if a, ok := in.attr("max_errors"); ok {
		if g, ok := l.amount(a.Expr, "max_errors"); ok {
			n := int(g)
			s.MaxErrors = &n
			if g != math.Trunc(g) || g > math.MaxInt32 {
				l.errorf(a.Expr.Range(), "Wrong value", "`max_errors` is a whole number.")
			}
		}
	}
	if a, ok := in.attr("max_error_rate"); ok {
		if g, ok := l.amount(a.Expr, "max_error_rate"); ok {
			s.MaxErrorRate = &g
			if g > 1 {
				l.errorf(a.Expr.Range(), "Wrong value", "`max_error_rate` is a part from 0 to 1: 0.01 is one in a hundred.")
			}
		}
	}
	s.OnSourceDelete = pick("on_source_delete", plan.PolicyKeep)
	s.OnDrift = plan.PolicyKeep
	if a, ok := in.attr("on_drift"); ok {
		choices := []string{"keep", "overwrite", "fail"}
		if _, isObject := a.Expr.(*hclsyntax.ObjectConsExpr); !isObject {
			if v := l.choose(l.static(), a.Expr, "on_drift", choices); v != "" {
				s.OnDrift = plan.Policy(v)
			}
		} else {
			s.PerField = map[string]plan.Policy{}
			l.eachMember(a.Expr, "on_drift = { default = \"keep\", title = \"overwrite\" }", func(name string, at hcl.Range, e hclsyntax.Expression) {
				v := l.choose(l.static(), e, "on_drift", choices)
				if name == "default" {
					s.OnDrift = plan.Policy(v)
				} else if l.isField(d, name, at) {
					s.PerField[name] = plan.Policy(v)
				}
			})
		}
	}
	s.OnMissing = map[string]plan.Policy{}
	if a, ok := in.attr("on_missing"); ok {
		l.eachMember(a.Expr, "on_missing = { contact = \"stand_in\" }", func(name string, at hcl.Range, e hclsyntax.Expression) {
			if !l.isField(d, name, at) {
				return
			}
			f, _ := d.kind.Field(name)
			typ := f.Type
			if f.Attributes != "" {
				typ = f.ElemType()
			}
			switch typ {
			case plan.TypeRef, plan.TypeRefs, plan.TypeTeammate, plan.TypePerson:
			default:
				l.errorf(at, "Not a reference", "%q holds no reference, so none can be missing.", name)
				return
			}
			p := l.choose(l.static(), e, "on_missing", []string{"invalid", "stand_in", "null"})
			if p == "null" && f.Required {
				l.errorf(e.Range(), "Field is required", "%q cannot be null; choose \"invalid\" or \"stand_in\".", name)
			}
			s.OnMissing[name] = plan.Policy(p)
		})
	}
	s.StandIn = map[string]plan.Target{}
	if a, ok := in.attr("stand_in"); ok {
		l.eachMember(a.Expr, "stand_in = { contact = ref(contact.stand_ins, \"unknown\") }", func(name string, at hcl.Range, e hclsyntax.Expression) {
			if !l.isField(d, name, at) {
				return
			}
			f, _ := d.kind.Field(name)
			sc := l.static()
			var uses usage
			sc.uses = &uses
			n := sc.compile(e)
			d.uses.merge(&uses)
			for _, set := range uses.order {
				d.hard[set] = d.hard[set] || f.AtCreate
			}
			sc.fits(n, f, e)
			if n.bad {
				return
			}
			r, ok := n.val.(plan.Ref)
			if !n.fixed || !ok || len(r.Targets) != 1 {
				l.errorf(e.Range(), "Constant reference needed", "A stand-in is one record with a constant key: ref(contact.stand_ins, \"unknown\").")
				return
			}
			if s.OnMissing[name] != plan.PolicyStandIn {
				l.errorf(at, "Stand-in is not used", "Say on_missing = { %s = \"stand_in\" }, or delete it.", name)
			}
			s.StandIn[name] = r.Targets[0]
		})
	}
	for _, name := range sortedKeys(s.OnMissing) {
		if _, ok := s.StandIn[name]; !ok && s.OnMissing[name] == plan.PolicyStandIn {
			if a, given := in.attr("stand_in"); given && l.mentions(a.Expr, name) {
				continue
			}
			l.errorf(in.attrs["on_missing"].Expr.Range(), "Stand-in missing", "Say which record stands in: stand_in = { %s = ref(contact.stand_ins, \"unknown\") }.", name)
		}
	}
	s.Duplicates = string(pick("duplicates", "error", "first", "last"))
	s.Proposed = in.choice(l.static(), "status", "proposed") == "proposed"
}

// mentions reports whether an object that is written out has a member.
func (l *loader) mentions(e hclsyntax.Expression, name string) bool {
	obj, ok := e.(*hclsyntax.ObjectConsExpr)
	return ok && slices.ContainsFunc(obj.Items, func(i hclsyntax.ObjectConsItem) bool { return hcl.ExprAsKeyword(i.KeyExpr) == name })
}

// eachMember goes through an object that is written out; example shows how.
func (l *loader) eachMember(e hclsyntax.Expression, example string, f func(name string, at hcl.Range, e hclsyntax.Expression)) {
	obj, ok := e.(*hclsyntax.ObjectConsExpr)
	if !ok {
		l.errorf(e.Range(), "Object needed", "Write %s.", example)
		return
	}
	c := l.static()
	seen := map[string]bool{}
	for _, item := range obj.Items {
		name, ok := l.constText(c, item.KeyExpr, "the name of a field")
		if !ok {
			continue
		}
		if seen[name] {
			l.errorf(item.KeyExpr.Range(), "Duplicate name", "%q is set twice here; delete one of them.", name)
			continue
		}
		seen[name] = true
		f(name, item.KeyExpr.Range(), item.ValueExpr)
	}
}

// isField reports a name that is no field of the kind. "attributes.x" is a member.
func (l *loader) isField(d *setDecl, name string, at hcl.Range) bool {
	if _, ok := d.kind.Field(name); ok {
		return true
	}
	l.errorf(at, "Unknown field", "A %s has no field %q.%s", d.kind.Name, name, meant(name, fieldNames(d.kind.Fields)))
	return false
}

// matchNames are what match may name, as it is written.
func matchNames(k *plan.Kind) []string {
	out := slices.Clone(k.Matches)
	for i, name := range out {
		if f, ok := k.Field(name); ok && f.Type == plan.TypeMap {
			out[i] = name + ".NAME"
		}
	}
	return out
}

func (l *loader) match(d *setDecl, in *body, c *compiler) {
	a, ok := in.attr("match")
	if !ok {
		return
	}
	if len(d.kind.Matches) == 0 {
		l.errorf(a.NameRange, "Nothing to match by", "A %s cannot be found by a field.", d.kind.Name)
		return
	}
	l.eachMember(a.Expr, "match = { email = lower(each.email) }", func(name string, at hcl.Range, e hclsyntax.Expression) {
		head, _, dotted := strings.Cut(name, ".")
		if f, ok := d.kind.Field(head); !contains(d.kind.Matches, head) || !ok || dotted != (f.Type == plan.TypeMap) {
			l.errorf(at, "Not a field to match by", "A %s is found by %s; not by %q.", d.kind.Name, listing(matchNames(d.kind)), name)
			return
		}
		f, ok := d.kind.Field(name)
		if !ok {
			panic("hcl: kind " + d.kind.Name + " matches by " + name + ", which is no field")
		}
		if dotted {
			set := "attribute." + f.Attributes
			attribute := plan.Target{Set: set, Key: name[len(head)+1:]}
			decl, ok := c.resources[set][attribute.Key]
			if !ok {
				l.errorf(at, "Undeclared attribute", "There is no %s.%s.%s Declare it: attribute %q %q { data_type = \"string\" }.", set, attribute.Key, meant(attribute.Key, keys(c.resources[set])), f.Attributes, attribute.Key)
				return
			}
			if !slices.Contains(d.set.Uses, attribute) {
				d.set.Uses = append(d.set.Uses, attribute)
			}
			var uses usage
			uses.add(set, at)
			d.uses.merge(&uses)
			name = head + "." + decl.objectName()
			f = &plan.Field{Name: name, Type: plan.TypeAny, Mode: f.Mode, Personal: f.Personal, Doc: f.Doc}
		}
		n := c.compile(e)
		c.fits(n, f, e)
		d.set.Match = append(d.set.Match, name)
		d.set.m.match = append(d.set.m.match, assignment{name: name, field: f, eval: n.eval})
	})
}

// setFields compiles the fields of the kind.
func (l *loader) setFields(d *setDecl, in *body, c *compiler) {
	for i := range d.kind.Fields {
		f := &d.kind.Fields[i]
		if reserved(f.Name) {
			panic("hcl: kind " + d.kind.Name + " has a field " + f.Name + ", which is a word of the language")
		}
		a, given := in.attr(f.Name)
		if !given {
			switch {
			case f.Default != nil:
				v := f.Default
				d.set.m.fields = append(d.set.m.fields, assignment{name: f.Name, field: f, eval: func(*frame) (plan.Value, error) { return v, nil }})
			case f.Required:
				l.errorf(d.at, "Argument missing", "%s needs the argument %q: %s", sentence("the record set "+d.name), f.Name, f.Doc)
			}
			continue
		}
		var uses usage
		fc := *c
		fc.uses = &uses
		for _, m := range fc.members(f, a.Expr) {
			c.fits(m.node, m.field, m.expr)
			if m.node.fixed && m.node.val == nil && f.Required && !m.node.bad {
				l.errorf(m.node.at, "Field is required", "%q cannot be null.", m.name)
			}
			if m.attribute != (plan.Target{}) && !slices.Contains(d.set.Uses, m.attribute) {
				d.set.Uses = append(d.set.Uses, m.attribute)
			}
			d.set.m.fields = append(d.set.m.fields, assignment{name: m.name, field: m.field, eval: m.node.eval,
				keepEmpty: m.field.Required || d.set.OnMissing[m.name] != ""})
		}
		d.uses.merge(&uses)
		for _, s := range uses.order {
			d.hard[s] = d.hard[s] || f.AtCreate
		}
	}
	slices.SortFunc(d.set.Uses, func(a, b plan.Target) int { return strings.Compare(a.Set+"\x00"+a.Key, b.Set+"\x00"+b.Key) })
}

// part compiles a part block.
func (l *loader) part(d *setDecl, b *hclsyntax.Block, c *compiler) {
	pk := d.kind.Part
	if pk == nil {
		l.errorf(b.TypeRange, "No parts here", "A %s has no parts.", d.kind.Name)
		return
	}
	list := b.Labels[0]
	if !l.nameOK(b, 0) {
		return
	}
	m := d.set.m
	for _, p := range m.parts {
		if p.list == list {
			l.errorf(b.DefRange(), "Declared twice", "There is already a part %q in %s. Rename one of them.", list, d.name)
			return
		}
	}
	in := l.open(b.Body, b.DefRange(), "the part "+list, recordsDoc.blocks[0], fieldNames(pk.Fields))
	pm := partMapping{list: list, private: -1}
	elem := anyType
	if a, ok := in.attr("for_each"); ok {
		pm.rows = c.compile(a.Expr)
		t := pm.rows.typ
		if t.form == listForm && t.element().form == rowForm && t.element().row != nil {
			elem = t.element()
			if rt := elem.row; rt.private != "" {
				pm.private, pm.guessed = m.table(rt).path([]string{rt.private}), rt.guessed
			}
		} else if !pm.rows.bad {
			l.errorf(a.Expr.Range(), "Rows needed", "for_each needs rows: rows(data.TYPE.NAME, each.UUID), or [for c in rows(…) : c if …]. This is %s.", t)
		}
	}
	inner, at := c.with(map[string]typ{"part": elem})
	pm.at = at["part"]
	if a, ok := in.attr("key"); ok {
		pm.key = inner.keyArg(a.Expr, "The key of a part")
	}
	for i := range pk.Fields {
		f := &pk.Fields[i]
		a, given := in.attr(f.Name)
		if !given {
			switch {
			case f.Default != nil:
				v := f.Default
				pm.fields = append(pm.fields, assignment{name: f.Name, field: f, eval: func(*frame) (plan.Value, error) { return v, nil }})
			case f.Required:
				l.errorf(b.DefRange(), "Argument missing", "%s needs the argument %q: %s", sentence("the part "+list), f.Name, f.Doc)
			}
			continue
		}
		for _, x := range inner.members(f, a.Expr) {
			inner.fits(x.node, x.field, x.expr)
			pm.fields = append(pm.fields, assignment{name: x.name, field: x.field, eval: x.node.eval, required: x.field.Required})
		}
	}
	m.parts = append(m.parts, pm)
}

// ignored reads the columns that are left out on purpose.
func (l *loader) ignored(d *setDecl, in *body, rt *rowType) {
	a, ok := in.attr("ignore")
	if !ok {
		return
	}
	d.set.Ignore = map[string]string{}
	l.eachMember(a.Expr, "ignore = { column = \"the reason\" }", func(name string, at hcl.Range, e hclsyntax.Expression) {
		why, ok := l.constText(l.static(), e, "the reason")
		if ok && why == "" {
			l.errorf(e.Range(), "Reason missing", "Say why %q is left out.", name)
		}
		if rt.columns != nil {
			if _, known := rt.columns[name]; !known {
				l.errorf(at, UnknownColumn, "The rows have no column %q.%s%s", name, meant(name, rt.columnNames()), rt.remedy())
			}
		}
		if d.set.m.used[rt.addr][name] {
			l.errorf(at, "Column is used", "%q is ignored here and used in the mapping; delete one of them.", name)
		}
		d.set.Ignore[name] = why
	})
}

// missing notes references for which on_missing says something although the mapping has none.
func (l *loader) missing(d *setDecl, in *body) {
	for _, name := range sortedKeys(d.set.OnMissing) {
		if !slices.ContainsFunc(d.set.m.fields, func(a assignment) bool { return a.name == name || strings.HasPrefix(a.name, name+".") }) {
			head, _, _ := cut(name)
			if _, given := in.attr(head); !given {
				l.errorf(in.attrs["on_missing"].Expr.Range(), "Field is not mapped", "on_missing speaks of %q, which this set does not map.", name)
			}
		}
	}
}
