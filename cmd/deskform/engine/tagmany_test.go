package engine_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/providers/intercom/sandbox"
)

// manyConfig tags people and companies by what their rows say.
const manyConfig = `
data "export" "orgs" {
  file = "orgs.jsonl"
  key  = ["id"]
}
data "export" "people" {
  file = "people.jsonl"
  key  = ["id"]
}
tag "vip" {}
tag "old" {}
records "company" "orgs" {
  from       = data.export.orgs
  key        = each.id
  company_id = "org:${each.id}"
  name       = each.name
  tags       = concat(each.vip == "yes" ? [tag.vip] : [], each.old == "yes" ? [tag.old] : [])
}
records "contact" "people" {
  from     = data.export.people
  key      = each.id
  match    = { email = each.email }
  on_adopt = "fill"
  email    = each.email
  name     = each.name
  tags     = concat(each.vip == "yes" ? [tag.vip] : [], each.old == "yes" ? [tag.old] : [])
}
`

var manyFiles = map[string][]string{"orgs": {"id", "name", "vip", "old"}, "people": {"id", "email", "name", "vip", "old"}}

const manySeed = `{"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}],
  "contacts": [{"email": "p00@acme.example", "name": "There"}, {"email": "p01@acme.example"}]}`

// tagging are n rows of a file from a number on, with these columns.
func tagging(file string, from, n int, pairs ...any) change {
	return func(w *world) {
		for i := from; i < from+n; i++ {
			id := fmt.Sprintf("p%02d", i)
			row(file, id, "name", "P "+id)(w)
			if file == "people" {
				row(file, id, "email", id+"@acme.example")(w)
			}
			row(file, id, pairs...)(w)
		}
	}
}

// TestTagMany: a tag that several people or companies of a set get is one call for fifty of them, and the plan knows how many
// calls that is, to the call and whatever the parallelism. The wants are by hand: of companies a rest of two is worth a
// call of its own, since a company alone is tagged by a read and a write as well; of people it takes three.
func TestTagMany(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after []change
		want          string
		reads         int // of the names, and of who is updated
		shared        int
	}{
		{"people: two", nil, []change{tagging("people", 10, 2, "vip", "yes")}, "CreateContact 2, attachTagToContact 2", 0, 0},
		{"people: three", nil, []change{tagging("people", 10, 3, "vip", "yes")}, "CreateContact 3, createTag 1", 1, 1},
		{"people: fifty", nil, []change{tagging("people", 10, 50, "vip", "yes")}, "CreateContact 50, createTag 1", 1, 1},
		{"people: fifty-two", nil, []change{tagging("people", 10, 52, "vip", "yes")}, "CreateContact 52, attachTagToContact 2, createTag 1", 1, 1},
		{"people: fifty-three", nil, []change{tagging("people", 10, 53, "vip", "yes")}, "CreateContact 53, createTag 2", 2, 2},
		{"people: fifty-two and five, some with both", nil, []change{tagging("people", 10, 52, "vip", "yes"), tagging("people", 60, 5, "old", "yes")}, "CreateContact 55, attachTagToContact 2, createTag 2", 2, 2},
		{"people: found and made", nil, []change{tagging("people", 0, 4, "vip", "yes")}, "CreateContact 2, UpdateContact 1, createTag 1", 3, 1},
		{"people: known ones get it, and one loses the other", []change{tagging("people", 10, 4, "old", "yes")}, []change{tagging("people", 10, 4, "vip", "yes"), row("people", "p10", "old", nil)}, "createTag 1, detachTagFromContact 1", 5, 1},
		{"people: new and known ones", []change{tagging("people", 10, 2)}, []change{tagging("people", 10, 4, "vip", "yes")}, "CreateContact 2, createTag 1", 3, 1},
		{"people: second rows give tags as well", []change{tagging("people", 10, 1)}, []change{tagging("people", 20, 3, "email", "p10@acme.example", "vip", "yes")}, "createTag 1", 1, 1},
		{"people: second rows of one that is found", nil, []change{tagging("people", 0, 1, "vip", "yes"), tagging("people", 20, 1, "email", "p00@acme.example", "vip", "yes"), tagging("people", 21, 1, "email", "p00@acme.example", "old", "yes")}, "attachTagToContact 3", 1, 0},
		{"people: the owner of an object loses what a second row has", []change{tagging("people", 10, 1, "vip", "yes"), tagging("people", 20, 1, "email", "p10@acme.example", "vip", "yes")}, []change{row("people", "p10", "vip", nil)}, "", 0, 0},
		{"people: the owner loses what a second row gains", []change{tagging("people", 10, 1, "vip", "yes"), tagging("people", 20, 1, "email", "p10@acme.example")}, []change{row("people", "p10", "vip", nil), row("people", "p20", "vip", "yes")}, "", 0, 0},
		{"companies: one", nil, []change{tagging("orgs", 10, 1, "vip", "yes")}, "createOrUpdateCompany 1, createTag 1", 1, 0},
		{"companies: two", nil, []change{tagging("orgs", 10, 2, "vip", "yes")}, "createOrUpdateCompany 2, createTag 1", 1, 1},
		{"companies: fifty-one", nil, []change{tagging("orgs", 10, 51, "vip", "yes")}, "createOrUpdateCompany 51, createTag 2", 2, 1},
		{"companies: known ones, and one loses the other", []change{tagging("orgs", 10, 3, "old", "yes")}, []change{tagging("orgs", 10, 3, "vip", "yes"), row("orgs", "p10", "old", nil)}, "createTag 2", 5, 1},
		{"sets do not wait for each other", nil, []change{tagging("orgs", 10, 2, "vip", "yes"), tagging("people", 10, 3, "vip", "yes")}, "CreateContact 3, createOrUpdateCompany 2, createTag 2", 2, 2},
	} {
		for _, parallel := range []int{1, 8} {
			t.Run(fmt.Sprint(tt.name, ", parallelism ", parallel), func(t *testing.T) {
				d := newDesk(t, manySeed)
				d.parallel = parallel
				w := &world{rows: map[string][]map[string]any{}, config: manyConfig, files: manyFiles}
				for _, c := range tt.before {
					c(w)
				}
				w.put(t, d)
				check(t, d, "before")
				for _, c := range tt.after {
					c(w)
				}
				w.put(t, d)
				done := check(t, d, "after")
				if got := writesOf(done.calls); got != tt.want || done.reads != tt.reads || done.forecast.Shared != tt.shared {
					t.Errorf("the sandbox counts the writes %q and %d reads, want %q and %d; %d are forecast for several, want %d", got, done.reads, tt.want, tt.reads, done.forecast.Shared, tt.shared)
				}
				for file, kind := range map[string]string{"people": "contact", "orgs": "company"} {
					want := map[string]bool{}
					for _, r := range w.rows[file] {
						for _, tag := range []string{"vip", "old"} {
							if r[tag] == "yes" {
								who := "org:" + r["id"].(string)
								if file == "people" {
									who = r["email"].(string)
								}
								want[who+" "+tag] = true
							}
						}
					}
					if got := taggings(t, d, kind); fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("tags of a %s are %v, want %v", kind, got, want)
					}
				}
			})
		}
	}
}

// taggings are the tags in the sandbox, as "WHO TAG".
func taggings(t *testing.T, d *desk, kind string) map[string]bool {
	t.Helper()
	names := map[string]string{}
	for _, o := range d.objects("tag") {
		names[o["id"].(string)] = o["name"].(string)
	}
	out := map[string]bool{}
	for _, o := range d.objects(kind) {
		if kind == "contact" {
			ids, _ := o["tags"].([]any)
			for _, id := range ids {
				out[o["email"].(string)+" "+names[id.(string)]] = true
			}
			continue
		}
		for _, tag := range o["tags"].(map[string]any)["tags"].([]any) {
			out[o["company_id"].(string)+" "+tag.(map[string]any)["name"].(string)] = true
		}
	}
	return out
}

// before does something once, when the first call that tags several is on its way.
type before struct {
	http.RoundTripper
	list string
	do   func(ids []string)
}

func (b *before) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.do != nil && r.Method == http.MethodPost && r.URL.Path == "/tags" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		if whom, _ := in[b.list].([]any); len(whom) > 1 {
			var ids []string
			for _, m := range whom {
				ids = append(ids, m.(map[string]any)["id"].(string))
			}
			b.do(ids)
			b.do = nil
		}
	}
	return b.RoundTripper.RoundTrip(r)
}

// TestBulkTagsPassedOver: whom Intercom passes over in silence is set aside with the reason, and nobody else; the state says
// of it that it is not tagged, and the books have it (IC trap 11).
func TestBulkTagsPassedOver(t *testing.T) {
	for _, tt := range []struct{ list, file, set, kind, why string }{
		{"users", "people", "contact.people", "contact", "User Not Found"},
		{"companies", "orgs", "company.orgs", "company", "passed over the company in silence"},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			d := newDesk(t, manySeed)
			w := &world{rows: map[string][]map[string]any{}, config: manyConfig, files: manyFiles}
			tagging(tt.file, 10, 5, "vip", "yes")(w)
			w.put(t, d)
			gone := ""
			s := d.setup()
			s.Intercom.HTTP = &before{d.far.RoundTripper(), tt.list, func(ids []string) {
				gone = ids[2]
				if err := d.far.Mutate(sandbox.Mutation{Op: "delete", Kind: tt.kind, ID: gone}); err != nil {
					t.Error(err)
				}
			}}
			e, diags, err := engine.Open(t.Context(), s)
			if err != nil || diags.HasErrors() {
				t.Fatal(err, diags)
			}
			defer e.Close()
			pl, _ := d.planned(e)
			a, err := e.Apply(t.Context(), pl, nil, engine.ApplyOptions{NoBackup: true})
			if err != nil || !a.Incomplete() || a.Books.Sets[tt.set][plan.OutCreated] != 4 || a.Books.Sets[tt.set][plan.OutSetAside] != 1 || len(a.Books.Unbalanced()) > 0 {
				t.Fatalf("%v %+v", err, a.Books)
			}
			n := 0
			for aside, err := range e.State.SetAsides(t.Context()) {
				n++
				b, berr := e.State.Base(t.Context(), aside.Address.Set, aside.Address.Key)
				if err != nil || berr != nil || !strings.Contains(aside.Text, tt.why) || b.ID != gone || b.Partial == "" || b.Sent["tags"] != nil {
					t.Errorf("%+v, %+v, %v %v", aside, b, err, berr)
				}
				if x, err := e.Why(t.Context(), aside.Address); err != nil || !strings.HasPrefix(x.Next, "tag_"+tt.kind+" ") {
					t.Errorf("why: %+v %v", x, err)
				}
			}
			if n != 1 || gone == "" {
				t.Errorf("%d are set aside, %q was deleted", n, gone)
			}
			for b, err := range e.State.Bases(t.Context(), tt.set) {
				if tags, _ := b.Sent["tags"].([]plan.Value); err != nil || b.ID != gone && len(tags) != 1 {
					t.Errorf("%s has sent %v, %v", b.Address, b.Sent["tags"], err)
				}
			}
		})
	}
}

// TestBulkTagRenamed: a tag that somebody renames between the look at its name and the call is not made a second time without
// a word.
func TestBulkTagRenamed(t *testing.T) {
	d := newDesk(t, manySeed)
	w := &world{rows: map[string][]map[string]any{}, config: manyConfig, files: manyFiles}
	tagging("people", 10, 3, "vip", "yes")(w)
	w.put(t, d)
	s := d.setup()
	s.Intercom.HTTP = &before{d.far.RoundTripper(), "users", func([]string) {
		for _, o := range d.objects("tag") {
			if o["name"] == "vip" {
				if err := d.far.Mutate(sandbox.Mutation{Op: "set_field", Kind: "tag", ID: o["id"].(string), Name: "name", Value: "guest"}); err != nil {
					t.Error(err)
				}
			}
		}
	}}
	e, diags, err := engine.Open(t.Context(), s)
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	defer e.Close()
	pl, _ := d.planned(e)
	a, err := e.Apply(t.Context(), pl, nil, engine.ApplyOptions{NoBackup: true})
	if err != nil || a.Books.Total(plan.OutSetAside) != 3 {
		t.Fatalf("%v %+v", err, a.Books)
	}
	for aside, err := range e.State.SetAsides(t.Context()) {
		if err != nil || !strings.Contains(aside.Text, "was renamed meanwhile") || !strings.Contains(aside.Text, `"vip"`) {
			t.Errorf("%+v %v", aside, err)
		}
	}
}

// TestBulkTagFaults: however the call that tags several fails, running apply again leaves what an undisturbed run leaves.
func TestBulkTagFaults(t *testing.T) {
	want := map[string]bool{}
	for i := 10; i < 14; i++ {
		want[fmt.Sprintf("p%d@acme.example vip", i)] = true
	}
	for _, f := range []sandbox.Fault{
		{Kind: "status", Status: 400}, {Kind: "status", Status: 404}, {Kind: "status", Status: 500}, {Kind: "status_after_commit", Status: 503}, {Kind: "reset_before_commit"},
		{Kind: "reset_after_commit"}, {Kind: "truncate"}, {Kind: "html"}, {Kind: "empty"}, {Kind: "slow", Duration: "2s"}, {Kind: "throttle"},
	} {
		for _, times := range []int{1, 9} {
			f.Operation, f.After, f.Times = "createTag", 2, times // after the tags themselves
			t.Run(fmt.Sprint(f.Kind, " ", f.Status, ", ", times, " times"), func(t *testing.T) {
				d := newDesk(t, manySeed)
				w := &world{rows: map[string][]map[string]any{}, config: manyConfig, files: manyFiles}
				tagging("people", 10, 4, "vip", "yes")(w)
				w.put(t, d)
				if err := d.far.AddFaults(f); err != nil {
					t.Fatal(err)
				}
				d.run(func(e *engine.Engine) {
					pl, _ := d.planned(e)
					a, err := e.Apply(t.Context(), pl, nil, engine.ApplyOptions{NoBackup: true})
					if err != nil || a.Incomplete() || a.Books.Sets["contact.people"][plan.OutCreated] != 4 {
						t.Errorf("%v %+v", err, a.Books)
					}
				})
				if again := d.apply(); again.writes != 0 || again.proof != 0 {
					t.Errorf("again: %d writes, %d changes are left", again.writes, again.proof)
				}
				if got := taggings(t, d, "contact"); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("tags %v, want %v", got, want)
				}
			})
		}
	}
}
