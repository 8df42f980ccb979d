package intercom_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
)

// mappings are what a configuration may make of a row's flag, right or wrong.
var mappings = map[string]func(source bool, r *rand.Rand) plan.Value{
	"right":        func(source bool, _ *rand.Rand) plan.Value { return source },
	"always false": func(bool, *rand.Rand) plan.Value { return false },
	"always true":  func(bool, *rand.Rand) plan.Value { return true },
	"swapped":      func(source bool, _ *rand.Rand) plan.Value { return !source },
	"null":         func(bool, *rand.Rand) plan.Value { return nil },
	"a text":       func(source bool, _ *rand.Rand) plan.Value { return fmt.Sprint(source) },
	"a number":     func(bool, *rand.Rand) plan.Value { return int64(1) },
	"by chance":    func(_ bool, r *rand.Rand) plan.Value { return r.IntN(2) == 0 },
}

// TestPrivateNeverArrivesPublic: whatever a mapping makes of the source's flag, of author, time, length and files, no word
// of a private comment stands in anything that a customer sees, and every word that the mapping rightly publishes does.
// Wants go through Normalize, Steps and Do into the sandbox, and what arrived is read back from it.
func TestPrivateNeverArrivesPublic(t *testing.T) {
	d := intercom.NewDestination("")
	for name, mapped := range mappings {
		t.Run(name, func(t *testing.T) {
			clock := &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
			far, err := sandbox.New(sandbox.Options{Token: testToken, Clock: clock, Seed: strings.NewReader(`{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
				"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}, {"id": "12", "name": "Agent", "email": "agent@acme.example", "has_inbox_seat": true}]}`)})
			if err != nil {
				t.Fatal(err)
			}
			cfg := config(far.RoundTripper(), clock)
			cfg.HTTP = &http.Client{Transport: far.RoundTripper()}
			cfg.Files = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte("a"))), nil }
			w := intercom.NewWriter(cfg)
			ann, err := w.Do(t.Context(), plan.Step{Key: "a", Kind: "contact", Op: "create_contact", Payload: plan.Fields{"role": "user", "email": "ann@acme.example"}})
			if err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(6) {
				r := rand.New(rand.NewPCG(seed, uint64(len(name))))
				want, source := randomThread(r, mapped)
				d.Normalize("conversation", &want, definitions)
				private, public := arrive(t, d, w, ann.ID, want)
				for key, hidden := range source {
					word := "secret" + strings.ReplaceAll(key, "$", "")
					if hidden && strings.Contains(public, word) {
						t.Errorf("seed %d: the private comment %s is visible to the customer", seed, key)
					}
					if name == "right" && (hidden && !strings.Contains(private, word) || !hidden && !strings.Contains(public, word)) {
						t.Errorf("seed %d: %s did not arrive where it belongs", seed, key)
					}
				}
			}
		})
	}
}

// randomThread is a conversation whose comments each hold a word of their own, and the source's flag of each.
func randomThread(r *rand.Rand, mapped func(bool, *rand.Rand) plan.Value) (plan.Want, map[string]bool) {
	want := plan.Want{Key: fmt.Sprint("sc$", r.IntN(1<<30)), Fields: plan.Fields{"created_at": int64(1767600000), "body": "It does not print.", "state": "closed", "on_long": "split",
		"file_policy.deny": []plan.Value{"exe"}}}
	source := map[string]bool{}
	for i := range 2 + r.IntN(4) {
		key := fmt.Sprint("c$", i)
		hidden := r.IntN(2) == 0
		source[key] = hidden
		body := "secretc" + fmt.Sprint(i) + " "
		if r.IntN(3) == 0 {
			body = "<p>" + strings.Repeat(body, 5000) + "</p>" // goes on in more parts, each with the word
		}
		f := plan.Fields{"body": body, "created_at": int64(1767600000 + r.IntN(1000)), "author": []plan.Value{nil, plan.Author("teammate", "12"), plan.Author("contact", nil), plan.Author("actor", "Ann")}[r.IntN(4)]}
		if p := mapped(hidden, r); p != nil || r.IntN(2) == 0 {
			f["private"] = p
		}
		if r.IntN(3) == 0 {
			for j := range r.IntN(14) {
				f["files"] = append(list(f["files"]), plan.File{Key: fmt.Sprint("file$", j), Name: "secretc" + fmt.Sprint(i) + []string{".exe", ".txt"}[j%2], Type: "text/plain", SHA256: strings.Repeat("a", 64), Size: 1})
			}
		}
		want.Parts = append(want.Parts, plan.PartWant{List: "comments", Key: key, Fields: f, SourcePrivate: &hidden})
	}
	return want, source
}

func list(v plan.Value) []plan.Value { l, _ := v.([]plan.Value); return l }

// arrive carries out a want and reads back what teammates alone can see, and what the customer sees as well.
func arrive(t *testing.T, d *intercom.Destination, w *intercom.Writer, contact string, want plan.Want) (private, public string) {
	c := plan.Change{Address: plan.Address{Set: "conversation.all", Key: want.Key}, Kind: "conversation", Action: plan.Create, Want: want.Fields}
	c.Want["contact"] = contact
	for _, p := range want.Parts {
		if author, ok := p.Fields["author"].(map[string]plan.Value); ok && author["as"] == "contact" {
			p.Fields["author"] = plan.Author("contact", contact)
		}
		c.Parts = append(c.Parts, plan.PartChange{List: p.List, Key: p.Key, What: "append", Fields: p.Fields, SourcePrivate: p.SourcePrivate})
	}
	id := ""
	for _, s := range d.Steps(c) {
		if id != "" {
			s.ID = id
		}
		res, err := w.Do(t.Context(), s)
		if err != nil {
			if s.Part == "" || s.SourcePrivate == nil || !*s.SourcePrivate {
				t.Errorf("%s: %v", s.Key, err)
			}
			continue // the run sets the record aside here; going on is the harder case
		}
		if s.Op == "create_conversation" {
			id = res.ID
		}
	}
	live, err := w.Get(t.Context(), "conversation", id)
	if err != nil {
		t.Fatal(err)
	}
	public = fmt.Sprint(live.Fields["body"], live.Fields["title"])
	for _, p := range live.Parts {
		if p.Fields["private"] == true {
			private += fmt.Sprint(p.Fields["body"])
		} else {
			public += fmt.Sprint(p.Fields["body"])
		}
	}
	return private, public
}
