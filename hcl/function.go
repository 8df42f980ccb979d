package hcl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyfunction "github.com/zclconf/go-cty/cty/function"

	"deskform/plan"
)

// A function of the language. Exactly one of special, call and cty is set.
type function struct {
	name     string
	params   []string
	optional int
	variadic bool
	doc      string
	// from is the provider that adds it; empty for the language's own.
	from string
	// nullOK: it is called with nulls; otherwise a null argument makes the result null.
	nullOK bool
	// texts are the arguments that are taken as text, by position; allTexts means every one.
	texts    []int
	allTexts bool
	result   func(args []*node) typ

	special func(c *compiler, e *hclsyntax.FunctionCallExpr) *node
	call    func(args []plan.Value) (plan.Value, error)
	// losing is call where something may be lost, see plan.Function.
	losing func(args []plan.Value, lost func(rule string, times int)) (plan.Value, error)
	// first: the result is the first argument that is something; those after it are not evaluated.
	first bool
	cty   *ctyfunction.Function
}

// signature writes "name(a, b, [c], d...)".
func (fn *function) signature() string {
	var parts []string
	for i, p := range fn.params {
		switch {
		case fn.variadic && i == len(fn.params)-1:
			p += "..."
		case i >= len(fn.params)-fn.optional:
			p = "[" + p + "]"
		}
		parts = append(parts, p)
	}
	return fn.name + "(" + strings.Join(parts, ", ") + ")"
}

// functionTable is the language's functions and those that providers add.
func functionTable(o Options) map[string]*function {
	table := map[string]*function{}
	for _, list := range [][]*function{rowFunctions(), textFunctions(), listFunctions(), ctyFunctions()} {
		for _, fn := range list {
			table[fn.name] = fn
		}
	}
	for _, schema := range append([]plan.SourceSchema{o.Destination}, o.Sources...) {
		for _, pf := range schema.Functions {
			if old, ok := table[pf.Name]; ok && old.special != nil {
				continue // the language's own forms cannot be replaced
			}
			table[pf.Name] = providerFunction(schema.Name, pf)
		}
	}
	return table
}

func providerFunction(from string, pf plan.Function) *function {
	t := fieldTyp(pf.Result)
	call := pf.Call
	fn := &function{
		name: pf.Name, params: pf.Params, optional: pf.Optional, variadic: pf.Variadic, doc: pf.Doc, from: from, nullOK: pf.NullOK,
		result: func([]*node) typ { return t },
		call: func(args []plan.Value) (plan.Value, error) {
			for i, a := range args {
				args[i] = export(a)
			}
			v, err := call(args)
			if err != nil {
				return nil, err
			}
			return clean(v)
		},
	}
	if pf.Losing != nil {
		fn.losing = func(args []plan.Value, lost func(string, int)) (plan.Value, error) {
			for i, a := range args {
				args[i] = export(a)
			}
			v, err := pf.Losing(args, lost)
			if err != nil {
				return nil, err
			}
			return clean(v)
		}
	}
	return fn
}

// clean brings what a function gave into the closed list of values.
func clean(v plan.Value) (plan.Value, error) {
	switch v := v.(type) {
	case nil, string, bool, int64, plan.Ref, plan.Person, plan.File, []plan.Value, map[string]plan.Value:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		if v-v != 0 {
			return nil, &fault{"type", "a calculation has no result"}
		}
		return v, nil
	}
	return nil, fmt.Errorf("a function gave a value of type %T", v)
}

// fieldTyp is the type of values of a field's type.
func fieldTyp(t plan.Type) typ {
	switch t {
	case plan.TypeString, plan.TypeText, plan.TypeHTML, plan.TypeEnum:
		return stringType
	case plan.TypeInt, plan.TypeNumber, plan.TypeTime:
		return numberType
	case plan.TypeBool:
		return boolType
	case plan.TypePerson, plan.TypeTeammate:
		return personType
	case plan.TypeRef:
		return typ{form: refForm}
	case plan.TypeRefs:
		return listOf(typ{form: refForm})
	case plan.TypeFiles:
		return listOf(typ{form: fileForm})
	case plan.TypeStrings:
		return listOf(stringType)
	case plan.TypeMap:
		return typ{form: objectForm}
	}
	return anyType
}

// call compiles a function call.
func (c *compiler) call(e *hclsyntax.FunctionCallExpr) *node {
	fn, ok := c.functions[e.Name]
	if !ok {
		c.errorf(e.NameRange, "Unknown function", "There is no function %q.%s The reference page (deskform docs) lists all functions.", e.Name, meant(e.Name, keys(c.functions)))
		for _, a := range e.Args {
			c.compile(a)
		}
		return badNode(e.Range())
	}
	if !c.arity(fn, e) {
		return badNode(e.Range())
	}
	if fn.special != nil {
		if e.ExpandFinal {
			c.errorf(e.Range(), "Expression not supported", "%s() takes its arguments one by one; `...` cannot be used with it.", fn.name)
			return badNode(e.Range())
		}
		return fn.special(c, e)
	}
	args := make([]*node, len(e.Args))
	for i, a := range e.Args {
		args[i] = c.compile(a)
		last := e.ExpandFinal && i == len(e.Args)-1
		if last && args[i].typ.form != listForm && args[i].typ.form != anyForm && !args[i].bad {
			c.errorf(args[i].at, "Wrong type", "`...` gives the elements of a list as arguments, and this is %s.", args[i].typ)
			args[i].bad = true
		}
		if !last && (fn.allTexts || slices.Contains(fn.texts, i)) {
			c.asText(args[i], fn.name+"()")
		}
	}
	if fn.cty != nil {
		c.ctyArgs(fn, args, e)
	}
	for _, a := range args {
		if a.bad {
			return badNode(e.Range())
		}
	}
	t := anyType
	if fn.result != nil {
		t = fn.result(args)
	}
	expand := e.ExpandFinal
	about := columnsOf(e)
	run := fn.call
	if fn.cty != nil {
		run = ctyCall(fn.cty)
	}
	n := liveNode(e.Range(), t, func(f *frame) (plan.Value, error) {
		vals := make([]plan.Value, len(args), len(args)+2)
		for i, a := range args {
			v, err := a.eval(f)
			if err != nil {
				return nil, err
			}
			if vals[i] = v; fn.first && !expand && v != nil && v != "" {
				return v, nil
			}
		}
		if expand {
			rest := elements(vals[len(vals)-1])
			vals = append(vals[:len(vals)-1], rest...)
			if n := len(vals); n < fn.least() || n > len(fn.params) && !fn.variadic {
				return nil, &fault{"function", "the list given to " + fn.name + "() with `...` has a wrong number of elements"}
			}
		}
		if !fn.nullOK {
			for _, v := range vals {
				if v == nil {
					return nil, nil
				}
			}
		}
		var v plan.Value
		var err error
		if fn.losing != nil {
			v, err = fn.losing(vals, f.lose)
		} else {
			v, err = run(vals)
		}
		if err != nil {
			return nil, callError(fn, about, err)
		}
		return v, nil
	})
	return c.fold(n, args...)
}

// callError says what a function refused without quoting the value: its text may hold a person's data.
func callError(fn *function, about string, err error) error {
	if _, ok := err.(*fault); ok {
		return err
	}
	if about == "" {
		return &fault{"function", fmt.Sprintf("%s() refuses its arguments: %v", fn.name, err)}
	}
	return &fault{"function", fmt.Sprintf("%s() refuses the value of %s", fn.name, about)}
}

// columnsOf names the columns that an expression uses, for messages.
func columnsOf(e hclsyntax.Expression) string {
	var names []string
	for _, t := range e.Variables() {
		switch t.RootName() {
		case "data", "value_map", "var", "local":
			continue
		}
		name := writeTraversal(t)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func (c *compiler) arity(fn *function, e *hclsyntax.FunctionCallExpr) bool {
	least, n := fn.least(), len(e.Args)
	if e.ExpandFinal {
		if fn.variadic || n <= len(fn.params) {
			return true
		}
	}
	switch {
	case n < least:
		c.errorf(e.Range(), "Argument missing", "%s takes at least %s; here %s. Usage: %s.", fn.name+"()", counted(least, "argument"), isare(n), fn.signature())
		return false
	case n > len(fn.params) && !fn.variadic:
		c.errorf(e.Args[len(fn.params)].Range(), "Too many arguments", "%s takes at most %s. Usage: %s.", fn.name+"()", counted(len(fn.params), "argument"), fn.signature())
		return false
	}
	return true
}

// least is how many arguments a call needs.
func (fn *function) least() int {
	n := len(fn.params) - fn.optional
	if fn.variadic {
		n--
	}
	return max(n, 0)
}

func isare(n int) string {
	if n == 1 {
		return "is 1"
	}
	return fmt.Sprintf("are %d", n)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ctyArgs checks arguments of a function of cty against its parameters.
func (c *compiler) ctyArgs(fn *function, args []*node, e *hclsyntax.FunctionCallExpr) {
	params, rest := fn.cty.Params(), fn.cty.VarParam()
	for i, a := range args {
		if e.ExpandFinal && i == len(args)-1 || a.bad {
			continue
		}
		var want cty.Type
		switch {
		case i < len(params):
			want = params[i].Type
		case rest != nil:
			want = rest.Type
		default:
			return
		}
		switch {
		case want == cty.String:
			c.asText(a, fn.name+"()")
		case want == cty.Number:
			c.number(a, fn.name+"()")
		case want.IsPrimitiveType():
			c.condition(a)
		case want.IsCollectionType() && (a.typ.scalar() || a.typ.form == refForm || a.typ.form == personForm):
			c.errorf(a.at, "Wrong type", "%s() needs a list or an object here, and this is %s.", fn.name, a.typ)
			a.bad = true
		}
	}
}

// ctyCall calls a function of cty with plain values.
func ctyCall(fn *ctyfunction.Function) func([]plan.Value) (plan.Value, error) {
	params, rest := fn.Params(), fn.VarParam()
	return func(vals []plan.Value) (plan.Value, error) {
		args := make([]cty.Value, len(vals))
		for i, v := range vals {
			a, ok := toCty(v)
			if !ok {
				return nil, &fault{"type", "a reference or a person stands where a plain value is needed"}
			}
			want := cty.DynamicPseudoType
			switch {
			case i < len(params):
				want = params[i].Type
			case rest != nil:
				want = rest.Type
			}
			a, err := convert.Convert(a, want)
			if err != nil {
				return nil, err
			}
			args[i] = a
		}
		out, err := fn.Call(args)
		if err != nil {
			return nil, err
		}
		v, ok := fromCty(out)
		if !ok {
			return nil, fmt.Errorf("the result is not known")
		}
		return v, nil
	}
}

// words reads a call argument that must be a name with dots: data.itsm365.employees.
func words(e hclsyntax.Expression) ([]string, hcl.Traversal, bool) {
	t, diags := hcl.AbsTraversalForExpr(e)
	if diags.HasErrors() {
		return nil, nil, false
	}
	out := []string{t.RootName()}
	for _, s := range t[1:] {
		name, ok := stepName(s)
		if !ok {
			return nil, nil, false
		}
		out = append(out, name)
	}
	return out, t, true
}
