package hcl

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// meaning hashes what the configuration says: the blocks as tokens, without comments and layout and in no order, the values
// of variables they use, and the arguments of providers. Secrets are left out, so that a new token changes nothing.
func (l *loader) meaning() string {
	var blocks []plan.Value
	used := map[string]bool{} // variables; those that only providers and the state use are not among them
	for _, name := range l.names {
		in, ok := l.files[name].Body.(*hclsyntax.Body)
		if !ok {
			continue
		}
		src := l.files[name].Bytes
		for _, b := range in.Blocks {
			switch b.Type {
			case "deskform", "provider", "variable", "limits", "checklist":
				continue
			}
			blocks = append(blocks, blockText(b, src))
			hclsyntax.VisitAll(b.Body, func(n hclsyntax.Node) hcl.Diagnostics {
				if e, ok := n.(*hclsyntax.ScopeTraversalExpr); ok && len(e.Traversal) > 1 && e.Traversal.RootName() == "var" {
					name, _ := stepName(e.Traversal[1])
					used[name] = true
				}
				return nil
			})
		}
	}
	slices.SortFunc(blocks, func(a, b plan.Value) int { return strings.Compare(a.(string), b.(string)) })
	vars := map[string]plan.Value{}
	for name := range used {
		if v := l.variables[name]; v != nil && v.known && !v.sensitive {
			vars[name] = l.withoutSecrets(v.val)
		}
	}
	providers := map[string]plan.Value{}
	for name, args := range l.cfg.Providers {
		providers[name] = l.withoutSecrets(map[string]plan.Value(args))
	}
	return plan.Hash(map[string]plan.Value{"blocks": blocks, "vars": vars, "providers": providers})
}

func (l *loader) withoutSecrets(v plan.Value) plan.Value {
	switch v := v.(type) {
	case string:
		for _, s := range l.cfg.Secrets {
			v = strings.ReplaceAll(v, s, "")
		}
		return v
	case []plan.Value:
		out := make([]plan.Value, len(v))
		for i, x := range v {
			out[i] = l.withoutSecrets(x)
		}
		return out
	case map[string]plan.Value:
		out := make(map[string]plan.Value, len(v))
		for k, x := range v {
			out[k] = l.withoutSecrets(x)
		}
		return out
	}
	return v
}

// blockText writes a block with its arguments sorted and its blocks in order.
func blockText(b *hclsyntax.Block, src []byte) string {
	var s strings.Builder
	s.WriteString(b.Type)
	for _, label := range b.Labels {
		s.WriteString(" " + string(plan.Canonical(label)))
	}
	s.WriteString("{")
	for _, name := range sortedKeys(b.Body.Attributes) {
		s.WriteString(name + "=" + exprText(b.Body.Attributes[name].Expr.Range(), src) + ";")
	}
	for _, n := range b.Body.Blocks {
		s.WriteString(blockText(n, src) + ";")
	}
	s.WriteString("}")
	return s.String()
}

// exprText writes an expression's tokens without comments and layout. In braces a line end is a comma.
func exprText(at hcl.Range, src []byte) string {
	if !at.CanSliceBytes(src) {
		return ""
	}
	tokens, _ := hclsyntax.LexExpression(at.SliceBytes(src), at.Filename, at.Start)
	var out []string
	var open []hclsyntax.TokenType
	comma := false
	for _, t := range tokens {
		inBraces := len(open) > 0 && open[len(open)-1] == hclsyntax.TokenOBrace
		switch t.Type {
		case hclsyntax.TokenEOF:
			continue
		case hclsyntax.TokenComment:
			// A comment to the end of the line holds the line end.
			comma = comma || inBraces && strings.HasSuffix(string(t.Bytes), "\n")
			continue
		case hclsyntax.TokenNewline:
			comma = comma || inBraces
			continue
		case hclsyntax.TokenComma:
			comma = true
			continue
		}
		closing := false
		switch t.Type {
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			closing = true
		}
		afterOpening := len(out) == 0 || len(open) > 0 && out[len(out)-1] == bracketText[open[len(open)-1]]
		if comma && !closing && !afterOpening {
			out = append(out, ",")
		}
		comma = false
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open = append(open, t.Type)
		default:
			if closing && len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
		out = append(out, string(t.Bytes))
	}
	return strings.Join(out, " ")
}

var bracketText = map[hclsyntax.TokenType]string{hclsyntax.TokenOBrace: "{", hclsyntax.TokenOBrack: "[", hclsyntax.TokenOParen: "("}
