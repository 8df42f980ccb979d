package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// TestSignature: a logo that every message has stays behind, whatever number its copies have; a picture that two messages
// share moves with both, and what is no picture moves always.
func TestSignature(t *testing.T) {
	const config = `
provider "itsm365" {
  url        = "http://itsm365.sandbox/sd/services/rest"
  access_key = env("INTERCOM_TOKEN")
  time_zone  = "UTC"
}
data "itsm365" "tickets" { class = "serviceCall" }
data "itsm365" "comments" {
  class = "comment"
  of    = [data.itsm365.tickets]
  by    = "source"
}
records "contact" "people" {
  rows = { ann = { name = "Ann" } }
  key  = each.key
  name = each.name
}
records "conversation" "tickets" {
  from        = data.itsm365.tickets
  key         = each.UUID
  contact     = contact.people["ann"]
  created_at  = each.registrationDate
  body        = each.title
  file_policy = { signature = 2 }
  part "comments" {
    for_each   = rows(data.itsm365.comments, each.UUID)
    private    = part.private
    created_at = part.creationDate
    body       = html(part.text)
    files      = part.files
  }
}
`
	fs := fstest.MapFS{"serviceCall.jsonl": &fstest.MapFile{Data: []byte(`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":"1","registrationDate":"2026-01-05T10:00:00Z"}`)}}
	var comments, files strings.Builder
	for i := range 3 {
		comment, file := 10+i, 20+10*i
		pictures := ""
		for k, content := range []string{"logo", map[bool]string{true: "shared", false: "only"}[i < 2], "terms"} {
			typ := "image/png"
			if content == "terms" {
				typ = "application/pdf"
			}
			fmt.Fprintf(&files, `{"UUID":"file$%d","metaClass":"file","title":"%s","mimeType":%q,"source":"comment$%d"}`+"\n", file+k, content, typ, comment)
			fs[fmt.Sprintf("files/%d", file+k)] = &fstest.MapFile{Data: []byte(content)}
			pictures += fmt.Sprintf(`<img src=\"download?uuid=file$%d\">`, file+k)
		}
		fmt.Fprintf(&comments, `{"UUID":"comment$%d","metaClass":"comment","source":"serviceCall$1","private":false,"creationDate":"2026-01-05T1%d:00:00Z","text":"<p>Hello %s</p>"}`+"\n", comment, i+1, pictures)
	}
	fs["comment.jsonl"], fs["file.jsonl"] = &fstest.MapFile{Data: []byte(comments.String())}, &fstest.MapFile{Data: []byte(files.String())}
	d := newDesk(t, `{`+mover+`}`)
	source, err := itsmsandbox.New(itsmsandbox.Options{FS: fs, Keys: map[string]itsmsandbox.Profile{"t": {}}, Clock: d.clock})
	if err != nil {
		t.Fatal(err)
	}
	d.itsm = &engine.Override{HTTP: source.RoundTripper(), Args: map[string]plan.Value{"rate": 1000.0}}
	d.write("main.hcl", config)
	d.run(func(e *engine.Engine) { // the types of the rows
		if _, err := e.Pull(t.Context(), engine.PullFull); err != nil {
			t.Fatal(err)
		}
	})
	_, changes := d.plan()
	told := map[string]int{}
	for _, c := range changes {
		for _, n := range c.Notes {
			told[n.Rule]++
		}
	}
	if told["signature"] != 3 {
		t.Errorf("the plan tells of %v, want 3 signatures", told)
	}
	if done := d.apply(); done.proof != 0 {
		t.Errorf("%d changes are left", done.proof)
	}
	if _, changes := d.plan(); said(changes) != "" {
		t.Errorf("a second plan says\n%s", said(changes))
	}
	var out strings.Builder
	if err := d.far.Dump(&out); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"logo": 0, "shared": 2, "only": 1, "terms": 3} {
		if n := strings.Count(out.String(), `"name":"`+name+`"`); n != want {
			t.Errorf("%s is attached %d times, want %d", name, n, want)
		}
	}
	// Where a logo stood the text says that it was left out, and names nothing that nobody finds.
	if left, named := strings.Count(out.String(), "[picture left out]"), strings.Count(out.String(), "[picture: logo"); left != 3 || named != 0 {
		t.Errorf("%d pictures are said to be left out, want 3; %d are named and not there", left, named)
	}
	if n := strings.Count(out.String(), "[picture: only"); n != 1 {
		t.Errorf("a picture that moves is named %d times", n)
	}
}
