package hcl

import (
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"deskform/plan"
)

// A table lists the paths that a mapping uses of one data block's rows, each with a slot. A row is scanned once, and only
// these paths are decoded.
type table struct {
	row  *rowType
	root slot
	n    int
}

// A slot is a step of a path. At is where its value goes, -1 when only deeper steps are used.
type slot struct {
	at   int
	next map[string]*slot
}

// path gives the slot of a path, a new one when it is used for the first time.
func (t *table) path(steps []string) int {
	s := &t.root
	for _, name := range steps {
		child, ok := s.next[name]
		if !ok {
			child = &slot{at: -1}
			if s.next == nil {
				s.next = map[string]*slot{}
			}
			s.next[name] = child
		}
		s = child
	}
	if s.at < 0 {
		s.at = t.n
		t.n++
	}
	return s.at
}

// A rowState is a row in an evaluation. As a value it stands for the whole row.
type rowState struct {
	row   plan.Row
	text  string
	slots []plan.Value
}

// read decodes the used paths of row.
func (rs *rowState) read(row plan.Row, t *table) {
	rs.row, rs.text = row, string(row.JSON)
	if cap(rs.slots) < t.n {
		rs.slots = make([]plan.Value, t.n)
	} else {
		rs.slots = rs.slots[:t.n]
		clear(rs.slots)
	}
	if t.n > 0 {
		t.root.scan(gjson.Parse(rs.text), rs.slots)
	}
}

func (s *slot) scan(obj gjson.Result, into []plan.Value) {
	left := len(s.next)
	obj.ForEach(func(key, value gjson.Result) bool {
		child, ok := s.next[key.Str]
		if !ok {
			return true
		}
		if child.at >= 0 {
			into[child.at] = decode(value)
		}
		if child.next != nil && value.IsObject() {
			child.scan(value, into)
		}
		left--
		return left > 0
	})
}

// whole is the row as an object, with all its columns.
func (rs *rowState) whole() plan.Value { return decode(gjson.Parse(rs.text)) }

// column looks up one column that has no slot.
func (rs *rowState) column(name string) plan.Value {
	var out plan.Value
	gjson.Parse(rs.text).ForEach(func(key, value gjson.Result) bool {
		if key.Str != name {
			return true
		}
		out = decode(value)
		return false
	})
	return out
}

// decode makes a value of JSON. Whole numbers are int64 where they fit.
func decode(r gjson.Result) plan.Value {
	switch r.Type {
	case gjson.String:
		return r.Str
	case gjson.Number:
		if i, err := strconv.ParseInt(r.Raw, 10, 64); err == nil {
			return i
		}
		if math.IsNaN(r.Num) || math.IsInf(r.Num, 0) {
			return nil
		}
		return r.Num
	case gjson.True:
		return true
	case gjson.False:
		return false
	case gjson.JSON:
		if r.IsArray() {
			out := []plan.Value{}
			r.ForEach(func(_, v gjson.Result) bool {
				out = append(out, decode(v))
				return true
			})
			return out
		}
		out := make(map[string]plan.Value, 4)
		r.ForEach(func(k, v gjson.Result) bool {
			out[k.Str] = decode(v)
			return true
		})
		return out
	}
	return nil
}
