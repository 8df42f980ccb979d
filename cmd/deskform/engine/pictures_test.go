package engine_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// TestPictures: pictures inside of texts move with the message that shows them, by mappings that say nothing of them; one
// of another ticket does not, whoever wrote its number into a text.
func TestPictures(t *testing.T) {
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
  from       = data.itsm365.tickets
  key        = each.UUID
  contact    = contact.people["ann"]
  created_at = each.registrationDate
  body       = coalesce(text(each.descriptionRTF), "none")
  part "comments" {
    for_each   = rows(data.itsm365.comments, each.UUID)
    private    = part.private
    created_at = part.creationDate
    body       = html(part.text)
    files      = part.files
  }
  part "files" {
    for_each   = length(each.files) == 0 ? [] : [each]
    key        = "files"
    private    = true
    created_at = part.registrationDate
    body       = "Files of the request"
    files      = part.files
  }
}
`
	file := func(n int, title, of string) string {
		return fmt.Sprintf(`{"UUID":"file$%d","metaClass":"file","title":%q,"mimeType":"image/png","source":%q}`, n, title, of)
	}
	fs := fstest.MapFS{}
	for name, text := range map[string]string{
		"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":"1","registrationDate":"2026-01-05T10:00:00Z","descriptionRTF":"<p>See <img src=\"./download?uuid=file$11\"></p>"}
{"UUID":"serviceCall$2","metaClass":"serviceCall$request","number":2,"title":"2","registrationDate":"2026-01-06T10:00:00Z","descriptionRTF":"<p>Mine</p>"}`,
		"comment.jsonl": `{"UUID":"comment$3","metaClass":"comment","source":"serviceCall$1","private":false,"creationDate":"2026-01-05T11:00:00Z","text":"<p><img src=\"/download?uuid=file$12\"> and <img src=\"data:image/png;base64,aGFsbG8=\"> twice <img src=\"data:image/png;base64,aGFsbG8=\"></p>"}
{"UUID":"comment$4","metaClass":"comment","source":"serviceCall$2","private":false,"creationDate":"2026-01-06T11:00:00Z","text":"<p>Let me see <img src=\"download?uuid=file$12\"> and <img src=\"download?uuid=file$11\"> and <img src=\"download?uuid=file$99\"></p>"}`,
		"file.jsonl": file(11, "screen.png", "serviceCall$1") + "\n" + file(12, "secret.png", "comment$3"),
		"files/11":   "eleven", "files/12": "twelve",
	} {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
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
	found := regexp.MustCompile(`\[picture[^\]]*\]`).FindAllString(out.String(), -1)
	slices.Sort(found)
	marks := strings.Join(found, " ")
	if want := "[picture left out] [picture left out] [picture left out] [picture: picture-d3751d33.png] [picture: picture-d3751d33.png] [picture: screen.png] [picture: secret.png]"; marks != want {
		t.Errorf("marks %s\nwant  %s", marks, want)
	}
	for name, want := range map[string]int{"screen.png": 1, "secret.png": 1, "picture-d3751d33.png": 1} {
		if n := strings.Count(out.String(), `"name":"`+name+`"`); n != want {
			t.Errorf("%s is attached %d times, want %d", name, n, want)
		}
	}
	if st := source.Stats(); st.Writes != 0 || st.LinkHits != 0 {
		t.Errorf("the source counts %+v", st)
	}
}
