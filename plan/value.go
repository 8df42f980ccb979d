package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// A Value is what a field holds, in one of a closed list of Go types:
//
//	nil, bool, int64, float64, string   scalars; a time is int64 Unix seconds, UTC
//	[]Value                             a list or a set
//	map[string]Value                    an object
//	Ref, Person, File                   symbolic values, which the diff resolves
//
// Anything else is a bug, and Canonical panics on it.
type Value = any

// A Ref is a symbolic reference: the first of its targets that exists. No target at all is a reference from
// nothing, which resolves to missing.
type Ref struct {
	Targets []Target `json:"targets"`
}

// A Target is one record or resource by the set that owns it and its key there.
type Target struct {
	Set string `json:"set"`
	Key string `json:"key"`
}

// A Person is somebody as the source names them. The diff finds out who that is in the workspace.
type Person struct {
	// Key is the source's own id (a UUID); empty when only an address or a name is known.
	Key string `json:"key,omitempty"`
	// Email is lower case; empty when unknown.
	Email string `json:"email,omitempty"`
	// Name is what to show when nobody in the workspace is that person.
	Name string `json:"name,omitempty"`
}

// Called is what stands for a person in a text: the name, else the address; empty for somebody who is known by a key alone.
func (p Person) Called() string {
	if p.Name == "" {
		return p.Email
	}
	return p.Name
}

// A File is an attachment by its content in the file store.
type File struct {
	// Key is the source's id of the file.
	Key  string `json:"key"`
	Name string `json:"name"`
	// SHA256 is the hex hash under which the store beside the cache holds the bytes; empty when they were not fetched.
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size"`
	Type   string `json:"type,omitempty"`
	// Seen is in how many rows of all sources a picture of the same content is, where a policy asks for it. It is no part of
	// the value.
	Seen int64 `json:"-"`
}

// Canonical returns the one JSON text of v: object keys sorted, integers without a fraction, symbolic values
// under a key that begins with $. Equal values have equal texts.
func Canonical(v Value) []byte { return appendValue(nil, v) }

// Hash is the hex SHA-256 of the canonical text of v, cut to 32 digits.
func Hash(v Value) string {
	sum := sha256.Sum256(Canonical(v))
	return hex.EncodeToString(sum[:16])
}

// Equal reports whether two values have the same canonical text.
func Equal(a, b Value) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		s, ok := b.(string)
		return ok && s == a
	case bool:
		s, ok := b.(bool)
		return ok && s == a
	}
	return bytes.Equal(Canonical(a), Canonical(b))
}

func appendValue(out []byte, v Value) []byte {
	switch v := v.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		if v {
			return append(out, "true"...)
		}
		return append(out, "false"...)
	case int:
		return fmt.Appendf(out, "%d", v)
	case int64:
		return fmt.Appendf(out, "%d", v)
	case float64:
		if v == float64(int64(v)) && v < 1<<53 && v > -1<<53 {
			return fmt.Appendf(out, "%d", int64(v))
		}
		return appendJSON(out, v)
	case string:
		return appendJSON(out, v)
	case []Value:
		out = append(out, '[')
		for i, e := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendValue(out, e)
		}
		return append(out, ']')
	case map[string]Value:
		out = append(out, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, k)
			out = append(out, ':')
			out = appendValue(out, v[k])
		}
		return append(out, '}')
	case Ref:
		return append(appendJSON(append(out, `{"$ref":`...), v.Targets), '}')
	case Person:
		return append(appendJSON(append(out, `{"$person":`...), v), '}')
	case File:
		return append(appendJSON(append(out, `{"$file":`...), v), '}')
	}
	panic(fmt.Sprintf("plan: a value of type %T cannot be", v))
}

// appendJSON writes v without escaping <, > and &, so that texts stay readable.
func appendJSON(out []byte, v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("plan: encode %T: %v", v, err))
	}
	return append(out, bytes.TrimRight(b.Bytes(), "\n")...)
}

// ParseValue reads a canonical text back. Numbers without a fraction become int64.
func ParseValue(text []byte) (Value, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var raw any
	if err := dec.Decode(&raw); err != nil {
		return nil, fmt.Errorf("read value: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("read value: more than one JSON value")
	}
	return fromJSON(raw)
}

func fromJSON(raw any) (Value, error) {
	switch raw := raw.(type) {
	case nil, bool, string:
		return raw, nil
	case json.Number:
		if i, err := raw.Int64(); err == nil {
			return i, nil
		}
		f, err := raw.Float64()
		if err != nil {
			return nil, fmt.Errorf("read value: %w", err)
		}
		return f, nil
	case []any:
		out := make([]Value, len(raw))
		for i, e := range raw {
			v, err := fromJSON(e)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case map[string]any:
		if len(raw) == 1 {
			for k, v := range raw {
				if strings.HasPrefix(k, "$") {
					return symbolic(k, v)
				}
			}
		}
		out := make(map[string]Value, len(raw))
		for k, e := range raw {
			v, err := fromJSON(e)
			if err != nil {
				return nil, err
			}
			out[k] = v
		}
		return out, nil
	}
	return nil, fmt.Errorf("read value: unexpected %T", raw)
}

func symbolic(name string, raw any) (Value, error) {
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("read value %s: %w", name, err)
	}
	switch name {
	case "$ref":
		var targets []Target
		err = json.Unmarshal(text, &targets)
		return Ref{targets}, err
	case "$person":
		var p Person
		err = json.Unmarshal(text, &p)
		return p, err
	case "$file":
		var f File
		err = json.Unmarshal(text, &f)
		return f, err
	}
	return nil, fmt.Errorf("read value: no symbolic value is called %s", name)
}

// Fields are the values of one record by field name. A member of a map field has a dotted name
// ("attributes.itsm_priority", "assign.team"). A field that is absent is not managed; nil is managed and empty.
type Fields map[string]Value

// MarshalJSON writes the canonical text.
func (f Fields) MarshalJSON() ([]byte, error) { return Canonical(map[string]Value(f)), nil }

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *Fields) UnmarshalJSON(text []byte) error {
	v, err := ParseValue(text)
	if err != nil {
		return err
	}
	m, ok := v.(map[string]Value)
	if !ok && v != nil {
		return fmt.Errorf("read fields: %T is no object", v)
	}
	*f = m
	return nil
}

// Texts are the texts of a list; what is no text, or no list, gives none.
func Texts(v Value) []string {
	l, _ := v.([]Value)
	var out []string
	for _, x := range l {
		if text, ok := x.(string); ok {
			out = append(out, text)
		}
	}
	return out
}
