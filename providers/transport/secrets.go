package transport

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html"
	"net/url"
	"slices"
)

// minSecret is the length from which on a secret of the run is looked for everywhere: a shorter one is a word.
const minSecret = 12

// A Cleaner takes keys out of what is kept or moved: those of one-click links, and the secrets that the run's own calls carry
// (IT 8.5.7). The zero value knows no secrets. It is safe for concurrent use.
type Cleaner struct{ forms [][]byte }

// NewCleaner makes a cleaner that knows these secrets. Those of less than 12 characters are left out.
func NewCleaner(secrets ...string) *Cleaner {
	c := &Cleaner{}
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		for _, form := range []string{s, html.EscapeString(s), url.QueryEscape(s), url.PathEscape(s)} {
			if !slices.ContainsFunc(c.forms, func(f []byte) bool { return string(f) == form }) {
				c.forms = append(c.forms, []byte(form))
			}
		}
	}
	// A secret may be a part of another one.
	slices.SortStableFunc(c.forms, func(a, b []byte) int { return cmp.Compare(len(b), len(a)) })
	return c
}

// Text returns a text without keys, and how many there were. raw itself is not changed.
func (c *Cleaner) Text(raw []byte) ([]byte, int) {
	raw, n := WithoutKeys(raw)
	raw, own := c.cut(raw)
	return raw, n + own
}

// JSON is Text for raw JSON, which stays JSON: secrets are looked for in its strings, however these spell them.
func (c *Cleaner) JSON(raw []byte) ([]byte, int) {
	raw, n := WithoutKeys(raw)
	if len(c.forms) == 0 {
		return raw, n
	}
	var out []byte
	done := 0
	for at := 0; ; {
		from := bytes.IndexByte(raw[at:], '"')
		if from < 0 {
			break
		}
		from += at
		at = from + stringEnd(raw[from:])
		if text, own := c.literal(raw[from:at]); own > 0 {
			out = append(append(out, raw[done:from]...), text...)
			done = at
			n += own
		}
	}
	if done == 0 {
		return raw, n
	}
	return append(out, raw[done:]...), n
}

// stringEnd is how long the JSON string is that raw begins with; all of raw if it does not end.
func stringEnd(raw []byte) int {
	for i := 1; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

// literal cleans a JSON string with its quotes.
func (c *Cleaner) literal(raw []byte) ([]byte, int) {
	if bytes.IndexByte(raw, '\\') < 0 {
		if text, n := c.cut(bytes.Trim(raw, `"`)); n > 0 {
			return slices.Concat([]byte{'"'}, text, []byte{'"'}), n
		}
		return raw, 0
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw, 0 // no JSON, which whoever reads it finds out
	}
	text, n := c.cut([]byte(s))
	if n == 0 {
		return raw, 0
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(string(text)) != nil { // a string always can be
		return raw, 0
	}
	return bytes.TrimRight(out.Bytes(), "\n"), n
}

// cut takes the run's own secrets out of a text.
func (c *Cleaner) cut(raw []byte) ([]byte, int) {
	n := 0
	for _, f := range c.forms {
		if k := bytes.Count(raw, f); k > 0 {
			n += k
			raw = bytes.ReplaceAll(raw, f, []byte(KeyRemoved))
		}
	}
	return raw, n
}
