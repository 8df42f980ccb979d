package hcl

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	ctyfunction "github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"deskform/plan"
)

func always(t typ) func([]*node) typ { return func([]*node) typ { return t } }

// text1 is a function of one text.
func text1(name, doc string, f func(string) string) *function {
	return &function{name: name, params: []string{"text"}, allTexts: true, doc: doc, result: always(stringType),
		call: func(args []plan.Value) (plan.Value, error) {
			s, _, err := textOf(args[0])
			return f(s), err
		}}
}

// text2 is a function of two texts.
func text2(name, a, b, doc string, result typ, f func(a, b string) plan.Value) *function {
	return &function{name: name, params: []string{a, b}, allTexts: true, doc: doc, result: always(result),
		call: func(args []plan.Value) (plan.Value, error) {
			s, _, err := textOf(args[0])
			if err != nil {
				return nil, err
			}
			t, _, err := textOf(args[1])
			if err != nil {
				return nil, err
			}
			return f(s, t), nil
		}}
}

// textFunctions are those of texts, times and conversions.
func textFunctions() []*function {
	return []*function{
		text1("lower", "The text in lower case.", strings.ToLower),
		text1("upper", "The text in upper case.", strings.ToUpper),
		text1("trimspace", "The text without white space at its ends.", strings.TrimSpace),
		text2("trimprefix", "text", "prefix", "The text without the prefix.", stringType, func(a, b string) plan.Value { return strings.TrimPrefix(a, b) }),
		text2("trimsuffix", "text", "suffix", "The text without the suffix.", stringType, func(a, b string) plan.Value { return strings.TrimSuffix(a, b) }),
		text2("startswith", "text", "prefix", "Whether the text begins so.", boolType, func(a, b string) plan.Value { return strings.HasPrefix(a, b) }),
		text2("endswith", "text", "suffix", "Whether the text ends so.", boolType, func(a, b string) plan.Value { return strings.HasSuffix(a, b) }),
		text2("strcontains", "text", "part", "Whether the part is in the text.", boolType, func(a, b string) plan.Value { return strings.Contains(a, b) }),
		text2("split", "separator", "text", "The text cut at each separator.", listOf(stringType), func(sep, s string) plan.Value {
			var out []plan.Value
			for _, p := range strings.Split(s, sep) {
				out = append(out, p)
			}
			return out
		}),
		{name: "replace", params: []string{"text", "old", "new"}, allTexts: true, result: always(stringType),
			doc: "The text with each occurrence of one text replaced by another; regexreplace() takes a pattern.",
			call: func(args []plan.Value) (plan.Value, error) {
				var s [3]string
				for i := range s {
					var err error
					if s[i], _, err = textOf(args[i]); err != nil {
						return nil, err
					}
				}
				if s[1] == "" {
					return s[0], nil
				}
				return strings.ReplaceAll(s[0], s[1], s[2]), nil
			}},
		{name: "coalesce", params: []string{"value"}, variadic: true, nullOK: true, first: true, doc: "The first argument that is neither null nor an empty text.",
			result: func(args []*node) typ {
				t := nullType
				for _, a := range args {
					t = unify(t, a.typ)
				}
				return t
			},
			call: func(args []plan.Value) (plan.Value, error) {
				for _, a := range args {
					if a != nil && a != "" {
						return a, nil
					}
				}
				return nil, nil
			}},
		{name: "tostring", params: []string{"value"}, texts: []int{0}, result: always(stringType), doc: "The value as text.",
			call: func(args []plan.Value) (plan.Value, error) {
				s, _, err := textOf(args[0])
				return s, err
			}},
		{name: "tonumber", params: []string{"value"}, texts: []int{0}, result: always(numberType), doc: "The text as a number.",
			call: func(args []plan.Value) (plan.Value, error) { return numberOf(args[0]) }},
		{name: "tobool", params: []string{"value"}, texts: []int{0}, result: always(boolType), doc: "\"true\" or \"false\" as a condition.",
			call: func(args []plan.Value) (plan.Value, error) { return truth(args[0]) }},
		{name: "earliest", params: []string{"time"}, variadic: true, nullOK: true, result: always(typ{form: timeForm}),
			doc: "The earliest of the times, which may be in lists; nulls are left out.", call: func(args []plan.Value) (plan.Value, error) { return extreme(args, -1) }},
		{name: "latest", params: []string{"time"}, variadic: true, nullOK: true, result: always(typ{form: timeForm}),
			doc: "The latest of the times, which may be in lists; nulls are left out.", call: func(args []plan.Value) (plan.Value, error) { return extreme(args, 1) }},
	}
}

// extreme is the first or last of the times in vals.
func extreme(vals []plan.Value, sign int) (plan.Value, error) {
	var best plan.Value
	var at time.Time
	for _, v := range vals {
		for _, x := range elements(v) {
			if x == nil {
				continue
			}
			s, ok := x.(string)
			t, err := time.Parse(time.RFC3339, s)
			if !ok || err != nil {
				return nil, &fault{"not_a_time", "a value that is no time (RFC 3339) stands where a time is needed"}
			}
			if best == nil || sign < 0 && t.Before(at) || sign > 0 && t.After(at) {
				best, at = s, t
			}
		}
	}
	return best, nil
}

// ctyFunctions are functions of cty's standard library under their usual names.
func ctyFunctions() []*function {
	out := []*function{}
	add := func(name string, fn ctyfunction.Function, result typ, doc string) {
		f := &function{name: name, doc: doc, cty: &fn, result: always(result)}
		for _, p := range fn.Params() {
			f.params = append(f.params, p.Name)
		}
		if p := fn.VarParam(); p != nil {
			f.params, f.variadic = append(f.params, p.Name), true
		}
		out = append(out, f)
	}
	add("abs", stdlib.AbsoluteFunc, numberType, "The number without its sign.")
	add("ceil", stdlib.CeilFunc, numberType, "The nearest whole number above.")
	add("floor", stdlib.FloorFunc, numberType, "The nearest whole number below.")
	add("log", stdlib.LogFunc, numberType, "The logarithm of a number to a base.")
	add("pow", stdlib.PowFunc, numberType, "A power.")
	add("signum", stdlib.SignumFunc, numberType, "-1, 0 or 1.")
	add("min", stdlib.MinFunc, numberType, "The least of the numbers.")
	add("max", stdlib.MaxFunc, numberType, "The greatest of the numbers.")
	add("parseint", stdlib.ParseIntFunc, numberType, "A text as a whole number of the given base.")
	add("chomp", stdlib.ChompFunc, stringType, "The text without line ends at its end.")
	add("indent", stdlib.IndentFunc, stringType, "The text with all lines but the first moved in.")
	add("title", stdlib.TitleFunc, stringType, "The text with a capital at each word.")
	add("trim", stdlib.TrimFunc, stringType, "The text without these characters at its ends.")
	add("strrev", stdlib.ReverseFunc, stringType, "The text backwards.")
	add("substr", stdlib.SubstrFunc, stringType, "A part of the text, by offset and length in characters; length -1 is the rest.")
	add("format", stdlib.FormatFunc, stringType, "Values put into a text with %-verbs.")
	add("formatdate", stdlib.FormatDateFunc, stringType, "A time written by a pattern: \"DD.MM.YYYY hh:mm\".")
	add("timeadd", stdlib.TimeAddFunc, typ{form: timeForm}, "A time moved by a duration such as \"-3h\".")
	add("regex", stdlib.RegexFunc, anyType, "The first match of a pattern (RE2), or its groups; no match is an error, see try().")
	add("regexall", stdlib.RegexAllFunc, typ{form: listForm}, "All matches of a pattern.")
	add("regexreplace", stdlib.RegexReplaceFunc, stringType, "The text with each match of a pattern replaced.")
	add("jsonencode", stdlib.JSONEncodeFunc, stringType, "The value as JSON.")
	add("jsondecode", stdlib.JSONDecodeFunc, anyType, "The value of a JSON text.")
	add("csvdecode", stdlib.CSVDecodeFunc, typ{form: listForm}, "The rows of a CSV text with a header.")
	add("range", stdlib.RangeFunc, listOf(numberType), "Numbers from a start to a limit by a step.")
	add("zipmap", stdlib.ZipmapFunc, typ{form: objectForm}, "An object of a list of names and a list of values.")
	add("chunklist", stdlib.ChunklistFunc, typ{form: listForm}, "The list cut into lists of a size.")
	return out
}

// listFunctions are those of lists and objects. They take rows and references as well as plain values.
func listFunctions() []*function {
	same0 := func(args []*node) typ {
		if len(args) > 0 && args[0].typ.form == listForm {
			return args[0].typ
		}
		return typ{form: listForm}
	}
	elem0 := func(args []*node) typ {
		if len(args) > 0 && args[0].typ.form == listForm {
			t := args[0].typ.element()
			t.from = nil
			return t
		}
		return anyType
	}
	list := func(f func(l []plan.Value) plan.Value) func([]plan.Value) (plan.Value, error) {
		return func(args []plan.Value) (plan.Value, error) {
			l, ok := args[0].([]plan.Value)
			if !ok {
				return nil, &fault{"type", "a value that is no list stands where a list is needed"}
			}
			return f(l), nil
		}
	}
	return []*function{
		{name: "length", params: []string{"value"}, result: always(numberType), doc: "How many elements a list or an object has, or characters a text.",
			call: func(args []plan.Value) (plan.Value, error) {
				switch v := args[0].(type) {
				case []plan.Value:
					return int64(len(v)), nil
				case map[string]plan.Value:
					return int64(len(v)), nil
				case string:
					return int64(utf8.RuneCountInString(v)), nil
				}
				return nil, &fault{"type", "only a list, an object or a text has a length"}
			}},
		{name: "join", params: []string{"separator", "list"}, texts: []int{0}, result: always(stringType), doc: "The elements of a list as one text; nulls are left out.",
			call: func(args []plan.Value) (plan.Value, error) {
				sep, _, err := textOf(args[0])
				if err != nil {
					return nil, err
				}
				var parts []string
				for _, x := range elements(args[1]) {
					s, ok, err := textOf(x)
					if err != nil {
						return nil, err
					}
					if ok {
						parts = append(parts, s)
					}
				}
				return strings.Join(parts, sep), nil
			}},
		{name: "contains", params: []string{"list", "value"}, nullOK: true, result: always(boolType), doc: "Whether the value is in the list.",
			call: func(args []plan.Value) (plan.Value, error) {
				return slices.ContainsFunc(elements(args[0]), func(x plan.Value) bool { return same(x, args[1]) }), nil
			}},
		{name: "compact", params: []string{"list"}, result: same0, doc: "The list without nulls and empty texts.",
			call: list(func(l []plan.Value) plan.Value {
				return slices.DeleteFunc(slices.Clone(l), func(x plan.Value) bool { return x == nil || x == "" })
			})},
		{name: "distinct", params: []string{"list"}, result: same0, doc: "The list with each value once.",
			call: list(func(l []plan.Value) plan.Value {
				out := []plan.Value{}
				for _, x := range l {
					if !slices.ContainsFunc(out, func(y plan.Value) bool { return same(x, y) }) {
						out = append(out, x)
					}
				}
				return out
			})},
		{name: "flatten", params: []string{"list"}, result: always(typ{form: listForm}), doc: "The list with the elements of lists in it in their place.",
			call: list(func(l []plan.Value) plan.Value { return flatten([]plan.Value{}, l) })},
		{name: "concat", params: []string{"list"}, variadic: true, nullOK: true, doc: "One list of several; null is an empty one.",
			result: func(args []*node) typ {
				t := typ{form: listForm}
				for _, a := range args {
					t = unify(t, a.typ)
				}
				if t.form != listForm {
					return typ{form: listForm}
				}
				return t
			},
			call: func(args []plan.Value) (plan.Value, error) {
				out := []plan.Value{}
				for _, a := range args {
					out = append(out, elements(a)...)
				}
				return out, nil
			}},
		{name: "reverse", params: []string{"list"}, result: same0, doc: "The list backwards.",
			call: list(func(l []plan.Value) plan.Value {
				l = slices.Clone(l)
				slices.Reverse(l)
				return l
			})},
		{name: "sort", params: []string{"list"}, result: same0, doc: "The texts of a list in order of their bytes.",
			call: func(args []plan.Value) (plan.Value, error) {
				var texts []string
				for _, x := range elements(args[0]) {
					s, ok, err := textOf(x)
					if err != nil {
						return nil, err
					}
					if ok {
						texts = append(texts, s)
					}
				}
				slices.Sort(texts)
				out := make([]plan.Value, len(texts))
				for i, s := range texts {
					out[i] = s
				}
				return out, nil
			}},
		{name: "first", params: []string{"list"}, result: elem0, doc: "The first element of a list, or null.",
			call: list(func(l []plan.Value) plan.Value {
				if len(l) == 0 {
					return nil
				}
				return l[0]
			})},
		{name: "last", params: []string{"list"}, result: elem0, doc: "The last element of a list, or null.",
			call: list(func(l []plan.Value) plan.Value {
				if len(l) == 0 {
					return nil
				}
				return l[len(l)-1]
			})},
		{name: "slice", params: []string{"list", "from", "to"}, result: same0, doc: "The elements from one number up to, without, another; numbers beyond the end are the end.",
			call: func(args []plan.Value) (plan.Value, error) {
				l := elements(args[0])
				var at [2]int
				for i := range at {
					n, err := numberOf(args[i+1])
					if err != nil {
						return nil, err
					}
					at[i] = int(min(max(float(n), 0), float64(len(l))))
				}
				return slices.Clone(l[min(at[0], at[1]):at[1]]), nil
			}},
		{name: "keys", params: []string{"object"}, result: always(listOf(stringType)), doc: "The names in an object, sorted.",
			call: func(args []plan.Value) (plan.Value, error) {
				m, ok := export(args[0]).(map[string]plan.Value)
				if !ok {
					return nil, &fault{"type", "a value that is no object stands where an object is needed"}
				}
				out := []plan.Value{}
				for _, k := range sortedKeys(m) {
					out = append(out, k)
				}
				return out, nil
			}},
		{name: "values", params: []string{"object"}, result: always(typ{form: listForm}), doc: "The values in an object, by sorted names.",
			call: func(args []plan.Value) (plan.Value, error) {
				m, ok := export(args[0]).(map[string]plan.Value)
				if !ok {
					return nil, &fault{"type", "a value that is no object stands where an object is needed"}
				}
				out := []plan.Value{}
				for _, k := range sortedKeys(m) {
					out = append(out, m[k])
				}
				return out, nil
			}},
		{name: "lookup", params: []string{"object", "name", "default"}, optional: 1, nullOK: true, result: always(anyType), doc: "The value with a name in an object, or the default.",
			call: func(args []plan.Value) (plan.Value, error) {
				name, _, err := textOf(args[1])
				if err != nil {
					return nil, err
				}
				if v := member(args[0], name); v != nil || len(args) < 3 {
					return v, nil
				}
				return args[2], nil
			}},
		{name: "merge", params: []string{"object"}, variadic: true, nullOK: true, result: always(typ{form: objectForm}), doc: "One object of several; later ones win.",
			call: func(args []plan.Value) (plan.Value, error) {
				out := map[string]plan.Value{}
				for _, a := range args {
					m, ok := export(a).(map[string]plan.Value)
					if !ok && a != nil {
						return nil, &fault{"type", "a value that is no object stands where an object is needed"}
					}
					for k, v := range m {
						out[k] = v
					}
				}
				return out, nil
			}},
	}
}

func flatten(out, l []plan.Value) []plan.Value {
	for _, x := range l {
		if inner, ok := x.([]plan.Value); ok {
			out = flatten(out, inner)
		} else {
			out = append(out, x)
		}
	}
	return out
}
