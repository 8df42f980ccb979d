package transport_test

import (
	"encoding/json"
	"strings"
	"testing"

	"deskform/providers/transport"
)

// TestCleaner: beside keys of links what the run's own calls carry is taken out, anywhere and however it is spelled, but for
// what is too short to be told from a word. JSON stays JSON.
func TestCleaner(t *testing.T) {
	c := transport.NewCleaner("6f1d2c3b-4a59-4687", "short", `q"uo\te<&>d/key`, "n6f1d2c3b-4a59-46", "6f1d2c3b-4a59-4687-longer", "123456789012")
	for _, tc := range []struct {
		name, in, want string
		n              int
	}{
		{"beside a link's", `{"a":"my key 6f1d2c3b-4a59-4687, a short one; accessKey=0bad-11"}`, `{"a":"my key (key-removed), a short one; accessKey=(key-removed)"}`, 2},
		{"nothing", `{"a":"\u0041 b","c":1e5}`, `{"a":"\u0041 b","c":1e5}`, 0},
		{"in a list and a name", `{"6f1d2c3b-4a59-4687":["x","6f1d2c3b-4a59-4687\\"]}`, `{"(key-removed)":["x","(key-removed)\\"]}`, 2},
		{"letters as numbers", `{"a":"\u0036f1d2c3b\u002d4a59-4687."}`, `{"a":"(key-removed)."}`, 1},
		{"escaped", `{"a":"<b> q\"uo\\te<&>d/key q\"uo\\te\u003c\u0026\u003ed\/key"}`, `{"a":"<b> (key-removed) (key-removed)"}`, 2},
		{"in HTML", `{"a":"q&#34;uo\\te&lt;&amp;&gt;d/key"}`, `{"a":"(key-removed)"}`, 1},
		{"in an address", `{"a":"?k=q%22uo%5Cte%3C%26%3Ed%2Fkey"}`, `{"a":"?k=(key-removed)"}`, 1},
		{"the longer of two", `{"a":"6f1d2c3b-4a59-4687-longer"}`, `{"a":"(key-removed)"}`, 1},
		{"not half of an escape", `{"a":"\n6f1d2c3b-4a59-46"}`, `{"a":"\n6f1d2c3b-4a59-46"}`, 0},
		{"not a number", `{"a":123456789012,"b":"123456789012"}`, `{"a":123456789012,"b":"(key-removed)"}`, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := strings.Clone(tc.in)
			got, n := c.JSON([]byte(tc.in))
			if string(got) != tc.want || n != tc.n || tc.in != before || !json.Valid(got) {
				t.Errorf("%s, %d\nwant %s, %d", got, n, tc.want, tc.n)
			}
			if again, n := c.JSON(got); string(again) != string(got) || n != 0 {
				t.Errorf("again: %s, %d", again, n)
			}
		})
	}
	if got, n := c.Text([]byte(`<a k="6f1d2c3b-4a59-4687">q"uo\te<&>d/key accessKey=0bad-11`)); string(got) != `<a k="(key-removed)">(key-removed) accessKey=(key-removed)` || n != 3 {
		t.Errorf("%s, %d", got, n)
	}
}

// FuzzCleaner: JSON stays JSON, whatever the secret.
func FuzzCleaner(f *testing.F) {
	f.Add("6f1d2c3b-4a59-4687", `{"a":"6f1d2c3b-4a59-4687\n"}`)
	f.Add(`":"6f1d2c3b","`, `{"a":"6f1d2c3b","b":"\":\"6f1d2c3b\",\""}`)
	f.Add(`\\\\\\\\\\\\`, `["\\\\\\\\\\\\\\\\\\\\\\\\\\"]`)
	f.Fuzz(func(t *testing.T, secret, raw string) {
		if !json.Valid([]byte(raw)) {
			t.Skip()
		}
		if got, _ := transport.NewCleaner(secret).JSON([]byte(raw)); !json.Valid(got) {
			t.Errorf("%q without %q is %q", raw, secret, got)
		}
	})
}
