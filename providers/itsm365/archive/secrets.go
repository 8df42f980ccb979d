package archive

import (
	"bytes"

	"deskform/providers/transport"
)

// minSecret is the length from which on a secret of the run is looked for everywhere: a shorter one is a word.
const minSecret = 12

// A cleaner takes keys out of raw objects: those of one-click links, and what the run's own calls carry.
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

// text returns raw JSON without keys, and how many there were. It stays JSON.
func (c *cleaner) text(raw []byte) ([]byte, int) {
	raw, n := transport.WithoutKeys(raw)
	for _, s := range c.secrets {
		if k := bytes.Count(raw, s); k > 0 {
			n += k
			raw = bytes.ReplaceAll(raw, s, []byte(transport.KeyRemoved))
		}
	}
	return raw, n
}
