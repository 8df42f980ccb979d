package hcl

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"deskform/plan"
)

// A varDecl is a variable block and the value it got.
type varDecl struct {
	name      string
	at        hcl.Range
	typ       cty.Type
	typeText  string
	sensitive bool
	// written is the default, when it is one.
	written hcl.Range
	val     plan.Value
	known   bool
	// bad: an error has been reported.
	bad  bool
	used bool
}

// envPrefix begins the names under which the environment gives variables.
const envPrefix = "DESKFORM_VAR_"

func (l *loader) declareVariable(b *hclsyntax.Block) {
	name := b.Labels[0]
	if !l.nameOK(b, 0) {
		return
	}
	if old, ok := l.variables[name]; ok {
		l.twice(b, "the variable "+name, old.at)
		return
	}
	v := &varDecl{name: name, at: b.DefRange(), typ: cty.DynamicPseudoType}
	l.variables[name] = v
	in := l.open(b.Body, b.DefRange(), "the variable "+name, variableDoc, nil)
	if a, ok := in.attr("type"); ok {
		t, diags := typeexpr.TypeConstraint(a.Expr)
		if diags.HasErrors() {
			l.all(diags)
			v.bad = true
		} else {
			v.typ, v.typeText = t, l.sourceText(a.Expr.Range())
		}
	}
	c := l.static()
	if a, ok := in.attr("sensitive"); ok {
		val, known := c.fixed(a.Expr)
		flag, isBool := val.(bool)
		if !known || !isBool {
			l.errorf(a.Expr.Range(), "Wrong type", "sensitive is true or false.")
		}
		v.sensitive = flag
	}
	in.text(c, "description")
	if a, ok := in.attr("default"); ok {
		if len(a.Expr.Variables()) > 0 {
			l.errorf(a.Expr.Range(), "Constant needed", "The default of a variable is a constant; for what is computed use locals.")
			v.bad = true
			return
		}
		n := c.compile(a.Expr)
		switch {
		case n.bad:
			v.bad = true
		case !n.fixed:
			l.errorf(a.Expr.Range(), "Constant needed", "The default of a variable is a constant; for what is computed use locals.")
			v.bad = true
		default:
			cv, ok := toCty(n.val)
			if !ok {
				l.errorf(a.Expr.Range(), "Wrong type", "The default of a variable is a plain value.")
				v.bad = true
				return
			}
			l.assign(v, cv, a.Expr.Range())
			if n.val != nil && n.val != "" {
				v.written = a.Expr.Range()
			}
		}
	}
}

// assign gives a variable a value of its type.
func (l *loader) assign(v *varDecl, val cty.Value, at hcl.Range) {
	out, err := convert.Convert(val, v.typ)
	if err != nil {
		l.errorf(at, "Wrong type", "The variable %s is of type %s: %s.", v.name, v.typeText, err)
		v.bad = true
		return
	}
	plain, ok := fromCty(out)
	if !ok {
		l.errorf(at, "Wrong type", "The value of the variable %s is not known.", v.name)
		v.bad = true
		return
	}
	v.val, v.known = plain, true
}

// giveVariables assigns what comes from outside: the environment, then files, then --var.
func (l *loader) giveVariables() {
	for _, name := range sortedKeys(l.variables) {
		if text, ok := l.env(envPrefix + name); ok {
			l.assignText(l.variables[name], text, envPrefix+name)
		}
	}
	for _, path := range l.VarFiles {
		l.varFile(path)
	}
	for _, name := range sortedKeys(l.Vars) {
		v, ok := l.variables[name]
		if !ok {
			l.sourceless("Undeclared variable", "--var "+name+": the configuration declares no variable "+name+"."+meant(name, keys(l.variables))+` Declare it: variable "`+name+`" {}.`)
			continue
		}
		l.assignText(v, l.Vars[name], "--var "+name)
	}
	for _, name := range sortedKeys(l.variables) {
		v := l.variables[name]
		if v.sensitive && v.known {
			l.hideAll(v.val)
		}
		if !v.known && !v.bad && l.NeedEnv {
			l.errorf(v.at, "Variable without a value", "Give it one with --var %s=…, a --var-file or %s%s in the environment, or write a default.", name, envPrefix, name)
			v.bad = true
		}
	}
}

func (l *loader) hideAll(v plan.Value) {
	switch v := v.(type) {
	case string:
		l.secret(v)
	case []plan.Value:
		for _, x := range v {
			l.hideAll(x)
		}
	case map[string]plan.Value:
		for _, x := range v {
			l.hideAll(x)
		}
	}
}

func (l *loader) sourceless(summary, detail string) {
	l.add(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail})
}

// assignText gives a variable a value that came as text: as it is for texts, numbers and switches, else as an expression.
func (l *loader) assignText(v *varDecl, text, from string) {
	if v.bad {
		return
	}
	val := cty.StringVal(text)
	if v.typ != cty.DynamicPseudoType && !v.typ.IsPrimitiveType() {
		e, diags := hclsyntax.ParseExpression([]byte(text), "value of "+from, hcl.InitialPos)
		if !diags.HasErrors() {
			val, diags = e.Value(nil)
		}
		if diags.HasErrors() {
			v.bad = true
			l.sourceless("Wrong value", from+": the variable is of type "+v.typeText+"; write the value as in the configuration, such as [\"a\", \"b\"] or { a = 1 }.")
			return
		}
	}
	out, err := convert.Convert(val, v.typ)
	if err != nil {
		v.bad = true
		l.sourceless("Wrong value", from+": the variable is of type "+v.typeText+": "+err.Error()+".")
		return
	}
	if plain, ok := fromCty(out); ok {
		v.val, v.known = plain, true
	}
}

// varFile reads name = value lines, or a JSON object when the name ends so.
func (l *loader) varFile(path string) {
	name := filepath.Base(path)
	src, err := os.ReadFile(path)
	if err != nil {
		l.sourceless("File not readable", "--var-file "+name+": "+cause(err).Error()+".")
		return
	}
	var f *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(path, ".json") {
		f, diags = hcljson.Parse(src, name)
	} else {
		f, diags = hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	}
	l.all(diags)
	if f == nil || f.Body == nil {
		return
	}
	if _, ok := l.files[name]; !ok {
		l.files[name] = f // for snippets
	}
	attrs, diags := f.Body.JustAttributes()
	l.all(diags)
	for _, key := range sortedKeys(attrs) {
		a := attrs[key]
		v, ok := l.variables[key]
		if !ok {
			l.errorf(a.NameRange, "Undeclared variable", "The configuration declares no variable %q.%s", key, meant(key, keys(l.variables)))
			continue
		}
		val, diags := a.Expr.Value(nil)
		l.all(diags)
		if diags.HasErrors() {
			v.bad = true
			continue
		}
		if !v.bad {
			l.assign(v, val, a.Expr.Range())
		}
	}
}

// variableValue compiles var.NAME.
func (c *compiler) variableValue(name string, at hcl.Range) *node {
	v, ok := c.variables[name]
	if !ok {
		c.errorf(at, "Unknown variable", "There is no variable %q.%s Declare it: variable %q {}.", name, meant(name, keys(c.variables)), name)
		return badNode(at)
	}
	v.used = true
	switch {
	case v.bad:
		return badNode(at)
	case v.known:
		return fixedNode(at, v.val)
	}
	n := liveNode(at, anyType, func(*frame) (plan.Value, error) { return nil, &errUnknown{"the variable " + name} })
	n.unknown = true
	return n
}

// A localDecl is one local.
type localDecl struct {
	name string
	expr hclsyntax.Expression
	at   hcl.Range
	n    *node
	uses usage
	busy bool
}

func (l *loader) declareLocals(b *hclsyntax.Block) {
	in := l.open(b.Body, b.DefRange(), "a locals block", localsDoc, nil)
	for _, name := range sortedKeys(in.attrs) {
		a := in.attrs[name]
		if old, ok := l.locals[name]; ok {
			l.errorf(a.NameRange, "Declared twice", "local.%s is already declared on %s line %d. Delete or rename one of them.", name, old.at.Filename, old.at.Start.Line)
			continue
		}
		l.locals[name] = &localDecl{name: name, expr: a.Expr, at: a.NameRange}
	}
}

// readLocals compiles all of them, so that errors in unused ones show as well.
func (l *loader) readLocals() {
	c := l.static()
	for _, name := range sortedKeys(l.locals) {
		c.local(name, l.locals[name].at)
	}
}

// local compiles local.NAME; its value is the same wherever it is used.
func (c *compiler) local(name string, at hcl.Range) *node {
	d, ok := c.locals[name]
	if !ok {
		c.errorf(at, "Unknown local", "There is no local %q.%s Declare it: locals { %s = … }.", name, meant(name, keys(c.locals)), name)
		return badNode(at)
	}
	if d.busy {
		c.errorf(d.at, "Cycle", "%s. A local cannot be made of itself.", strings.Join(c.localCycle(name), " -> "))
		return badNode(at)
	}
	if d.n == nil {
		d.busy = true
		in := &compiler{loader: c.loader, uses: &d.uses}
		c.localStack = append(c.localStack, name)
		d.n = in.compile(d.expr)
		c.localStack = c.localStack[:len(c.localStack)-1]
		d.busy = false
		if !d.n.fixed && !d.n.unknown && !d.n.bad {
			c.errorf(d.expr.Range(), "Constant needed", "A local is known without any row; error() and row functions belong into records.")
			d.n = badNode(d.at)
		}
	}
	if c.uses != nil {
		c.uses.merge(&d.uses)
	}
	switch {
	case d.n.bad:
		return badNode(at)
	case d.n.fixed:
		n := fixedNode(at, d.n.val)
		n.typ = d.n.typ
		return n
	}
	n := liveNode(at, anyType, func(*frame) (plan.Value, error) { return nil, &errUnknown{"what local." + name + " is made of"} })
	n.unknown = true
	return n
}

// localCycle is the way from a local back to itself.
func (l *loader) localCycle(name string) []string {
	i := slices.Index(l.localStack, name)
	var out []string
	for _, n := range l.localStack[max(i, 0):] {
		out = append(out, "local."+n)
	}
	return append(out, "local."+name)
}
