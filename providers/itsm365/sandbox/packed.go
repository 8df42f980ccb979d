package sandbox

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// packed are the attributes of an object as the text of one JSON object, UUID and metaClass perhaps among them. A tenant
// has hundreds of thousands of objects; as maps they would take twice the memory.
type packed []byte

func pack(attrs map[string]any) (packed, error) {
	text, err := encode(attrs)
	return packed(text), err
}

// isPacked tells whether a line can be held as it is: valid, with plain names.
func isPacked(line []byte) bool {
	if len(line) == 0 || line[0] != '{' || !json.Valid(line) || !utf8.Valid(line) {
		return false
	}
	for name := range packed(line).raw() {
		if bytes.IndexByte(name, '\\') >= 0 {
			return false
		}
	}
	return true
}

// raw yields names and values as they are written. The text is valid.
func (p packed) raw() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		at := p.space(1)
		for at < len(p) && p[at] == '"' {
			end := p.skip(at)
			name := p[at+1 : end-1]
			at = p.space(p.space(end) + 1) // behind the colon
			end = p.skip(at)
			if !yield(name, p[at:end]) {
				return
			}
			if at = p.space(end); p[at] == ',' {
				at = p.space(at + 1)
			}
		}
	}
}

func (p packed) space(at int) int {
	for at < len(p) && (p[at] == ' ' || p[at] == '\t' || p[at] == '\r' || p[at] == '\n') {
		at++
	}
	return at
}

// skip returns where the value that begins at a place ends.
func (p packed) skip(at int) int {
	switch p[at] {
	case '"':
		return p.skipText(at)
	case '{', '[':
		for depth := 0; ; at++ {
			switch p[at] {
			case '"':
				at = p.skipText(at) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return at + 1
				}
			}
		}
	}
	for at < len(p) && bytes.IndexByte([]byte(",}] \t\r\n"), p[at]) < 0 {
		at++
	}
	return at
}

func (p packed) skipText(at int) int {
	for at++; ; at++ {
		n := bytes.IndexByte(p[at:], '"')
		at += n
		back := at - 1
		for p[back] == '\\' {
			back--
		}
		if (at-back)%2 == 1 {
			return at + 1
		}
	}
}

// get returns one attribute, decoded; of one that is there twice, the last.
func (p packed) get(name string) (any, bool) {
	var found []byte
	for n, v := range p.raw() {
		if string(n) == name {
			found = v
		}
	}
	if found == nil {
		return nil, false
	}
	return decoded(found), true
}

// decoded reads a value of a text that is valid.
func decoded(raw []byte) any {
	if raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	_ = d.Decode(&v)
	return v
}

// unpack returns all attributes but UUID and metaClass.
func (p packed) unpack() map[string]any {
	attrs := map[string]any{}
	for name, v := range p.raw() {
		if string(name) != "UUID" && string(name) != "metaClass" {
			attrs[string(name)] = decoded(v)
		}
	}
	return attrs
}
