package transport_test

import (
	"encoding/json"
	"testing"

	"deskform/providers/transport"
)

func TestWithoutKeys(t *testing.T) {
	cases := []struct {
		name, in, want string
		n              int
	}{
		{"in an address", `{"a":"https://x/edit?accessKey=0bad-11&b=1"}`, `{"a":"https://x/edit?accessKey=(key-removed)&b=1"}`, 1},
		{"before a quote", `{"a":"<a href=\"x?accessKey=0bad-11\">5</a>"}`, `{"a":"<a href=\"x?accessKey=(key-removed)\">5</a>"}`, 1},
		{"percent-encoded", `{"a":"r?to=x%3FaccessKey%3D0bad-11%26b"}`, `{"a":"r?to=x%3FaccessKey%3D(key-removed)%26b"}`, 1},
		{"twice encoded", `{"a":"accessKey%253D0bad-11%2526b"}`, `{"a":"accessKey%253D(key-removed)%2526b"}`, 1},
		{"sign escaped in JSON", `{"a":"accessKey\u003d0bad-11\u0026b"}`, `{"a":"accessKey\u003d(key-removed)\u0026b"}`, 1},
		{"sign escaped in HTML", `{"a":"accessKey&#61;0bad-11&amp;b"}`, `{"a":"accessKey&#61;(key-removed)&amp;b"}`, 1},
		{"two of them", `{"a":"accessKey=1 ACCESSKEY=2"}`, `{"a":"accessKey=(key-removed) ACCESSKEY=(key-removed)"}`, 2},
		{"a word is none", `{"a":"a short accessKey"}`, `{"a":"a short accessKey"}`, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, n := transport.WithoutKeys([]byte(tc.in))
			if string(got) != tc.want || n != tc.n {
				t.Errorf("%s, %d\nwant %s, %d", got, n, tc.want, tc.n)
			}
			again, n := transport.WithoutKeys(got)
			if string(again) != tc.want || n != 0 {
				t.Errorf("again: %s, %d", again, n)
			}
		})
	}
}

// FuzzWithoutKeys: JSON stays JSON, and a second look finds nothing.
func FuzzWithoutKeys(f *testing.F) {
	f.Add("x accessKey=0bad\" y")
	f.Add("accessKey%3D%22&#61;")
	f.Add("accessKey=\\u0041")
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := json.Marshal(map[string]string{"a": text})
		if err != nil {
			t.Skip()
		}
		got, _ := transport.WithoutKeys(raw)
		if !json.Valid(got) {
			t.Errorf("%s became %s", raw, got)
		}
		if _, n := transport.WithoutKeys(got); n != 0 {
			t.Errorf("%s still has %d keys", got, n)
		}
	})
}
