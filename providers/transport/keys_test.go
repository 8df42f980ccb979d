package transport_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

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
		{"blanks around the sign", `{"a":"accessKey = 0bad-11 b"}`, `{"a":"accessKey = (key-removed) b"}`, 1},
		{"after a colon", `{"a":"accessKey: 0bad-11, b"}`, `{"a":"accessKey: (key-removed), b"}`, 1},
		{"on the next line", `{"a":"accessKey:\n0bad-11"}`, `{"a":"accessKey:\n(key-removed)"}`, 1},
		{"in bold", `{"a":"accessKey: <b>0bad-11</b>"}`, `{"a":"accessKey: <b>(key-removed)</b>"}`, 1},
		{"in a cell of its own", `{"a":"<td>accessKey</td><td>0bad-11-0bad-11-0bad</td>"}`, `{"a":"<td>accessKey</td><td>(key-removed)</td>"}`, 1},
		{"as JSON", `{"accessKey":"0bad-11","b":1}`, `{"accessKey":"(key-removed)","b":1}`, 1},
		{"as JSON in a text", `{"a":"{\"accessKey\": \"0bad-11\"}"}`, `{"a":"{\"accessKey\": \"(key-removed)\"}"}`, 1},
		{"as JSON in a text of a text", `{"a":"{\\\"accessKey\\\":\\\"0bad-11\\\"}"}`, `{"a":"{\\\"accessKey\\\":\\\"(key-removed)\\\"}"}`, 1},
		{"as JSON in HTML", `{"a":"&quot;accessKey&quot;:&quot;0bad-11&quot;"}`, `{"a":"&quot;accessKey&quot;:&quot;(key-removed)&quot;"}`, 1},
		{"as JSON of a JSON text in HTML", `{"a":"\\\\&#34;accessKey\\\\&#34;:\\\\&#34;0bad-11\\\\&#34;"}`, `{"a":"\\\\&#34;accessKey\\\\&#34;:\\\\&#34;(key-removed)\\\\&#34;"}`, 1},
		{"as JSON in an address", `{"a":"?q=%7B%22accessKey%22%3A%220bad-11%22%7D"}`, `{"a":"?q=%7B%22accessKey%22%3A%22(key-removed)%22%7D"}`, 1},
		{"a letter of the name spelled in HTML", `{"a":"x?access&#75;ey=0bad-11&amp;b"}`, `{"a":"x?access&#75;ey=(key-removed)&amp;b"}`, 1},
		{"in hexadecimal", `{"a":"x?&#x61;ccess&#x4B;ey=0bad-11"}`, `{"a":"x?&#x61;ccess&#x4B;ey=(key-removed)"}`, 1},
		{"in an address", `{"a":"x?access%4bey=0bad-11"}`, `{"a":"x?access%4bey=(key-removed)"}`, 1},
		{"in HTML that JSON escapes", `{"a":"x?access\u0026#75;ey=0bad-11"}`, `{"a":"x?access\u0026#75;ey=(key-removed)"}`, 1},
		{"in JSON", `{"a":"access\u004bey=0bad-11"}`, `{"a":"access\u004bey=(key-removed)"}`, 1},
		{"a letter of the key spelled in HTML", `{"a":"accessKey=&#48;bad-11&amp;b"}`, `{"a":"accessKey=(key-removed)&amp;b"}`, 1},
		{"in quotes, whatever it looks like", `{"a":"accessKey='bad'"}`, `{"a":"accessKey='(key-removed)'"}`, 1},
		{"in quotes of JSON", `{"a":"accessKey=\"ba/d==\" b"}`, `{"a":"accessKey=\"(key-removed)\" b"}`, 1},
		{"a backslash ends the text", `["accessKey=\\"]`, `["accessKey=\\"]`, 0},
		{"a key after a word", `{"a":"accessKey: accessKey=0bad-11"}`, `{"a":"accessKey: accessKey=(key-removed)"}`, 1},
		{"in a tag with quotes", `{"a":"accessKey=<span style=\"color:red\">5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab</span>"}`, `{"a":"accessKey=<span style=\"color:red\">(key-removed)</span>"}`, 1},
		{"in a tag that JSON escapes", `{"a":"accessKey=\u003cspan style=\"color:red\" id=\u0022a\u0022\u003e5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab\u003c/span\u003e"}`, `{"a":"accessKey=\u003cspan style=\"color:red\" id=\u0022a\u0022\u003e(key-removed)\u003c/span\u003e"}`, 1},
		{"in a long tag", `{"a":"accessKey=<b><span style='color:red;font-family:\"Segoe UI\",Helvetica;font-size:12px;line-height:20px;margin:0;padding:0;border:0'>5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab</span>"}`, `{"a":"accessKey=<b><span style='color:red;font-family:\"Segoe UI\",Helvetica;font-size:12px;line-height:20px;margin:0;padding:0;border:0'>(key-removed)</span>"}`, 1},
		{"broken by quoted-printable", `{"a":"accessKey=5f2c1d3e-aaaa-=\r\n4bbb-8ccc-1234567890ab b"}`, `{"a":"accessKey=(key-removed) b"}`, 1},
		{"broken by it, after a colon", `{"a":"accessKey: 5f2c1d3e-aaaa-=\n4bbb-8ccc-1234567890ab b"}`, `{"a":"accessKey: (key-removed) b"}`, 1},
		{"broken by it, as JSON of a JSON text", `{"a":"accessKey=5f2c1d3e-aaaa-=\\r\\n4bbb-8ccc-1234567890ab"}`, `{"a":"accessKey=(key-removed)"}`, 1},
		{"broken by a line", `{"a":"accessKey=5f2c1d3e-aaaa-\n4bbb-8ccc-1234567890ab b"}`, `{"a":"accessKey=(key-removed) b"}`, 1},
		{"broken by a line of a quoted mail", `{"a":"accessKey=5f2c1d3e-aaaa-\r\n> 4bbb-8ccc-1234567890ab b"}`, `{"a":"accessKey=(key-removed) b"}`, 1},
		{"broken by a line of HTML", `{"a":"accessKey=5f2c1d3e-aaaa-<br/>4bbb-8ccc-1234567890ab b"}`, `{"a":"accessKey=(key-removed) b"}`, 1},
		{"a line that is no part of it", `{"a":"accessKey=0bad-1111\nThanks\naccessKey=0bad-1111\n2026-11-26\naccessKey=0bad-1111\nstate1=2"}`, `{"a":"accessKey=(key-removed)\nThanks\naccessKey=(key-removed)\n2026-11-26\naccessKey=(key-removed)\nstate1=2"}`, 3},
		{"a number below a whole key", `{"a":"accessKey=5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab\n89161234567"}`, `{"a":"accessKey=(key-removed)\n89161234567"}`, 1},
		{"a soft mark in the name", `{"a":"access<wbr>Key=5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"access<wbr>Key=(key-removed)"}`, 1},
		{"soft marks in name and key", `{"a":"ac&shy;cess\u00ad&#173;K\u200bey=5f2c1d3e-<wbr>aaaa&shy;-4bbb\u00ad-8ccc-1234567890ab&amp;b"}`, `{"a":"ac&shy;cess\u00ad&#173;K\u200bey=(key-removed)&amp;b"}`, 1},
		{"soft marks as they are", "{\"a\":\"access\u00adKey=5f2c1d3e-\u00adaaaa-4bbb-8ccc\u200b-1234567890ab\"}", "{\"a\":\"access\u00adKey=(key-removed)\"}", 1},
		{"soft marks that JSON escapes", `{"a":"access\u003cwbr\u003eKey: 5f2c\u0026shy;1d3e-aaaa"}`, `{"a":"access\u003cwbr\u003eKey: (key-removed)"}`, 1},
		{"a name broken by quoted-printable", `{"a":"access=\r\nKey=5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"access=\r\nKey=(key-removed)"}`, 1},
		{"the sign in quoted-printable", `{"a":"accessKey=3D\"5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab\" b"}`, `{"a":"accessKey=3D\"(key-removed)\" b"}`, 1},
		{"the sign in it, without quotes", `{"a":"accessKey=3D5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab&b"}`, `{"a":"accessKey=(key-removed)&b"}`, 1},
		{"the sign in it, before a tag", `{"a":"accessKey=3D<span style=3D\"color:red\">5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab</span>"}`, `{"a":"accessKey=3D<span style=3D\"color:red\">(key-removed)</span>"}`, 1},
		{"a name with a hyphen", `{"a":"access-key=5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"access-key=(key-removed)"}`, 1},
		{"in brackets", `{"a":"accessKey (5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab)"}`, `{"a":"accessKey ((key-removed))"}`, 1},
		{"in backticks", "{\"a\":\"accessKey `5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab`\"}", "{\"a\":\"accessKey `(key-removed)`\"}", 1},
		{"after an arrow", `{"a":"accessKey -> 5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"accessKey -> (key-removed)"}`, 1},
		{"after an arrow of HTML", `{"a":"accessKey -&gt; 5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"accessKey -&gt; (key-removed)"}`, 1},
		{"after a dash", `{"a":"accessKey - 5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"accessKey - (key-removed)"}`, 1},
		{"after a long dash", `{"a":"accessKey — 5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"accessKey — (key-removed)"}`, 1},
		{"after a word", `{"a":"accessKey is 5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"accessKey is (key-removed)"}`, 1},
		{"in brackets after a colon", `{"a":"accessKey: («5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab»)"}`, `{"a":"accessKey: («(key-removed)»)"}`, 1},
		{"in Russian", `{"a":"Ключ доступа: 5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"Ключ доступа: (key-removed)"}`, 1},
		{"in Russian, of the other name", `{"a":"ключ авторизации: 5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"ключ авторизации: (key-removed)"}`, 1},
		{"in Russian, without a sign", `{"a":"Ошибка: ключ авторизации '5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab' не найден"}`, `{"a":"Ошибка: ключ авторизации '(key-removed)' не найден"}`, 1},
		{"in Russian, in bold", `{"a":"<b>КЛЮЧ&nbsp;ДОСТУПА</b> 5f2c1d3e-aaaa-4bbb-8ccc-1234567890ab"}`, `{"a":"<b>КЛЮЧ&nbsp;ДОСТУПА</b> (key-removed)"}`, 1},
		{"words of Russian", `{"a":"ключ доступа: спросите у администратора, ключ доступа = нет, ключ авторизации 42 не найден, ключ доступа=secret"}`, `{"a":"ключ доступа: спросите у администратора, ключ доступа = нет, ключ авторизации 42 не найден, ключ доступа=secret"}`, 0},
		{"words after other signs", `{"a":"accessKey is new, accessKey (see 12.4), accessKey - version 2, accessKey -> administrator"}`, `{"a":"accessKey is new, accessKey (see 12.4), accessKey - version 2, accessKey -> administrator"}`, 0},
		{"a number after a backslash", `{"accessKey\\":1234567}`, `{"accessKey\\":1234567}`, 0},
		{"HTML that JSON escapes", `{"a":"accessKey\u0026nbsp;\u0026#x3D;\u0026nbsp;\u0026quot;0bad-11"}`, `{"a":"accessKey\u0026nbsp;\u0026#x3D;\u0026nbsp;\u0026quot;(key-removed)"}`, 1},
		{"a number of JSON stays one", `{"accessKey":1234567,"accessKey": 1234567}`, `{"accessKey":1234567,"accessKey": 1234567}`, 0},
		{"nothing between the signs", `{"a":"accessKey=","b1":"accessKey: ","c1":1}`, `{"a":"accessKey=","b1":"accessKey: ","c1":1}`, 0},
		{"a sentence after a colon", `{"a":"accessKey: спросите у администратора"}`, `{"a":"accessKey: спросите у администратора"}`, 0},
		{"an English one", `{"a":"accessKey: ask the administrator, accessKey v2 is new, accessKey = secret"}`, `{"a":"accessKey: ask the administrator, accessKey v2 is new, accessKey = secret"}`, 0},
		{"numbers that spell other letters", `{"a":"&#1081;&#39;100%25 width=100% %D0%BA"}`, `{"a":"&#1081;&#39;100%25 width=100% %D0%BA"}`, 0},
		{"a word is none", `{"a":"a short accessKey"}`, `{"a":"a short accessKey"}`, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, n := transport.WithoutKeys([]byte(tc.in))
			if !json.Valid(got) {
				t.Errorf("%s is no JSON", got)
			}
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

// Texts that are made to be slow take no more than their length allows.
func TestKeysOfHostileTexts(t *testing.T) {
	for _, part := range []string{"accessKey", "accessKey<", `accessKey=<b c="`, "accessKey: ", "accessKey: a1<wbr>", "accessKey=12345678\n1234", "ключ <", "access<wbr>", "<wbr>1", "\n1234", `\\`, "&amp;", "%25", "#0", "accessKey ((", "ключ доступа ["} {
		start := time.Now()
		transport.WithoutKeys([]byte("accessKey: 1234567a" + strings.Repeat(part, 50_000/len(part))))
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q took %s", part, took)
		}
	}
}

// FuzzWithoutKeys: JSON stays JSON, and a second look finds nothing.
func FuzzWithoutKeys(f *testing.F) {
	f.Add("x accessKey=0bad\" y")
	f.Add("accessKey%3D%22&#61;")
	f.Add("accessKey=\\u0041")
	f.Add(`{"accessKey":"a12345"} accessKey: b12345 accessKey = "c12345"`)
	f.Add(`access&#75;ey=&#48; accessKey</td><td>0123456789abcdef`)
	f.Add("accessKey: accessKey=1\naccessKey=\"a")
	f.Add("access<wbr>Key=0bad&shy;0bad access-key=3D\"a12345\" accessKey=<b c=\"d\">a12345")
	f.Add("accessKey=0badbad1-=\r\n1bad accessKey: 0badbad1\n1bad accessKey (0123456789abcdef)")
	f.Add("ключ доступа: a12345 Ключ авторизации -> 0123456789abcdef")
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

// FuzzWithoutKeysOfJSON: the same for whatever JSON, where names and numbers stand outside of texts as well.
func FuzzWithoutKeysOfJSON(f *testing.F) {
	f.Add(`{"accessKey":"a12345","accessKey":123456,"accessKey" : [1234567]}`)
	f.Add(`["accessKey=","b12345","accessKey:",1234567,"accessKey","accessKey: \\","a12345"]`)
	f.Add(`{"a":"accessKey\u003d\u0022","b":"accessKey='\\\"a"}`)
	f.Add(`["accessKey=3d",1,"accessKey\u003cwbr\u003e",2,"accessKey=<b c=","d>12345678",{"accessKey\\":1234567,"ключ доступа":1234567}]`)
	f.Add(`["access&shy;Key=0badbad1\r\n1bad","accessKey=0badbad1=\\n1bad"]`)
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) {
			t.Skip()
		}
		got, _ := transport.WithoutKeys([]byte(raw))
		if !json.Valid(got) {
			t.Errorf("%s became %s", raw, got)
		}
		if _, n := transport.WithoutKeys(got); n != 0 {
			t.Errorf("%s still has %d keys", got, n)
		}
	})
}

func BenchmarkWithoutKeys(b *testing.B) {
	raw := []byte(`{"UUID":"serviceCall$1","descriptionRTF":"` + strings.Repeat(`<p style=\"width:100%\">Касса &#171;Восток&#187; не печатает чек&nbsp;&#39;7&#39;</p>`, 100) + `"}`)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		transport.WithoutKeys(raw)
	}
}

// BenchmarkRowWithoutKey: a row of 2 KB that names no key, as most.
func BenchmarkRowWithoutKey(b *testing.B) {
	raw := []byte(`{"UUID":"serviceCall$1","descriptionRTF":"` + strings.Repeat(`<p style=\"color:red\" class=\"a\">Не удаётся включить кассу, ключ доступен&nbsp;&#39;7&#39;, the keys: none</p>\r\n`, 13) + `"}`)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		transport.WithoutKeys(raw)
	}
}
