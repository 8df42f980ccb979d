package hcl

import (
	"strconv"
	"strings"

	"deskform/plan"
)

// truth is what a condition makes of a value: null is false.
func truth(v plan.Value) (bool, error) {
	switch v := v.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case string:
		switch v {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return false, &fault{"type", "a condition is neither true nor false"}
}

// appendText writes a value as text: numbers in decimal, a link or a row as its key.
func appendText(buf []byte, v plan.Value) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return append(buf, v...), nil
	case int64:
		return strconv.AppendInt(buf, v, 10), nil
	case float64:
		return strconv.AppendFloat(buf, v, 'f', -1, 64), nil
	case bool:
		return strconv.AppendBool(buf, v), nil
	case map[string]plan.Value:
		if key, ok := v["UUID"].(string); ok {
			return append(buf, key...), nil
		}
	case *rowState:
		return append(buf, v.row.Key...), nil
	}
	return buf, &fault{"type", "a value that is no text stands where a text is needed"}
}

// textOf is a value as text; false for null.
func textOf(v plan.Value) (string, bool, error) {
	switch v := v.(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	}
	buf, err := appendText(nil, v)
	return string(buf), err == nil, err
}

// elements are the members of a list; null has none, and what is no list is its own only member.
func elements(v plan.Value) []plan.Value {
	switch v := v.(type) {
	case nil:
		return nil
	case []plan.Value:
		return v
	}
	return []plan.Value{v}
}

// export replaces rows by objects, for what leaves the evaluation.
func export(v plan.Value) plan.Value {
	switch v := v.(type) {
	case *rowState:
		return v.whole()
	case []plan.Value:
		for i, x := range v {
			switch x.(type) {
			case *rowState, []plan.Value, map[string]plan.Value:
				out := make([]plan.Value, len(v))
				copy(out, v[:i])
				for j := i; j < len(v); j++ {
					out[j] = export(v[j])
				}
				return out
			}
		}
	case map[string]plan.Value:
		for _, x := range v {
			switch x.(type) {
			case *rowState, []plan.Value:
				out := make(map[string]plan.Value, len(v))
				for k, y := range v {
					out[k] = export(y)
				}
				return out
			}
		}
	}
	return v
}

// numberOf is a value as a number: an int64 or a float64.
func numberOf(v plan.Value) (plan.Value, error) {
	switch v := v.(type) {
	case nil, int64, float64:
		return v, nil
	case string:
		text := strings.TrimSpace(v)
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i, nil
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil && f-f == 0 && !strings.ContainsAny(text, "xX_") {
			return f, nil
		}
	}
	return nil, &fault{"type", "a value that is no number stands where a number is needed"}
}

// alike puts two values into one form for a comparison: a link beside a text is its key, and so is a row.
func alike(a, b plan.Value) (plan.Value, plan.Value) {
	if _, ok := a.(string); ok {
		return a, keyForm(b)
	}
	_, text := b.(string)
	_, rowA := a.(*rowState)
	_, rowB := b.(*rowState)
	if text || rowA != rowB {
		return keyForm(a), keyForm(b)
	}
	return a, b
}

func keyForm(v plan.Value) plan.Value {
	switch v := v.(type) {
	case map[string]plan.Value:
		if key, ok := v["UUID"].(string); ok {
			return key
		}
	case *rowState:
		return v.row.Key
	}
	return v
}

// same reports whether two values are equal. Numbers compare as numbers, links as their keys.
func same(a, b plan.Value) bool {
	a, b = alike(a, b)
	switch x := a.(type) {
	case nil:
		return b == nil
	case string:
		y, ok := b.(string)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case int64:
		switch y := b.(type) {
		case int64:
			return x == y
		case float64:
			return float64(x) == y
		}
		return false
	case float64:
		switch y := b.(type) {
		case int64:
			return x == float64(y)
		case float64:
			return x == y
		}
		return false
	case map[string]plan.Value:
		if y, ok := b.(map[string]plan.Value); ok {
			p, isLink := x["UUID"].(string)
			q, also := y["UUID"].(string)
			if isLink && also {
				return p == q
			}
		}
	case *rowState:
		if y, ok := b.(*rowState); ok {
			return x.row.Key == y.row.Key && x.text == y.text
		}
	}
	if b == nil {
		return false
	}
	return plan.Equal(export(a), export(b))
}
