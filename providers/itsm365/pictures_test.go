package itsm365_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/itsm365/sandbox"
)

// TestPictures: each picture of the service leaves a mark with its name; what only looks like one stays as it is.
func TestPictures(t *testing.T) {
	w := &wire{}
	src := source(t, w, nil)
	for _, tt := range []struct{ name, in, want, kept string }{
		{"a file", `<p><img src="./download?uuid=file$42"></p>`, `<p><img src="download?uuid=file$42" alt="n1"></p>`, "file$42"},
		{"forms of its address", `<img src='/download?uuid=file$1'><IMG width="80" SRC="https://acme.itsm365.com/sd/operator/download?a=b&amp;uuid=file%242"><img src=download?uuid=file$3>`,
			`<img src="download?uuid=file$1" alt="n1"><img src="download?uuid=file$2" alt="n2"><img src="download?uuid=file$3" alt="n3">`, "file$1 file$2 file$3"},
		{"bytes in the text", `a<img alt="x" src="data:image/png;base64,aGFs
bG8=">b`, `a<img src="cid:picture" alt="n1">b`, "image/png:hallo"},
		{"without quotes", `<img src=data:image/jpg;base64,aGFsbG8=>`, `<img src="cid:picture" alt="n1">`, "image/jpeg:hallo"},
		{"half of a picture", `<img src="data:image/gif;base64,aGFsb">`, `<img src="cid:left-out" alt="n1">`, "image/gif:hal!"},
		{"one that is not kept", `<img src="download?uuid=file$13">`, `<img src="cid:left-out" alt="n1">`, "file$13"},
		{"the name is no mark", `<img src="download?uuid=file$66">`, `<img src="download?uuid=file$66" alt="&#34;&gt;&lt;script&gt;">`, "file$66"},
		{"from elsewhere", `<img src="https://elsewhere.example/a.png">`, `<img src="https://elsewhere.example/a.png">`, ""},
		{"no picture by its type", `<img src="data:image/svg+xml;base64,aGFsbG8=">`, `<img src="data:image/svg+xml;base64,aGFsbG8=">`, ""},
		{"a tracker", `<img width="1" height="1" src="download?uuid=file$42">`, `<img width="1" height="1" src="download?uuid=file$42">`, ""},
		{"a link", `<a href="download?uuid=file$42">x</a> img`, `<a href="download?uuid=file$42">x</a> img`, ""},
	} {
		for _, escaped := range []bool{false, true} {
			text := string(plan.Canonical(map[string]plan.Value{"UUID": "comment$1", "text": tt.in, "n": int64(7)}))
			if escaped {
				text = strings.ReplaceAll(text, "<", `\u003c`)
			}
			var kept []string
			row, err := src.Pictures(plan.Row{JSON: []byte(text)}, func(p plan.Picture) (string, bool, error) {
				if p.Row != "comment$1" {
					t.Errorf("%s: the picture is in the text of %q", tt.name, p.Row)
				}
				name, ok := "n"+string('1'+rune(len(kept))), p.Key != "file$13"
				if p.Key == "file$66" {
					name = `"><script>`
				}
				if p.Key == "" {
					data, err := io.ReadAll(p.Data)
					if ok = err == nil; !ok {
						data = append(data, '!')
					}
					p.Key = p.Type + ":" + string(data)
				}
				kept = append(kept, p.Key)
				return name, ok, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			v, err := plan.ParseValue(row.JSON)
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			if got := v.(map[string]plan.Value); got["text"] != tt.want || strings.Join(kept, " ") != tt.kept || got["n"] != int64(7) {
				t.Errorf("%s: %s with %v\nwant %s with %s", tt.name, got["text"], kept, tt.want, tt.kept)
			}
		}
	}
	if len(w.sent) > 0 {
		t.Errorf("a text made it call %v", w.sent)
	}
	refused := errors.New("disk full")
	if _, err := src.Pictures(plan.Row{JSON: []byte(`{"UUID":"a$1","text":"<img src=download?uuid=file$1>"}`)}, func(plan.Picture) (string, bool, error) { return "", false, refused }); !errors.Is(err, refused) {
		t.Errorf("an error of the store is %v", err)
	}
}

// TestOpenPicture: the bytes come from get-file alone, with the name and the owner that the file object says.
func TestOpenPicture(t *testing.T) {
	far, w := tenant(t, sandbox.Options{FS: dir(map[string]string{
		"serviceCall.jsonl": `{"UUID":"serviceCall$9","metaClass":"serviceCall$request","number":9,"title":"9"}`,
		"file.jsonl":        `{"UUID":"file$1","metaClass":"file","title":"Экран.png","mimeType":"image/png","source":"serviceCall$9"}` + "\n" + `{"UUID":"file$2","metaClass":"file"}`,
		"files/1":           "bytes", "files/2": ""})})
	src := source(t, w, nil)
	c, err := src.OpenPicture(t.Context(), "file$1")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(c.Body)
	if err != nil || string(body) != "bytes" || c.Name != "Экран.png" || c.Owner != "serviceCall$9" || c.Type != "image/png" {
		t.Errorf("%q, %+v, %v", body, c, err)
	}
	if c, err := src.OpenPicture(t.Context(), "file$2"); err != nil || c.Owner != "" {
		t.Errorf("one of nobody: %q, %v", c.Owner, err)
	}
	if _, err := src.OpenPicture(t.Context(), "file$3"); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	for _, key := range []string{"", "../edit/file$1", "file$1?x"} {
		if _, err := src.OpenPicture(t.Context(), key); err == nil || errors.Is(err, plan.ErrNotFound) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if want := "GET /sd/services/rest/get/file$1, GET /sd/services/rest/get-file/file$1, GET /sd/services/rest/get/file$2, GET /sd/services/rest/get-file/file$2, GET /sd/services/rest/get/file$3"; strings.Join(w.sent, ", ") != want {
		t.Errorf("it called %s", strings.Join(w.sent, ", "))
	}
	if st := far.Stats(); st.Writes != 0 || st.LinkHits != 0 {
		t.Errorf("%+v", st)
	}
}
