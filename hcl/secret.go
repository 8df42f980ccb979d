package hcl

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// checkSecret refuses a secret that is written in the configuration, which is kept in git, and one that would not be
// redacted because its variable is not marked.
func (l *loader) checkSecret(f *plan.Field, provider string, e hclsyntax.Expression) {
	s := secretSource{l: l, seen: map[string]bool{}}
	s.read(e)
	env := strings.ToUpper(provider + "_" + strings.TrimPrefix(f.Name, provider+"_"))
	switch {
	case len(s.open) > 0:
		l.errorf(e.Range(), "Secret not marked", "%q is a secret, and what the variable %s holds is not hidden. Write sensitive = true into it.", f.Name, s.open[0])
	case !s.outside || len(s.defaults) > 0:
		l.errorf(e.Range(), "Secret in the configuration", "%q is a secret, and this folder is kept in git: secrets come from the environment. Write %s = env(%q), or a variable with sensitive = true and without a default. If it was a real one, withdraw it.", f.Name, f.Name, env)
	}
	l.hidden = append(l.hidden, s.literals...)
}

// A secretSource is where the parts of a secret come from.
type secretSource struct {
	l       *loader
	seen    map[string]bool
	outside bool
	// open are variables that are not marked; defaults are those whose value would be the written one.
	open, defaults []string
	literals       []hcl.Range
}

func (s *secretSource) read(e hclsyntax.Expression) {
	var inEnv []hcl.Range
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			if n.Name == "env" {
				s.outside = true
				inEnv = append(inEnv, n.Range())
			}
		case *hclsyntax.LiteralValueExpr:
			if !slices.ContainsFunc(inEnv, func(r hcl.Range) bool { return r.Overlaps(n.Range()) }) {
				s.literals = append(s.literals, n.Range())
			}
		case *hclsyntax.ScopeTraversalExpr:
			s.follow(n.Traversal)
		}
		return nil
	})
}

// follow goes to a local or a variable.
func (s *secretSource) follow(t hcl.Traversal) {
	if len(t) < 2 {
		return
	}
	name, _ := stepName(t[1])
	id := t.RootName() + "." + name
	if s.seen[id] {
		return
	}
	s.seen[id] = true
	switch t.RootName() {
	case "local":
		if d, ok := s.l.locals[name]; ok {
			s.read(d.expr)
		}
	case "var":
		v, ok := s.l.variables[name]
		if !ok {
			return
		}
		s.outside = true
		if !v.sensitive {
			s.open = append(s.open, name)
		}
		if v.written != (hcl.Range{}) {
			s.defaults = append(s.defaults, name)
			s.literals = append(s.literals, v.written)
		}
	}
}

// quotes are the texts in quotes on a line, the last of which may not be closed.
var quotes = regexp.MustCompile(`(env\(\s*)?"(?:[^"\\\n]|\\.)*"?`)

// masked are the files for snippets, without what is written where secrets go. Nothing else is moved: a mask is as long as
// what it hides.
func (l *loader) masked() map[string]*hcl.File {
	var names []string
	for _, s := range append(slices.Clone(l.Sources), l.Destination) {
		for _, f := range s.Provider {
			if f.Secret {
				names = append(names, regexp.QuoteMeta(f.Name))
			}
		}
	}
	for _, name := range sortedKeys(l.variables) {
		if v := l.variables[name]; v.sensitive {
			names = append(names, regexp.QuoteMeta(name))
			l.hidden = append(l.hidden, v.written)
		}
	}
	if len(names) == 0 {
		return l.files
	}
	// Also where the file is too broken to be understood.
	line := regexp.MustCompile(`(?m)^.*\b(?:` + strings.Join(names, "|") + `)\s*=.*$`)
	out := map[string]*hcl.File{}
	for name, f := range l.files {
		text := slices.Clone(f.Bytes)
		for _, at := range line.FindAllIndex(text, -1) {
			for _, q := range quotes.FindAllIndex(text[at[0]:at[1]], -1) {
				if hit := text[at[0]+q[0] : at[0]+q[1]]; hit[0] == '"' {
					hide(hit[1:])
				}
			}
		}
		for _, r := range l.hidden {
			if r.Filename == name && r.CanSliceBytes(text) {
				hide(r.SliceBytes(text))
			}
		}
		c := *f
		c.Bytes = text
		out[name] = &c
	}
	return out
}

func hide(text []byte) {
	for i, b := range text {
		if b != '\n' && b != '\r' && b != '"' {
			text[i] = '*'
		}
	}
}
