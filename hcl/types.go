package hcl

import (
	"maps"
	"slices"
	"strings"

	"deskform/plan"
)

// A form is the sort of a type.
type form int

const (
	anyForm form = iota + 1 // not known before a row is seen
	nullForm
	stringForm
	numberForm
	boolForm
	timeForm // an RFC 3339 text
	linkForm
	fileForm
	listForm
	objectForm
	rowForm
	refForm
	personForm
)

// A typ is what is known of a value before any row is seen.
type typ struct {
	form form
	// elem is the type of a list's elements; nil is any.
	elem *typ
	// attrs are the attributes of an object; nil when they are not known.
	attrs map[string]typ
	// row describes the columns of a row.
	row *rowType
	// sets are the sets that a reference may lead to.
	sets []string
	// from is the column that a value comes from as it is, for messages and catalogs.
	from *origin
}

// An origin is the column that a value is.
type origin struct {
	row    *rowType
	column string
	// attr is "code" for the code of a link.
	attr string
}

var (
	anyType    = typ{form: anyForm}
	nullType   = typ{form: nullForm}
	stringType = typ{form: stringForm}
	numberType = typ{form: numberForm}
	boolType   = typ{form: boolForm}
	personType = typ{form: personForm}
)

func listOf(e typ) typ { return typ{form: listForm, elem: &e} }

func (t typ) element() typ {
	if t.elem == nil {
		return anyType
	}
	return *t.elem
}

// String names the type in messages.
func (t typ) String() string {
	switch t.form {
	case nullForm:
		return "null"
	case stringForm:
		return "a string"
	case numberForm:
		return "a number"
	case boolForm:
		return "true or false"
	case timeForm:
		return "a time"
	case linkForm:
		return "a link"
	case fileForm:
		return "a file"
	case listForm:
		switch t.element().form {
		case rowForm:
			return "a list of rows"
		case linkForm:
			return "a list of links"
		}
		return "a list"
	case objectForm:
		return "an object"
	case rowForm:
		return "a row"
	case refForm:
		return "a reference"
	case personForm:
		return "a person"
	}
	return "a value"
}

// text reports whether the type is a text, or may be one.
func (t typ) text() bool { return t.form == stringForm || t.form == timeForm }

// scalar reports whether the type is a plain value.
func (t typ) scalar() bool {
	switch t.form {
	case stringForm, numberForm, boolForm, timeForm:
		return true
	}
	return false
}

// unify is the type of a value that is one or the other.
func unify(a, b typ) typ {
	switch {
	case a.form == nullForm:
		b.from = nil
		return b
	case b.form == nullForm:
		a.from = nil
		return a
	case a.form == listForm && b.form == listForm:
		switch {
		case a.elem == nil:
			return b
		case b.elem == nil:
			return a
		}
		return listOf(unify(*a.elem, *b.elem))
	case a.form == refForm && b.form == refForm:
		a.sets = append(slices.Clone(a.sets), b.sets...)
		return a
	case a.form == rowForm && b.form == rowForm && a.row != b.row:
		return anyType
	case a.form == b.form:
		a.from = nil
		return a
	case a.text() && b.text():
		return stringType
	}
	return anyType
}

// typeOf is the type of a value that is known.
func typeOf(v plan.Value) typ {
	switch v := v.(type) {
	case nil:
		return nullType
	case string:
		return stringType
	case bool:
		return boolType
	case int, int64, float64:
		return numberType
	case []plan.Value:
		if len(v) == 0 {
			return typ{form: listForm}
		}
		e := nullType
		for _, x := range v {
			e = unify(e, typeOf(x))
		}
		return listOf(e)
	case map[string]plan.Value:
		attrs := make(map[string]typ, len(v))
		for k, x := range v {
			attrs[k] = typeOf(x)
		}
		return typ{form: objectForm, attrs: attrs}
	case plan.Ref:
		var sets []string
		for _, t := range v.Targets {
			sets = append(sets, t.Set)
		}
		return typ{form: refForm, sets: sets}
	case plan.Person:
		return personType
	case plan.File:
		return typ{form: fileForm}
	}
	return anyType
}

// linkAttrs are the attributes of every link.
var linkAttrs = []string{"UUID", "title", "metaClass", "code"}

// fileAttrs are those of a file, after it was fetched.
var fileAttrs = []string{"UUID", "title", "metaClass", "code", "sha256", "size", "type", "error"}

// A rowType is what is known of the rows of a data block.
type rowType struct {
	addr string
	// columns is nil for rows that are not typed.
	columns  map[string]plan.Column
	private  string
	guessed  bool
	catalogs map[string][]string
	// keyed: rows() has something to look by.
	keyed bool
	// inline rows are declared by the set itself.
	inline bool
	// file is where the columns were read just now; empty when they come from the lock file.
	file string
}

func newRowType(addr string, lock map[string]plan.RowType) *rowType {
	rt := &rowType{addr: addr}
	if l, ok := lock[addr]; ok {
		rt.columns, rt.private, rt.guessed, rt.catalogs, rt.file = l.Columns, l.Private, l.Guessed, l.Catalogs, l.File
		if rt.columns == nil {
			rt.columns = map[string]plan.Column{}
		}
	}
	return rt
}

// columnNames lists the columns, sorted.
func (rt *rowType) columnNames() []string { return slices.Sorted(maps.Keys(rt.columns)) }

// remedy says what to do about a column that is not there.
func (rt *rowType) remedy() string {
	switch {
	case rt.inline:
		return ""
	case rt.file != "":
		return " The columns are the heads of " + rt.file + " as it is now. Correct the expression, or have the column exported again."
	}
	return " Columns come from schema.lock.json; if the source has it now, run `deskform pull`."
}

// columnType is the type of a column's values.
func columnType(c plan.Column) typ {
	switch c.Type {
	case plan.ColumnString:
		return stringType
	case plan.ColumnNumber:
		return numberType
	case plan.ColumnBool:
		return boolType
	case plan.ColumnTime:
		return typ{form: timeForm}
	case plan.ColumnLink:
		return typ{form: linkForm}
	case plan.ColumnLinks:
		return listOf(typ{form: linkForm})
	case plan.ColumnFiles:
		return listOf(typ{form: fileForm})
	case plan.ColumnList:
		return typ{form: listForm}
	case plan.ColumnObject:
		return typ{form: objectForm}
	}
	return anyType
}

func quoteAll(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = `"` + n + `"`
	}
	return strings.Join(q, ", ")
}
