package transport

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

// KeyRemoved stands where a key was.
const KeyRemoved = "(key-removed)"

// WithoutKeys returns raw JSON or text without the keys of one-click links, and how many there were. JSON stays JSON: what is
// replaced has no quote and no backslash. A second look finds nothing. raw itself is not changed.
func WithoutKeys(raw []byte) ([]byte, int) {
	if low := bytes.ToLower(raw); !bytes.Contains(low, []byte("accesskey")) && !bytes.Contains(low, []byte("access_key")) {
		return raw, 0
	}
	n := 0
	for _, re := range []*regexp.Regexp{linkKey, codedKey} {
		raw = re.ReplaceAllFunc(raw, func(m []byte) []byte {
			part := re.FindSubmatch(m)
			if string(part[2]) == KeyRemoved {
				return m
			}
			n++
			return append(append([]byte{}, part[1]...), KeyRemoved...)
		})
	}
	return raw, n
}
