package itsm365_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
)

// exact decodes JSON and keeps numbers as they are written.
func exact(t *testing.T, text string) (v any, ok bool) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err == nil
}

var tenantDate = regexp.MustCompile(`^\d{4}\.\d\d\.\d\d( \d\d:\d\d:\d\d(\.\d{1,9})?)?$`)

// Of any object, the row is the same object but for its dates, and each of these is the same instant (to the second).
func FuzzValues(f *testing.F) {
	for _, s := range []string{
		`null`, `""`, `"2026.08.03 07:01:41"`, `"2026.08.03 07:01:41.5"`, `"2026.08.03"`, `"2026.02.30"`, `"0000.01.01"`, `12345678901234567890`, `1.50`, `-0`, `1e400`,
		`{"UUID":"priority$1","code":"high","metaClass":"priority","title":"2. Высокий"}`, `[]`, `[{"UUID":"file$1","metaClass":"file"}]`,
		`{"length":4,"interval":"HOUR"}`, `{"status":"STOPED","elapsed":184000,"deadLineTime":"2026.03.02 13:14:55"}`, `["2026.08.03",["2026.08.03"]]`,
		`{"title":"2026.08.03","a":{"text":"2026.08.03"}}`, `"<div>a &amp; b</div>\u2028\ud800"`, `{"a":1,"a":2}`, "\"\xff\"",
	} {
		f.Add(s)
	}
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			t.Skip()
		}
		row := one(t, text)
		if row.Broken != "" || row.Key != "shop$1" {
			t.Fatalf("%s: key %q, %s", text, row.Key, row.Broken)
		}
		in, ok := exact(t, text)
		out, ok2 := exact(t, string(row.JSON))
		if !ok || !ok2 {
			t.Fatalf("%s became %s", text, row.JSON)
		}
		var same func(in, out any, name string) bool
		same = func(in, out any, name string) bool {
			switch in := in.(type) {
			case string:
				got, isText := out.(string)
				if got == in {
					return true
				}
				at, err := time.Parse(time.RFC3339, got)
				want, werr := time.ParseInLocation("2006.01.02 15:04:05", (in + " 00:00:00")[:19], moscow)
				return isText && err == nil && werr == nil && tenantDate.MatchString(in) && name != "title" && name != "text" && at.Equal(want)
			case map[string]any:
				got, _ := out.(map[string]any)
				for k, v := range in {
					if _, there := got[k]; !there || !same(v, got[k], k) {
						return false
					}
				}
				return got != nil && len(got) == len(in)
			case []any:
				got, _ := out.([]any)
				for i := range in {
					if i >= len(got) || !same(in[i], got[i], "") {
						return false
					}
				}
				return got != nil && len(got) == len(in)
			}
			return reflect.DeepEqual(in, out)
		}
		if all, _ := out.(map[string]any); len(all) != 2 || !same(in, all["x"], "x") {
			t.Errorf("%s became %s", text, row.JSON)
		}
	})
}

// Of any answer with status 200, every element of its list is a row with a place, and what is no list is an error.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{
		`[]`, ``, `null`, `{}`, `[null]`, `[{"UUID":"shop$1"}]`, `[{"UUID":"shop$1"},{"UUID":"shop$1"}]`, `{"value":[{"UUID":"shop$1"}],"Count":1}`, `{"value":null}`,
		`[{"UUID":"a"},{"UUID":"a"},{},{}]`, `[1,"a",[],{"UUID":{}},{"uuid":"a"}]`, `<html>login</html>`, `[{"UUID":"shop$1"`, `[{"UUID":"shop$1","metaClass":"shop$../../delete"}]`, `[{"UUID":"a","metaClass":7}]`, "\ufeff[]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := &wire{answer: func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Get("offset") != "0" {
				return reply(r, 200, "application/json", "[]"), nil
			}
			return reply(r, 200, "application/json", body), nil
		}}
		src := source(t, w, nil)
		_, derr := src.Describe(t.Context(), data("shop"))
		rows, err := read(t.Context(), src, pages("shop", "title"))
		list, isList := elements(body)
		if (err == nil) != isList || derr == nil && !isList {
			t.Fatalf("%q: %v, %v", body, err, derr)
		}
		seen, want := map[string]bool{}, 0
		for _, raw := range list {
			var obj map[string]any
			_ = json.Unmarshal(raw, &obj)
			uuid, _ := obj["UUID"].(string)
			if !seen[uuid] {
				want++
			}
			seen[uuid] = uuid != ""
		}
		if len(rows) != want {
			t.Errorf("%q: %d rows, want %d", body, len(rows), want)
		}
		for _, r := range rows {
			if r.Pos == "" || (r.Broken == "") != json.Valid(r.JSON) || (r.Broken == "") != seen[r.Key] {
				t.Errorf("%q: %+v", body, r)
			}
		}
		for _, s := range w.sent {
			if !allowed.MatchString(s) {
				t.Errorf("it called %s", s)
			}
		}
	})
}

// elements are those of an array, or of the envelope's.
func elements(body string) ([]json.RawMessage, bool) {
	var list []json.RawMessage
	if json.Unmarshal([]byte(body), &list) == nil {
		return list, list != nil
	}
	var env struct{ Value []json.RawMessage }
	err := json.Unmarshal([]byte(body), &env)
	return env.Value, err == nil && env.Value != nil
}

// Of any failure, there is an error that can be shown: short, on one line, without the key. A refused key is known as one,
// and nothing is tried more often than the block says.
func FuzzErrorTexts(f *testing.F) {
	for _, s := range []string{
		"", "Ошибка: ключ авторизации '" + key + "' не найден", "Объект не найден: serviceCall$1", "<html><body>" + key + "</body></html>",
		"accessKey=" + key + "&attrs=", "Script module or method not found: a.b(1 args)", "<script>ключ авторизации</script> не найден", strings.Repeat("я", 5000), "a\x00b\xffc\r\nd", "<!--", "&#60;html", "Bearer abc",
	} {
		f.Add(500, s)
		f.Add(403, s)
		f.Add(503, s)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 300 || status > 599 {
			t.Skip()
		}
		w := &wire{answer: func(r *http.Request) (*http.Response, error) {
			res := reply(r, status, "text/html", body)
			res.Header.Set("Location", body)
			return res, nil
		}}
		_, err := source(t, w, map[string]plan.Value{"retries": int64(2)}).Describe(t.Context(), data("shop"))
		if err == nil {
			t.Fatal("no error")
		}
		text := err.Error()
		if strings.Contains(text, key) {
			t.Errorf("the key is in %q", text)
		}
		if len([]rune(text)) > 1200 || strings.ContainsAny(text, "\r\n") || !strings.Contains(text, "ITSM 365") {
			t.Errorf("it reads %q", text)
		}
		if len(w.sent) > 3 {
			t.Errorf("%d calls", len(w.sent))
		}
		if status == 401 && (!errors.Is(err, itsm365.ErrKey) || len(w.sent) != 1) {
			t.Errorf("%v after %d calls", err, len(w.sent))
		}
		if errors.Is(err, itsm365.ErrKey) && len(w.sent) != 1 {
			t.Errorf("a refused key was tried %d times", len(w.sent))
		}
	})
}
