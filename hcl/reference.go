package hcl

import (
	"fmt"
	"slices"
	"strings"

	"deskform/plan"
)

// Reference writes the reference page of the language in Markdown, from the kinds, sources and functions in o and the
// blocks of the language itself. Equal options give equal pages.
func Reference(o Options) []byte {
	w := &page{}
	w.line("# The language")
	w.line("")
	w.line("Made by `deskform docs` from what the program knows; do not edit. A configuration is a folder of `*.hcl` files; the order of")
	w.line("files and blocks does not matter. Expressions are those of HCL, as in Terraform. Arguments marked * are required.")
	w.line("")
	w.line("## Rows and null")
	w.line("")
	for _, s := range rules {
		w.line("- " + s)
	}
	w.line("")
	w.line("## Blocks")
	for _, d := range blockDocs {
		switch d.name {
		case "limits":
			for _, n := range limitNames() {
				d.args = append(slices.Clone(d.args), argDoc{name: n, typ: "object", doc: "How many records a plan may " + n + ": `{ max = 500, share = 0.3 }`; share is a part of the records that the state knows."})
			}
		case "provider", "records":
			d.doc += " Further arguments below."
		}
		w.block(d, 3)
	}
	w.line("## Providers and data")
	w.schema(o.Destination, false)
	for _, s := range o.Sources {
		w.schema(s, true)
	}
	w.line("## Resources")
	for i := range o.Kinds {
		if k := &o.Kinds[i]; k.Resource {
			w.kind(k)
		}
	}
	w.line("## Records")
	for i := range o.Kinds {
		if k := &o.Kinds[i]; !k.Resource {
			w.kind(k)
		}
	}
	w.line("## Functions")
	w.line("")
	w.line("A null argument makes the result null, unless said otherwise.")
	table := functionTable(o)
	groups := []struct {
		title string
		in    func(*function) bool
	}{
		{"Rows, references and people", func(f *function) bool { return f.from == "" && (f.special != nil || f.name == "person") }},
		{"Texts, times, lists and numbers", func(f *function) bool {
			return f.from == "" && f.special == nil && f.name != "person"
		}},
		{"Of the providers", func(f *function) bool { return f.from != "" }},
	}
	for _, g := range groups {
		w.line("")
		w.line("### " + g.title)
		w.line("")
		w.line("| function | gives |")
		w.line("|---|---|")
		for _, name := range sortedKeys(table) {
			f := table[name]
			if !g.in(f) {
				continue
			}
			doc := f.doc
			if f.from != "" {
				doc += " (" + f.from + ")"
			}
			w.row("`"+f.signature()+"`", doc)
		}
	}
	return []byte(w.String())
}

// rules are what every reader of a mapping has to know.
var rules = []string{
	"`each` is the row of a record set, `part` that of a part block. A path is null when any step of it is null: `each.client.title`.",
	"A column that the source does not have is an error; what it has is kept in `schema.lock.json`, which `deskform pull` writes.",
	"Functions give null for null. In a text, `${…}` of null is empty; when all of them are null the whole text is null. `\"${x}\"` alone is the text of a number.",
	"In `where`, `?:`, `!`, `&&` and `||` null counts as false. `==` and `!=` compare with null as with any value; `<` with null is null. Texts, and so times, compare by their characters; calculations with null give null.",
	"A link has `UUID`, `title`, `metaClass` and `code`. Used as a key, or compared with a text, it is its UUID.",
	"`contact.requesters[\"KEY\"]` and `tag.NAME` alone are references; `ref()` makes one of a computed key.",
	"Times are texts in RFC 3339, UTC; a field of type time takes them, or seconds since 1970.",
}

type page struct{ strings.Builder }

func (w *page) line(s string) { w.WriteString(s + "\n") }

// row writes a row of a table.
func (w *page) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(strings.ReplaceAll(c, "|", "\\|"), "\n", " ")
	}
	w.line("| " + strings.Join(cells, " | ") + " |")
}

func (w *page) block(d blockDoc, level int) {
	head := d.name
	for _, l := range d.labels {
		head += ` "` + l + `"`
	}
	w.line("")
	w.line(strings.Repeat("#", level) + " `" + head + "`")
	w.line("")
	w.line(d.doc)
	if len(d.args) > 0 {
		w.line("")
		w.line("| argument | is | |")
		w.line("|---|---|---|")
		for _, a := range d.args {
			w.row("`"+a.name+"`"+star(a.required), a.typ, a.doc)
		}
	}
	for _, n := range d.blocks {
		w.block(n, level+1)
	}
	if level == 3 {
		w.line("")
	}
}

func star(required bool) string {
	if required {
		return " *"
	}
	return ""
}

func (w *page) schema(s plan.SourceSchema, source bool) {
	w.line("")
	w.line("### `" + s.Name + "`")
	if s.Doc != "" {
		w.line("")
		w.line(s.Doc)
	}
	if len(s.Provider) > 0 {
		w.line("")
		w.line(fmt.Sprintf("`provider %q`:", s.Name))
		w.fields(s.Provider, false)
	}
	if source && len(s.Args) > 0 {
		w.line("")
		w.line(fmt.Sprintf("`data %q \"NAME\"`, besides the arguments of every data block:", s.Name))
		w.fields(s.Args, false)
	}
	w.line("")
}

func (w *page) kind(k *plan.Kind) {
	words := strings.Split(k.Name, ".")
	head := k.Name
	if k.Within != "" {
		head = nestedBlock + ` "NAME"` + "` in `" + k.Within
	} else if k.Resource {
		head = words[0] + strings.Join(append([]string{""}, quoted(append(words[1:], "NAME"))...), " ")
	}
	w.line("")
	w.line("### `" + head + "`")
	if k.Doc != "" {
		w.line("")
		w.line(k.Doc)
	}
	var notes []string
	if !k.Creatable && k.Manual != "" {
		notes = append(notes, "A person creates it: "+k.Manual)
	}
	if len(k.Matches) > 0 {
		notes = append(notes, "`match` takes "+listing(matchNames(k))+".")
	}
	if k.KeyAlways && len(k.NaturalKeys) > 0 {
		notes = append(notes, "The service tells objects apart by "+listing(k.NaturalKeys)+"; one with the same value is adopted.")
	}
	for _, n := range notes {
		w.line("")
		w.line(n)
	}
	fields := k.Fields
	if k.Within != "" {
		fields = slices.DeleteFunc(slices.Clone(fields), func(f plan.Field) bool { return f.Name == "of" }) // the block it stands in
	}
	w.fields(fields, true)
	if k.Part != nil {
		w.line("")
		w.line("`part` blocks: " + k.Part.Doc)
		w.fields(k.Part.Fields, true)
	}
	w.line("")
}

func (w *page) fields(fields []plan.Field, modes bool) {
	w.line("")
	if modes {
		w.line("| field | is | can change | |")
		w.line("|---|---|---|---|")
	} else {
		w.line("| argument | is | |")
		w.line("|---|---|---|")
	}
	for i := range fields {
		w.field(&fields[i], "", modes)
	}
}

func (w *page) field(f *plan.Field, prefix string, modes bool) {
	cells := []string{"`" + prefix + f.Name + "`" + star(f.Required), typeDoc(f)}
	if modes {
		cells = append(cells, modeDoc(f.Mode))
	}
	doc := f.Doc
	if f.Default != nil {
		doc = strings.TrimSpace(doc + fmt.Sprintf(" Default: `%s`.", plan.Canonical(f.Default)))
	}
	w.row(append(cells, doc)...)
	for i := range f.Fields {
		w.field(&f.Fields[i], prefix+f.Name+".", modes)
	}
}

func typeDoc(f *plan.Field) string {
	switch f.Type {
	case plan.TypeString:
		return "text"
	case plan.TypeText:
		return "text of lines"
	case plan.TypeHTML:
		return "HTML"
	case plan.TypeInt:
		return "whole number"
	case plan.TypeEnum:
		return listing(f.Enum)
	case plan.TypeRef:
		return "reference to " + strings.Join(f.Refs, ", ")
	case plan.TypeRefs:
		return "references to " + strings.Join(f.Refs, ", ")
	case plan.TypeStrings:
		return "list of texts"
	case plan.TypeMap:
		if f.Of != "" {
			return "object of attributes of its " + f.Of + ofElem(f)
		}
		if f.Attributes != "" {
			return "object of declared attributes (`attribute \"" + f.Attributes + "\"`)" + ofElem(f)
		}
		return "object"
	case plan.TypeAny:
		return "plain value"
	}
	return string(f.Type)
}

// ofElem says what the members of an object are, where they are no plain values.
func ofElem(f *plan.Field) string {
	if f.ElemType() == plan.TypeAny {
		return ""
	}
	return ", each " + typeDoc(&plan.Field{Type: f.Elem, Refs: f.Refs})
}

func modeDoc(m plan.Mode) string {
	switch m {
	case plan.Mutable:
		return "yes"
	case plan.CreateOnly:
		return "no, only when created"
	case plan.Append:
		return "grows only"
	case plan.Members:
		return "members we put"
	}
	return ""
}
