package hcl

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// rowFunctions are the forms that look at rows, sets and people.
func rowFunctions() []*function {
	return []*function{
		{name: "ref", params: []string{"set", "key"}, variadic: true, special: (*compiler).refCall,
			doc: "A reference to the record of a set with this key: `ref(contact.requesters, each.client)`. Several sets are tried in order: `ref([contact.a, contact.b], key_in_a, key_in_b)`; one key serves all of them. Null keys are left out; without any key the reference leads to nothing (see `on_missing`). A link as key is its UUID."},
		{name: "row", params: []string{"data", "key"}, special: (*compiler).rowCall,
			doc: "The row of a data block with this key, or nothing but nulls: `row(data.itsm365.employees, each.client).email`."},
		{name: "rows", params: []string{"data", "key"}, special: (*compiler).rowsCall,
			doc: "The rows of a data block that belong to this key, by its `by` column, its owner, or its group (then all rows but the record's own). An unknown or null key gives an empty list."},
		{name: "map", params: []string{"value_map", "value"}, special: (*compiler).mapCall,
			doc: "What a value map has for a value: `map(value_map.priority, each.priority.code)`."},
		{name: "person", params: []string{"who", "email"}, optional: 1, nullOK: true, call: personOf,
			result: func([]*node) typ { return personType },
			doc:    "Somebody as the source names them: a link or a row (key and name), an e-mail address, or a name; the second argument adds the address. Who that is in the workspace is found out by the plan; the text of who has no seat there begins with the name, or with the address where there is none."},
		{name: "env", params: []string{"name"}, special: (*compiler).envCall,
			doc: "A variable of the environment; the value is a secret and is hidden in all output."},
		{name: "error", params: []string{"text"}, special: (*compiler).errorCall,
			doc: "Makes the record invalid with this text, where it is evaluated: `each.x == null ? error(\"x is empty\") : each.x`."},
		{name: "try", params: []string{"value"}, variadic: true, special: (*compiler).tryCall,
			doc: "The first argument that can be evaluated for this row."},
		{name: "can", params: []string{"value"}, special: (*compiler).canCall,
			doc: "Whether the argument can be evaluated for this row."},
	}
}

// dataArg reads the first argument of row() and rows().
func (c *compiler) dataArg(e *hclsyntax.FunctionCallExpr) (*rowType, bool) {
	d, ok := c.dataName(e.Args[0], e.Name+"()")
	if !ok {
		return nil, false
	}
	if c.m == nil {
		c.errorf(e.Range(), "No row here", "%s() looks at rows; here only constants are known.", e.Name)
		return nil, false
	}
	c.m.joinsData(d.data.Address())
	return d.row, true
}

// dataName reads data.TYPE.NAME.
func (c *compiler) dataName(e hclsyntax.Expression, who string) (*dataDecl, bool) {
	w, t, ok := words(e)
	if !ok || w[0] != "data" {
		c.errorf(e.Range(), "Not a data block", "%s needs the name of a data block here: data.TYPE.NAME, without quotes.", who)
		return nil, false
	}
	if len(w) != 3 {
		c.errorf(e.Range(), "Not a data block", "A data block is named data.TYPE.NAME, here %s.", writeTraversal(t))
		return nil, false
	}
	addr := w[1] + "." + w[2]
	d, ok := c.data[addr]
	if !ok {
		c.errorf(e.Range(), "Unknown data block", "There is no data block data.%s.%s Declare it: data %q %q { … }.", addr, meant("data."+addr, prefixed("data.", keys(c.data))), w[1], w[2])
		return nil, false
	}
	return d, true
}

// keyArg compiles a key.
func (c *compiler) keyArg(e hclsyntax.Expression, who string) *node {
	n := c.compile(e)
	switch n.typ.form {
	case listForm, objectForm, refForm, personForm:
		if !n.bad {
			c.errorf(n.at, "Wrong type", "%s needs a key: a text, a number or a link; this is %s.", who, n.typ)
			n.bad = true
		}
	}
	return n
}

// A join is a place of the mapping that looks rows up.
type join struct {
	text string
	seen counter
}

func (c *compiler) rowCall(e *hclsyntax.FunctionCallExpr) *node {
	rt, ok := c.dataArg(e)
	key := c.keyArg(e.Args[1], "row()")
	if !ok || key.bad {
		return badNode(e.Range())
	}
	tab := c.m.table(rt)
	j := c.m.join(c.sourceText(e.Range()))
	note := Note{Rule: "no_match", Text: j.text + " found no row"}
	return liveNode(e.Range(), typ{form: rowForm, row: rt}, func(f *frame) (plan.Value, error) {
		v, err := key.eval(f)
		if err != nil {
			return nil, err
		}
		k, ok, err := textOf(v)
		if err != nil || !ok || k == "" {
			return nil, err
		}
		for i := range f.memo {
			if m := &f.memo[i]; m.row == rt && !m.many && m.key == k {
				return m.val, nil
			}
		}
		if f.joins == nil {
			return nil, fmt.Errorf("look up %s: no rows are at hand", j.text)
		}
		row, found, err := f.joins.Row(rt.addr, k)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", j.text, err)
		}
		j.seen.count(found)
		var out plan.Value
		if found && row.Broken == "" {
			rs := f.state()
			rs.read(row, tab)
			out = rs
		} else {
			f.notes = append(f.notes, note)
		}
		f.memo = append(f.memo, joined{rt, false, k, out})
		return out, nil
	})
}

func (c *compiler) rowsCall(e *hclsyntax.FunctionCallExpr) *node {
	rt, ok := c.dataArg(e)
	key := c.keyArg(e.Args[1], "rows()")
	if !ok || key.bad {
		return badNode(e.Range())
	}
	if !rt.keyed {
		c.errorf(e.Args[0].Range(), "Nothing to look by", "rows() finds rows by a column: give data.%s the argument `by = \"COLUMN\"` (or a group block).", rt.addr)
		return badNode(e.Range())
	}
	tab := c.m.table(rt)
	j := c.m.join(c.sourceText(e.Range()))
	return liveNode(e.Range(), listOf(typ{form: rowForm, row: rt}), func(f *frame) (plan.Value, error) {
		v, err := key.eval(f)
		if err != nil {
			return nil, err
		}
		k, ok, err := textOf(v)
		if err != nil {
			return nil, err
		}
		if !ok || k == "" {
			return []plan.Value{}, nil
		}
		for i := range f.memo {
			if m := &f.memo[i]; m.row == rt && m.many && m.key == k {
				return m.val, nil
			}
		}
		if f.joins == nil {
			return nil, fmt.Errorf("look up %s: no rows are at hand", j.text)
		}
		rows, err := f.joins.Rows(rt.addr, k)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", j.text, err)
		}
		j.seen.count(len(rows) > 0)
		out := make([]plan.Value, 0, len(rows))
		for _, row := range rows {
			if row.Broken != "" {
				continue
			}
			rs := f.state()
			rs.read(row, tab)
			out = append(out, rs)
		}
		f.memo = append(f.memo, joined{rt, true, k, out})
		return out, nil
	})
}

// A pick is one set of a reference with its key.
type pick struct {
	set string
	key *node
}

func (c *compiler) refCall(e *hclsyntax.FunctionCallExpr) *node {
	sets := []hclsyntax.Expression{e.Args[0]}
	if list, ok := e.Args[0].(*hclsyntax.TupleConsExpr); ok {
		sets = list.Exprs
	}
	ks := make([]*node, len(e.Args)-1)
	bad := len(sets) == 0
	for i, a := range e.Args[1:] {
		ks[i] = c.keyArg(a, "ref()")
		bad = bad || ks[i].bad
	}
	if len(ks) == 0 {
		c.errorf(e.Range(), "Key missing", "ref() needs a key after the set: ref(contact.requesters, each.client).")
		return badNode(e.Range())
	}
	if len(ks) != 1 && len(ks) != len(sets) {
		c.errorf(e.Range(), "Sets and keys do not match", "ref() with %s needs 1 key or %d; here %s.", counted(len(sets), "set"), len(sets), isare(len(ks)))
		bad = true
	}
	picks := make([]pick, len(sets))
	names := make([]string, len(sets))
	for i, s := range sets {
		name, ok := c.setName(s)
		if !ok {
			bad = true
			continue
		}
		k := ks[0]
		if len(ks) == len(sets) {
			k = ks[i]
		}
		picks[i], names[i] = pick{name, k}, name
		c.uses.add(name, s.Range())
		if key, ok := k.val.(string); ok && k.fixed && key != "" {
			c.constRefs = append(c.constRefs, constRef{plan.Target{Set: name, Key: key}, k.at})
		}
	}
	if bad {
		return badNode(e.Range())
	}
	n := liveNode(e.Range(), typ{form: refForm, sets: names}, func(f *frame) (plan.Value, error) {
		targets := make([]plan.Target, 0, len(picks))
		for _, p := range picks {
			v, err := p.key.eval(f)
			if err != nil {
				return nil, err
			}
			key, ok, err := textOf(v)
			if err != nil {
				return nil, err
			}
			if ok && key != "" {
				targets = append(targets, plan.Target{Set: p.set, Key: key})
			}
		}
		return plan.Ref{Targets: targets}, nil
	})
	return c.fold(n, ks...)
}

func (c *compiler) mapCall(e *hclsyntax.FunctionCallExpr) *node {
	arg := c.compile(e.Args[1])
	w, _, ok := words(e.Args[0])
	if !ok || w[0] != "value_map" || len(w) != 2 {
		c.errorf(e.Args[0].Range(), "Not a value map", "map() needs the name of a value map first: map(value_map.NAME, value).")
		return badNode(e.Range())
	}
	vm, ok := c.valueMaps[w[1]]
	if !ok {
		c.errorf(e.Args[0].Range(), "Unknown value map", "There is no value_map %q.%s Declare it: value_map %q { from = { … } }.", w[1], meant(w[1], keys(c.valueMaps)), w[1])
		return badNode(e.Range())
	}
	if arg.typ.form == linkForm {
		c.errorf(arg.at, "A link is no text", "map() looks a text up, and this is a link. Write .code for the code of a catalog item, or .title or .UUID.")
		return badNode(e.Range())
	}
	c.asText(arg, "map()")
	if arg.bad || vm.bad {
		return badNode(e.Range())
	}
	if codes, known := arg.typ.catalog(); known {
		c.coverage(vm, codes, arg)
	}
	about := columnsOf(e.Args[1])
	return c.fold(liveNode(e.Range(), vm.typ, func(f *frame) (plan.Value, error) {
		v, err := arg.eval(f)
		if err != nil {
			return nil, err
		}
		key, ok, err := textOf(v)
		if err != nil || !ok {
			return nil, err
		}
		if out, ok := vm.from[key]; ok {
			return out, nil
		}
		f.notes = append(f.notes, Note{Rule: "unlisted", Text: vm.unlisted(key)})
		if vm.refuse != "" {
			return nil, &fault{"unmapped", fmt.Sprintf("%s (%s is not listed in value_map.%s)", vm.refuse, about, vm.name)}
		}
		return vm.otherwise, nil
	}), arg)
}

// coverage warns about codes of a catalog that a value map forgets or invents.
func (c *compiler) coverage(vm *valueMap, codes []string, arg *node) {
	if vm.refuse != "" {
		var missing []string
		for _, code := range codes {
			if _, ok := vm.from[code]; !ok {
				missing = append(missing, code)
			}
		}
		if len(missing) > 0 {
			c.warnf(arg.at, "Codes without a value", "value_map.%s does not list %s of the catalog of %s: such rows become invalid.", vm.name, quoteAll(missing), arg.typ.from.column)
		}
	}
	for _, k := range sortedKeys(vm.from) {
		if !contains(codes, k) {
			c.warnf(vm.at, "Not in the catalog", "The catalog of %s, for which this map is used, has no code %q.%s", arg.typ.from.column, k, meant(k, codes))
		}
	}
}

// personOf makes a person of a link, a row, an address or a name.
func personOf(args []plan.Value) (plan.Value, error) {
	p, ok := asPerson(args[0])
	if !ok && args[0] != nil {
		return nil, &fault{"type", "a person is a link, a row, an e-mail address or a name"}
	}
	if len(args) > 1 && args[1] != nil {
		email, _, err := textOf(args[1])
		if err != nil {
			return nil, err
		}
		if email = strings.ToLower(strings.TrimSpace(email)); strings.Contains(email, "@") {
			p.Email = email
		}
	}
	if p == (plan.Person{}) {
		return nil, nil
	}
	return p, nil
}

func asPerson(v plan.Value) (plan.Person, bool) {
	switch v := v.(type) {
	case plan.Person:
		return v, true
	case *rowState:
		p, _ := asPerson(v.whole())
		if p.Key == "" {
			p.Key = v.row.Key
		}
		return p, true
	case map[string]plan.Value:
		var p plan.Person
		p.Key, _ = v["UUID"].(string)
		p.Name, _ = v["title"].(string)
		if p.Name == "" {
			p.Name, _ = v["name"].(string)
		}
		email, _ := v["email"].(string)
		p.Email = strings.ToLower(strings.TrimSpace(email))
		return p, true
	case string:
		text := strings.TrimSpace(v)
		if text == "" {
			return plan.Person{}, true
		}
		if !strings.Contains(text, "@") {
			return plan.Person{Key: text, Name: text}, true
		}
		if a, err := mail.ParseAddress(text); err == nil {
			return plan.Person{Email: strings.ToLower(a.Address), Name: a.Name}, true
		}
		return plan.Person{Name: text}, true
	case int64:
		key, _, _ := textOf(v)
		return plan.Person{Key: key, Name: key}, true
	}
	return plan.Person{}, false
}

func (c *compiler) envCall(e *hclsyntax.FunctionCallExpr) *node {
	v, ok := c.fixed(e.Args[0])
	name, isText := v.(string)
	if !ok || !isText || name == "" {
		c.errorf(e.Args[0].Range(), "Name missing", "env() needs the name of a variable of the environment as a constant text: env(\"TOKEN\").")
		return badNode(e.Range())
	}
	if value, ok := c.env(name); ok && value != "" {
		c.secret(value)
		return fixedNode(e.Range(), value)
	}
	if c.NeedEnv {
		c.errorf(e.Range(), "Environment variable not set", "%s is not set, or is empty. Set it before the command: export %s=…", name, name)
		return badNode(e.Range())
	}
	return unknownNode(e, "the environment variable "+name)
}

func unknownNode(e hclsyntax.Expression, what string) *node {
	n := liveNode(e.Range(), stringType, func(*frame) (plan.Value, error) { return nil, &errUnknown{what} })
	n.unknown = true
	return n
}

func (c *compiler) errorCall(e *hclsyntax.FunctionCallExpr) *node {
	v, ok := c.fixed(e.Args[0])
	text, isText := v.(string)
	if !ok || !isText || text == "" {
		c.errorf(e.Args[0].Range(), "Text missing", "error() needs a constant text, so that it quotes no value of a row.")
		return badNode(e.Range())
	}
	return liveNode(e.Range(), nullType, func(*frame) (plan.Value, error) { return nil, &fault{"error", text} })
}

func (c *compiler) tryCall(e *hclsyntax.FunctionCallExpr) *node {
	args := make([]*node, len(e.Args))
	t := nullType
	for i, a := range e.Args {
		args[i] = c.compile(a)
		t = unify(t, args[i].typ)
	}
	if len(args) == 0 {
		c.errorf(e.Range(), "Argument missing", "try() needs at least 1 argument.")
		return badNode(e.Range())
	}
	return c.fold(liveNode(e.Range(), t, func(f *frame) (plan.Value, error) {
		var err error
		for _, a := range args {
			var v plan.Value
			if v, err = a.eval(f); err == nil {
				return v, nil
			}
			if !isFault(err) {
				return nil, err
			}
		}
		return nil, err
	}), args...)
}

func (c *compiler) canCall(e *hclsyntax.FunctionCallExpr) *node {
	arg := c.compile(e.Args[0])
	return c.fold(liveNode(e.Range(), boolType, func(f *frame) (plan.Value, error) {
		_, err := arg.eval(f)
		if err != nil && !isFault(err) {
			return nil, err
		}
		return err == nil, nil
	}), arg)
}

func isFault(err error) bool {
	_, ok := err.(*fault)
	return ok
}

func prefixed(prefix string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + n
	}
	return out
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }
