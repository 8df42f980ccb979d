package archive

import (
	"bytes"
	"regexp"
)

// One-click links of mails carry the personal key of whoever got them (IT trap 25). The key is a secret of that person, and
// no part of what was said.
var (
	linkKey  = regexp.MustCompile(`(?i)(access_?key(?:=|\\u003d|&#61;|&#x3d;|&equals;)(?:\\"|&quot;)?)([^&\s"'<>\\;#]+)`)
	codedKey = regexp.MustCompile(`(?i)(access_?key(?:%25)*%(?:25)*3d)([0-9a-z_.~+-]+)`)
)

// removed stands where a key was.
const removed = "(key-removed)"

// minSecret is the length from which on the key of the run is looked for everywhere: a shorter one is a word.
const minSecret = 12

// A cleaner takes keys out of raw objects.
type cleaner struct{ secrets [][]byte }

func newCleaner(secrets []string) *cleaner {
	c := &cleaner{}
	for _, s := range secrets {
		if len(s) >= minSecret {
			c.secrets = append(c.secrets, []byte(s))
		}
	}
	return c
}

// text returns raw JSON without keys, and how many there were. It stays JSON: what is replaced has no quote and no
// backslash.
func (c *cleaner) text(raw []byte) ([]byte, int) {
	n := 0
	for _, re := range []*regexp.Regexp{linkKey, codedKey} {
		if !re.Match(raw) {
			continue
		}
		raw = re.ReplaceAllFunc(raw, func(m []byte) []byte {
			part := re.FindSubmatch(m)
			if string(part[2]) == removed {
				return m
			}
			n++
			return append(append([]byte{}, part[1]...), removed...)
		})
	}
	for _, s := range c.secrets {
		if k := bytes.Count(raw, s); k > 0 {
			n += k
			raw = bytes.ReplaceAll(raw, s, []byte(removed))
		}
	}
	return raw, n
}
