package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parseLenient reads JSON as the server reads it in a path (IT 1.3): keys and texts may go without
// quotes or stand in single ones.
func parseLenient(text string) (any, error) {
	p := &lenient{text: text}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.fault("the end")
	}
	return v, nil
}

type lenient struct {
	text string
	at   int
}

func (p *lenient) fault(wanted string) error {
	return fmt.Errorf("malformed JSON at byte %d: %s expected", p.at, wanted)
}

func (p *lenient) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take eats one byte, after space, if it comes next.
func (p *lenient) take(b byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == b {
		p.at++
		return true
	}
	return false
}

func (p *lenient) value(depth int) (any, error) {
	switch {
	case depth > 100:
		return nil, p.fault("less nesting")
	case p.take('{'):
		return p.object(depth)
	case p.take('['):
		return p.array(depth)
	}
	text, quoted, err := p.scalar()
	if err != nil || quoted {
		return text, err
	}
	switch text {
	case "true", "false":
		return text == "true", nil
	case "null":
		return nil, nil
	}
	var n json.Number
	if json.Unmarshal([]byte(text), &n) == nil {
		return n, nil
	}
	return text, nil
}

func (p *lenient) object(depth int) (any, error) {
	m := map[string]any{}
	if p.take('}') {
		return m, nil
	}
	for {
		key, _, err := p.scalar()
		if err != nil {
			return nil, err
		}
		if !p.take(':') {
			return nil, p.fault("a colon")
		}
		if m[key], err = p.value(depth + 1); err != nil {
			return nil, err
		}
		if p.take('}') {
			return m, nil
		}
		if !p.take(',') {
			return nil, p.fault("a comma or }")
		}
	}
}

func (p *lenient) array(depth int) (any, error) {
	list := []any{}
	if p.take(']') {
		return list, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if p.take(']') {
			return list, nil
		}
		if !p.take(',') {
			return nil, p.fault("a comma or ]")
		}
	}
}

// scalar reads a text with or without quotes.
func (p *lenient) scalar() (text string, quoted bool, err error) {
	if p.take('"') {
		text, err = p.quoted('"')
		return text, true, err
	}
	if p.take('\'') {
		text, err = p.quoted('\'')
		return text, true, err
	}
	end := strings.IndexAny(p.text[p.at:], ",:{}[]\"'")
	if end < 0 {
		end = len(p.text) - p.at
	}
	text = strings.TrimSpace(p.text[p.at : p.at+end])
	if text == "" {
		return "", false, p.fault("a value")
	}
	p.at += end
	return text, false, nil
}

func (p *lenient) quoted(by byte) (string, error) {
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch c {
		case by:
			return b.String(), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fault("a closing quote")
}

func (p *lenient) escape(b *strings.Builder) error {
	if p.at >= len(p.text) {
		return p.fault("an escape")
	}
	c := p.text[p.at]
	p.at++
	if i := strings.IndexByte("nrtbf", c); i >= 0 {
		b.WriteByte("\n\r\t\b\f"[i])
		return nil
	}
	if c != 'u' {
		b.WriteByte(c)
		return nil
	}
	r, err := p.hex()
	if err != nil {
		return err
	}
	if after := p.at; utf16.IsSurrogate(r) && strings.HasPrefix(p.text[p.at:], `\u`) {
		p.at += 2
		low, err := p.hex()
		if err != nil {
			return err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			r = pair
		} else {
			p.at = after // two escapes that do not belong together
		}
	}
	b.WriteRune(r)
	return nil
}

func (p *lenient) hex() (rune, error) {
	if p.at+4 > len(p.text) {
		return 0, p.fault("four hex digits")
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 16)
	if err != nil {
		return 0, p.fault("four hex digits")
	}
	p.at += 4
	return rune(n), nil
}
