package hcl

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// An argDoc is an argument of a block: what the reader accepts and the reference page tells.
type argDoc struct {
	name     string
	typ      string
	required bool
	doc      string
}

// A blockDoc is a sort of block.
type blockDoc struct {
	name   string
	labels []string
	doc    string
	args   []argDoc
	blocks []blockDoc
	// free: arguments may have any name.
	free bool
	// many: nested blocks of this sort may be repeated.
	many bool
}

// The blocks that do not depend on a provider.
var (
	deskformDoc = blockDoc{name: "deskform", doc: "What the whole configuration needs. At most one.",
		args: []argDoc{{"required_version", "text", false, "Versions of deskform that may read this, as in `\"~> 0.1\"`."}},
		blocks: []blockDoc{{name: "state", labels: []string{"TYPE"}, doc: "Where the state is; the type is `sqlite`.",
			args: []argDoc{{"path", "text", true, "The file, relative to the configuration's folder."}}}}}
	providerDoc = blockDoc{name: "provider", labels: []string{"NAME"}, doc: "How to reach a service. Each service at most once."}
	variableDoc = blockDoc{name: "variable", labels: []string{"NAME"}, doc: "A value given from outside: by `--var NAME=VALUE`, `--var-file FILE` or `DESKFORM_VAR_NAME`, used as `var.NAME`.",
		args: []argDoc{
			{"type", "type", false, "`string` (the default), `number`, `bool`, `list(string)`, `map(number)`, `object({…})`."},
			{"default", "constant", false, "The value when none is given; without it one must be given."},
			{"description", "text", false, "What it is for."},
			{"sensitive", "bool", false, "The value is hidden in all output."}}}
	localsDoc   = blockDoc{name: "locals", doc: "Constants of the configuration, used as `local.NAME`.", free: true}
	valueMapDoc = blockDoc{name: "value_map", labels: []string{"NAME"}, doc: "A table from values of the source to values of the destination, used with `map(value_map.NAME, value)`. Values that are not listed are counted and shown.",
		args: []argDoc{
			{"from", "object", true, "The values, by the text of the source."},
			{"otherwise", "constant or error(\"…\")", false, "What the others become; `error(\"…\")`, the default, makes the record invalid."}}}
	dataDoc = blockDoc{name: "data", labels: []string{"TYPE", "NAME"}, doc: "A collection of rows read from a source, named `data.TYPE.NAME`.",
		args: []argDoc{
			{"key", "column or list", false, "The columns whose values tell rows apart, or `\"#line\"` for the line number; without it the source's own."},
			{"duplicates", "text", false, "What to do with a key that is there twice: `\"error\"` (the default), `\"first\"` or `\"last\"` is kept."},
			{"of", "list of data", false, "The data blocks whose rows own these; they are read owner by owner."},
			{"by", "column", false, "The column that names the owner, by which `rows()` finds them."},
			{"expect", "number or object", false, "How many rows the customer reads off the screen, or by type: `{ \"serviceCall$request\" = 120 }`; in an object the class itself stands for all: `{ serviceCall = 180, \"serviceCall$request\" = 120 }`. A plan of fewer is refused: a key that may not see everything sees less and says nothing."},
			{"max_shrink", "number", false, "How large a part of the rows may be missing when a service is read again, 0.05 when left out, of all rows and of the rows of each type. Left out it lets one row go in any case, unless it is all that the block has; where it was the only one of its type, the pull names the type in a warning; and of rows that are read owner by owner ten of those whose owners changed, unless they are more than half. With more the pull takes nothing over and says so: rights changed, or the pull is incomplete. It counts as well how many rows had a value in an attribute that is not shown any more, or is empty in all rows: left out, two rows stop the pull for an attribute that is not shown, and five that are more than a fifth for one that is empty. 1 allows anything, for one pull."},
			{"max_age", "text", false, "How old what was read from a service may be, `\"24h\"` or `\"7d\"`. A pull reads again what is older though nothing shows a change, as of comments nothing ever does; a plan with `--pull=none` is refused, and so is the apply of a plan whose rows have become older; an apply during which they do ends with exit 7, as its proof rests on them."}},
		blocks: []blockDoc{{name: "group", doc: "Makes one record of the rows that share these columns; the others are found with `rows()`.",
			args: []argDoc{
				{"by", "column or list", true, "The columns that a group shares."},
				{"record", "text", false, "Which row of the group is the record: `\"last\"` (the default) or `\"first\"`."}}}}}
	phaseDoc = blockDoc{name: "phase", labels: []string{"NAME"}, doc: "Orders record sets: those of a phase come after those of the phases it names.",
		args: []argDoc{
			{"sets", "list of sets", true, "The record sets, in order."},
			{"after", "list of phases", false, "`[phase.people]`."}}}
	redactDoc = blockDoc{name: "redact", labels: []string{"NAME"}, doc: "Words of the source that do not move. The rule holds for every text that is sent: titles, messages, notes, names of authors, attributes of type string; not for names of files, nor for what a record is found by (its key, an e-mail address, the fields of `match`). In HTML it sees the text without tags and entities. A plan counts each rule and names the first records, never the words. A changed rule changes what is wanted: messages that were written already stay as they are, see `on_frozen`.",
		args: []argDoc{
			{"pattern", "text", true, "A regular expression in the syntax of RE2, with each backslash doubled: `\"\\\\b\\\\d{4}([ -]?\\\\d{4}){3}\\\\b\"`; `(?i)` in front makes upper and lower case alike."},
			{"with", "text", false, "What stands in its place, as it is; `\"[redacted]\"` when left out."},
			{"in", "list of sets", false, "The record sets it is for, `[conversation.incidents]`; all when left out."}}}
	limitsDoc = blockDoc{name: "limits", doc: "Refuses a plan that does more than was meant. Each argument is an object with `max`, `share` or both."}
	movedDoc  = blockDoc{name: "moved", doc: "Says that a set or a record has another address now, so that what was made under the old one is kept.",
		args: []argDoc{
			{"from", "address", true, "The old address: `contact.old` or `contact.old[\"key\"]`."},
			{"to", "address", true, "The new one."}}}
	recordsDoc = blockDoc{name: "records", labels: []string{"KIND", "NAME"}, doc: "A record set: makes one record of each row. `each` is the row.",
		args: []argDoc{
			{"from", "data", false, "The rows: `data.TYPE.NAME`. Either this or `rows`."},
			{"rows", "object", false, "Rows declared here, by key, instead of `from`: `rows = { unknown = { name = \"Unknown\" } }`; `each.key` is the key."},
			{"enabled", "constant bool", false, "False leaves the set out, as if it were not written: `enabled = var.as_tickets`. Resource blocks have it as well."},
			{"where", "condition", false, "Which rows; others are skipped and counted. Null is false."},
			{"key", "expression", true, "What names the record for ever, unique in the set. A link is its UUID."},
			{"duplicates", "text", false, "What to do with rows of one key: `\"error\"` (the default), `\"first\"` or `\"last\"` is taken."},
			{"match", "object", false, "Fields by which an object that is already there is found and adopted."},
			{"on_adopt", "text", false, "`\"fill\"` (the default) writes only empty fields of what is adopted, `\"overwrite\"` all, `\"link\"` none."},
			{"on_archived", "text", false, "What becomes of a record whose keys an archived object has, which a plan cannot see: `\"set_aside\"` (the default) with the reason, or `\"restore\"`: it is unarchived, and written as `on_adopt` says. Needs `match`."},
			{"on_missing", "object", false, "By field, what a reference to nothing becomes: `\"invalid\"` (the default), `\"null\"` or `\"stand_in\"`."},
			{"stand_in", "object", false, "By field, the record to refer to instead: `{ contact = ref(contact.stand_ins, \"unknown\") }`."},
			{"on_drift", "text or object", false, "What somebody changed in the destination: `\"keep\"` (the default) leaves it, `\"overwrite\"` restores it, `\"fail\"` is a conflict. By field in an object, where `default` is for the rest."},
			{"on_frozen", "text", false, "A change of the source that the destination cannot take any more: `\"keep\"` (the default), `\"note\"` or `\"fail\"`."},
			{"on_source_delete", "text", false, "A row that is gone: `\"keep\"` leaves its record."},
			{"max_errors", "number", false, "An apply stops when more records of the set than this fail."},
			{"max_error_rate", "number", false, "An apply stops when more than this part of the records that it tried fails, from 20 records on: 0.01 is one in a hundred."},
			{"ignore", "object", false, "Columns that are left out on purpose, each with the reason."},
			{"status", "text", false, "`\"proposed\"` for a mapping that nobody has confirmed; apply refuses it."}},
		blocks: []blockDoc{{name: "part", labels: []string{"LIST"}, many: true, doc: "What is appended to the record: one part for each row of `for_each`, which is `part` in the other arguments. Fields of parts are listed with the kind.",
			args: []argDoc{
				{"for_each", "rows", true, "`rows(data.TYPE.NAME, each.UUID)`, or a `for` expression that filters them."},
				{"key", "expression", false, "What names the part; the row's own key without it."}}}}}
	// Besides these there are the blocks of resource kinds.
	blockDocs = []blockDoc{deskformDoc, providerDoc, variableDoc, localsDoc, dataDoc, valueMapDoc, recordsDoc, redactDoc, phaseDoc, checklistDoc, limitsDoc, movedDoc, removedDoc}
)

func limitNames() []string { return []string{"create", "update", "adopt", "append", "archive"} }

// A body reads the arguments and blocks of a block by their doc.
type body struct {
	l     *loader
	at    hcl.Range
	what  string
	attrs hclsyntax.Attributes
	in    *hclsyntax.Body
}

// open checks names against what the doc and more arguments allow.
func (l *loader) open(in *hclsyntax.Body, at hcl.Range, what string, doc blockDoc, more []string) *body {
	b := &body{l: l, at: at, what: what, attrs: in.Attributes, in: in}
	var args, blocks []string
	for _, a := range doc.args {
		args = append(args, a.name)
	}
	args = append(args, more...)
	for _, n := range doc.blocks {
		blocks = append(blocks, n.name)
	}
	for _, name := range sortedKeys(in.Attributes) {
		a := in.Attributes[name]
		if doc.free || contains(args, name) {
			continue
		}
		switch {
		case contains(blocks, name):
			l.errorf(a.NameRange, "Block expected", "%q is a block: write %s { … } without an equals sign.", name, name)
		case doc.name == "phase" && contains([]string{"where", "gate"}, name):
			l.errorf(a.NameRange, "Not in this version", "%q of a phase is not in this version; a phase only orders its sets.", name)
		default:
			l.errorf(a.NameRange, "Unknown argument", "%s has no argument %q.%s", sentence(what), name, meant(name, args))
		}
	}
	seen := map[string]bool{}
	for _, n := range in.Blocks {
		i := slices.IndexFunc(doc.blocks, func(d blockDoc) bool { return d.name == n.Type })
		switch {
		case i >= 0:
			d := doc.blocks[i]
			if len(n.Labels) != len(d.labels) {
				l.labels(n, d)
				continue
			}
			if seen[n.Type] && !d.many {
				l.errorf(n.DefRange(), "Duplicate block", "%s has one block %q; delete this one.", sentence(what), n.Type)
			}
			seen[n.Type] = true
		case contains(args, n.Type):
			l.errorf(n.TypeRange, "Argument expected", "%q is an argument: write %s = { … } with an equals sign.", n.Type, n.Type)
		case doc.name == "phase" && n.Type == "gate":
			l.errorf(n.TypeRange, "Not in this version", "Gates are not in this version; a phase only orders its sets.")
		default:
			l.errorf(n.TypeRange, "Unknown block", "%s has no block %q.%s", sentence(what), n.Type, meant(n.Type, append(slices.Clone(blocks), args...)))
		}
	}
	for _, a := range doc.args {
		if _, ok := in.Attributes[a.name]; a.required && !ok {
			l.errorf(at, "Argument missing", "%s needs the argument %q: %s", sentence(what), a.name, a.doc)
		}
	}
	return b
}

// labels reports a wrong number of labels.
func (l *loader) labels(n *hclsyntax.Block, d blockDoc) {
	want := n.Type
	for _, x := range d.labels {
		want += ` "` + x + `"`
	}
	at := n.DefRange()
	if len(n.LabelRanges) > len(d.labels) {
		at = n.LabelRanges[len(d.labels)]
	}
	l.errorf(at, "Wrong labels", "A block %s is written as: %s { … }.", n.Type, want)
}

func (b *body) attr(name string) (*hclsyntax.Attribute, bool) {
	a, ok := b.attrs[name]
	return a, ok
}

// blocks are the well-formed nested blocks of a sort.
func (b *body) blocks(name string, labels int) []*hclsyntax.Block {
	var out []*hclsyntax.Block
	for _, n := range b.in.Blocks {
		if n.Type == name && len(n.Labels) == labels {
			out = append(out, n)
		}
	}
	return out
}

// text reads a constant text; ok is false when there is none or it is wrong, which has been reported.
func (b *body) text(c *compiler, name string) (string, bool) {
	a, ok := b.attr(name)
	if !ok {
		return "", false
	}
	return b.l.constText(c, a.Expr, name)
}

func (l *loader) constText(c *compiler, e hclsyntax.Expression, name string) (string, bool) {
	n := c.compile(e)
	if n.bad || n.unknown {
		return "", false
	}
	s, isText := n.val.(string)
	if !n.fixed || !isText {
		l.errorf(e.Range(), "Constant text needed", "%q must be a text that is known without any row.", name)
		return "", false
	}
	return s, true
}

// choice reads a constant text that is one of a list; empty when there is none.
func (b *body) choice(c *compiler, name string, from ...string) string {
	a, ok := b.attr(name)
	if !ok {
		return ""
	}
	return b.l.choose(c, a.Expr, name, from)
}

func (l *loader) choose(c *compiler, e hclsyntax.Expression, name string, from []string) string {
	s, ok := l.constText(c, e, name)
	if !ok {
		return ""
	}
	if !contains(from, s) {
		hint := ""
		if n := nearest(s, from); n != "" {
			hint = " Did you mean \"" + n + "\"?"
		}
		l.errorf(e.Range(), "Not a choice", "%q can be %s; not %q.%s", name, listing(from), s, hint)
		return ""
	}
	return s
}

// texts reads a constant text or list of texts.
func (b *body) texts(c *compiler, name string) []string {
	a, ok := b.attr(name)
	if !ok {
		return nil
	}
	n := c.compile(a.Expr)
	if n.bad || n.unknown {
		return nil
	}
	var out []string
	for _, x := range elements(n.val) {
		s, isText := x.(string)
		if !isText {
			out = nil
			break
		}
		out = append(out, s)
	}
	if !n.fixed || len(out) == 0 {
		b.l.errorf(a.Expr.Range(), "Constant text needed", "%q is a text, or a list of texts, that is known without any row.", name)
		return nil
	}
	return out
}

// listing writes `"a", "b" or "c"`.
func listing(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = `"` + n + `"`
	}
	if len(q) < 2 {
		return strings.Join(q, "")
	}
	return strings.Join(q[:len(q)-1], ", ") + " or " + q[len(q)-1]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func keys[V any](m map[string]V) []string { return sortedKeys(m) }

// fieldNames lists fields by their names.
func fieldNames(fields []plan.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// cut splits at the first dot.
func cut(s string) (head, tail string, ok bool) { return strings.Cut(s, ".") }
