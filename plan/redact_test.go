package plan_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deskform/plan"
)

var thread = plan.Kind{Name: "thread", NaturalKeys: []string{"code"}, Matches: []string{"email", "attributes"}, Fields: []plan.Field{
	{Name: "code", Type: plan.TypeString}, {Name: "email", Type: plan.TypeString, Identifies: true}, {Name: "title", Type: plan.TypeString}, {Name: "body", Type: plan.TypeText},
	{Name: "state", Type: plan.TypeEnum}, {Name: "type", Type: plan.TypeRef}, {Name: "attributes", Type: plan.TypeMap, Attributes: "thread_attribute", Of: "type"},
}, Part: &plan.PartKind{Fields: []plan.Field{{Name: "author", Type: plan.TypePerson}, {Name: "body", Type: plan.TypeHTML}, {Name: "files", Type: plan.TypeFiles}}}}

var cards = plan.Redaction{Name: "cards", Pattern: regexp.MustCompile(`\b\d{4}(?:[ -]?\d{4}){3}\b`), With: "[card <1>]"}

func listOnly(model, name string) (plan.AttributeDef, bool) {
	return plan.AttributeDef{DataType: map[string]string{"text": "string", "choice": "list"}[name]}, model == "thread_attribute/request"
}

const card = "4111 1111 1111 1111"

// TestRedact: every text that is sent, and nothing that a record is found by.
func TestRedact(t *testing.T) {
	want := func(card, cardNumber plan.Value, named string) plan.Want {
		return plan.Want{Key: "4111111111111111",
			Match: plan.Fields{"attributes.key": "4111 1111 1111 1111"},
			Fields: plan.Fields{"code": "4111 1111 1111 1111", "email": "4111-1111-1111-1111@acme.example", "title": card, "body": card, "state": "4111 1111 1111 1111",
				"type":            plan.Ref{Targets: []plan.Target{{Set: "thread_type", Key: "request"}}},
				"attributes.text": cardNumber, "attributes.choice": "4111 1111 1111 1111", "attributes.key": "4111 1111 1111 1111"},
			Parts: []plan.PartWant{
				{List: "comments", Key: "1", Fields: plan.Fields{"author": plan.Person{Key: "4111111111111111", Name: named}, "body": card, "files": []plan.Value{plan.File{Name: "4111 1111 1111 1111.txt"}}}},
				{List: "comments", Key: "2", Fields: plan.Fields{"body": "nothing"}},
			}}
	}
	set := plan.Set{Name: "thread.all", Match: []string{"attributes.key"}}
	w := want(card, int64(4111111111111111), card)
	plan.Redact([]plan.Redaction{cards}, &set, &thread, &w, listOnly)
	notes := w.Notes
	w.Notes = nil
	if d := cmp.Diff(want("[card <1>]", "[card <1>]", "[card <1>]"), w); d != "" {
		t.Error(d)
	}
	var told []string
	for _, n := range notes {
		told = append(told, n.Field+" "+n.Rule+" "+n.Text)
		if n.Times == 0 {
			t.Errorf("%s is not counted", n.Field)
		}
	}
	if d := cmp.Diff([]string{
		"attributes.text redact.cards has 1 places that redact.cards takes out", "body redact.cards has 1 places that redact.cards takes out",
		"comments redact.cards has 2 places that redact.cards takes out", "title redact.cards has 1 places that redact.cards takes out",
	}, told); d != "" {
		t.Error(d)
	}
}

func TestRedactSets(t *testing.T) {
	elsewhere := cards
	elsewhere.Sets = []string{"thread.others"}
	for set, want := range map[string]string{"thread.all": card, "thread.others": "[card <1>]"} {
		w := plan.Want{Fields: plan.Fields{"title": card}}
		plan.Redact([]plan.Redaction{elsewhere}, &plan.Set{Name: set}, &thread, &w, listOnly)
		if w.Fields["title"] != want {
			t.Errorf("%s: %v", set, w.Fields["title"])
		}
	}
}

// TestRedactPerson: what is shown of somebody is redacted, a name or the address that stands for it; the address by which
// they are found stays.
func TestRedactPerson(t *testing.T) {
	rule := plan.Redaction{Name: "ann", Pattern: regexp.MustCompile("(?i)ann[^ ]*")}
	for _, c := range []struct {
		name string
		in   plan.Person
		want string
	}{
		{"a name", plan.Person{Name: "Ann Lee", Email: "ann@x.example"}, " Lee"},
		{"an address", plan.Person{Email: "ann@x.example"}, " "},
		{"a name that goes whole", plan.Person{Name: "Ann", Email: "ann@x.example"}, " "},
		{"another address", plan.Person{Email: "bob@x.example"}, "bob@x.example"},
	} {
		w := plan.Want{Parts: []plan.PartWant{{List: "comments", Key: "1", Fields: plan.Fields{"author": c.in}}}}
		plan.Redact([]plan.Redaction{rule}, &plan.Set{Name: "thread.all"}, &thread, &w, listOnly)
		if got := w.Parts[0].Fields["author"].(plan.Person); got.Called() != c.want || got.Email != c.in.Email {
			t.Errorf("%s: %q <%s>, want %q", c.name, got.Called(), got.Email, c.want)
		}
	}
}

// TestRedactHTML: what a reader sees is matched, whatever tags and entities are in it; the rest stays to the letter.
func TestRedactHTML(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		times          int
	}{
		{"plain text", "a < b: " + card, "a < b: [card <1>]", 1},
		{"among tags", "<p>Pay &amp; go: " + card + " now</p>", "<p>Pay &amp; go: [card &lt;1&gt;] now</p>", 1},
		{"a tag inside", "<p>4111 <b>1111</b> 1111 1111!</p>", "<p>[card &lt;1&gt;]<b></b>!</p>", 1},
		{"entities", "<p>&#52;111&#32;1111 1111 1111</p>", "<p>[card &lt;1&gt;]</p>", 1},
		{"twice", "<p>" + card + "</p><p>" + card + "</p>", "<p>[card &lt;1&gt;]</p><p>[card &lt;1&gt;]</p>", 2},
		{"in a link", `<p><a href="https://x.example/?n=4111-1111-1111-1111&amp;m=1">pay</a></p>`, `<p><a href="https://x.example/?n=[card &lt;1&gt;]&amp;m=1">pay</a></p>`, 1},
		{"a link without quotes", `<a href=https://x.example/4111111111111111>pay</a>`, `<a href="https://x.example/[card &lt;1&gt;]">pay</a>`, 1},
		{"paragraphs are apart", "<p>4111 1111</p><p>1111 1111</p>", "<p>4111 1111</p><p>1111 1111</p>", 0},
		{"nothing", "<p>a &lt; b &quot;c&quot;</p>", "<p>a &lt; b &quot;c&quot;</p>", 0},
	} {
		w := plan.Want{Parts: []plan.PartWant{{List: "comments", Fields: plan.Fields{"body": c.in}}}}
		plan.Redact([]plan.Redaction{cards}, &plan.Set{Name: "thread.all"}, &thread, &w, listOnly)
		times := 0
		for _, n := range w.Notes {
			times += n.Times
			if strings.Contains(n.Text, "1111") {
				t.Errorf("%s: the note tells the words", c.name)
			}
		}
		if got := w.Parts[0].Fields["body"]; got != c.want || times != c.times {
			t.Errorf("%s: %d times, %s\nwant %d times, %s", c.name, times, got, c.times, c.want)
		}
	}
}

// FuzzRedactHTML: no tag breaks, and what the rule is for is gone from what a reader sees.
func FuzzRedactHTML(f *testing.F) {
	for _, s := range []string{"<p>4111<b>1111</b></p>", "x<", "<a href='4111'>", "&#52;111</i><br>", "<>&lt;4111"} {
		f.Add(s)
	}
	tag := regexp.MustCompile(`<[a-zA-Z/][^>]*>`)
	rule := []plan.Redaction{{Name: "n", Pattern: regexp.MustCompile(`4111`), With: "<&>"}}
	f.Fuzz(func(t *testing.T, s string) {
		w := plan.Want{Parts: []plan.PartWant{{List: "c", Fields: plan.Fields{"body": s}}}}
		plan.Redact(rule, &plan.Set{Name: "thread.all"}, &thread, &w, listOnly)
		got, _ := w.Parts[0].Fields["body"].(string)
		if len(w.Notes) == 0 && got != s {
			t.Fatalf("%q became %q and nothing was counted", s, got)
		}
		if n, m := len(tag.FindAllString(s, -1)), len(tag.FindAllString(got, -1)); n > 0 && n != m {
			t.Fatalf("%q has %d tags, %q has %d", s, n, got, m)
		}
		if again := strings.Contains(tag.ReplaceAllString(got, ""), "4111"); again && len(tag.FindAllString(s, -1)) == 0 {
			t.Fatalf("%q became %q", s, got)
		}
	})
}
