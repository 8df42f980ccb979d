package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"
	"unicode/utf8"
)

func TestParseLenient(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{}`, `{}`},
		{` { "a" : [ 1 , true , null , "x" ] } `, `{"a":[1,true,null,"x"]}`},
		{`{a:'b'}`, `{"a":"b"}`},
		{`{a:serviceCall$12,b:[x y,z]}`, `{"a":"serviceCall$12","b":["x y","z"]}`},
		{`{a:'it\'s "so"'}`, `{"a":"it's \"so\""}`},
		{`{a:-1.5e3,b:1.5.3,c:007}`, `{"a":-1.5e3,"b":"1.5.3","c":"007"}`},
		{`{"a":"true"}`, `{"a":"true"}`},
		{`{"a":"\u041a\ud83d\ude00\n"}`, `{"a":"К😀\n"}`},
		{``, `malformed JSON at byte 0: a value expected`},
		{`{`, `malformed JSON at byte 1: a value expected`},
		{`{a}`, `malformed JSON at byte 2: a colon expected`},
		{`{a:1`, `malformed JSON at byte 4: a comma or } expected`},
		{`{a:1,}`, `malformed JSON at byte 5: a value expected`},
		{`[1 2`, `malformed JSON at byte 4: a comma or ] expected`},
		{`{a:"b}`, `malformed JSON at byte 6: a closing quote expected`},
		{`{a:"\u00`, `malformed JSON at byte 6: four hex digits expected`},
		{`{} x`, `malformed JSON at byte 3: the end expected`},
	} {
		v, err := parseLenient(c.text)
		got := ""
		if err != nil {
			got = err.Error()
		} else if text, err := encode(v); err != nil {
			t.Fatal(err)
		} else {
			got = string(text)
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
	}
}

// Whatever is JSON means the same to both readers; whatever is not, ends.
func FuzzParseLenient(f *testing.F) {
	for _, seed := range []string{`{"a":[1,true,null,"x\u0041\ud83d\ude00\ud83d\u0041"]}`, `{a:'b'}`, `[[[[`, `{"a":1e999}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, gotErr := parseLenient(text)
		if len(text) > 100 || !utf8.ValidString(text) {
			return // the depth is bounded, and encoding/json mends what is not UTF-8
		}
		var want any
		d := json.NewDecoder(bytes.NewReader([]byte(text)))
		d.UseNumber()
		if d.Decode(&want) != nil {
			return
		}
		if _, err := d.Token(); err != io.EOF {
			return
		}
		if gotErr != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %#v, %v, want %#v", text, got, gotErr, want)
		}
	})
}
