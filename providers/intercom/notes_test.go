package intercom_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
)

func noteChange(kind string, a plan.Action, notes ...plan.PartChange) plan.Change {
	c := record(kind, a)
	c.Parts = notes
	return c
}

func remark(key, as string, who plan.Value, at plan.Value) plan.PartChange {
	f := plan.Fields{"author": plan.Author(as, who), "body": "Likes <b>tea</b>"}
	if at != nil {
		f["created_at"] = at
	}
	return plan.PartChange{List: "remarks", Key: key, What: "append", Hash: "h" + key, Fields: f}
}

// TestNoteSteps: one call a note, whose text says who and when, with a marker that only this note has; looked for only
// where the object was there before.
func TestNoteSteps(t *testing.T) {
	d := intercom.NewDestination("")
	at := plan.Value(int64(1767600120))
	for _, tc := range []struct {
		name   string
		change plan.Change
		front  string
		author plan.Value
		looks  bool
	}{
		{"nobody with a seat", noteChange("contact", plan.AppendTo, remark("1", "actor", "Ann <Ann>", at)), "<p><i>Ann &lt;Ann&gt; · 2026-01-05 08:02 UTC</i></p>", nil, true},
		{"a teammate", noteChange("contact", plan.Update, remark("1", "teammate", "12", at)), "<p><i>2026-01-05 08:02 UTC</i></p>", "12", true},
		{"without a time", noteChange("company", plan.Update, remark("1", "actor", "Ann", nil)), "<p><i>Ann</i></p>", nil, true},
		{"neither", noteChange("company", plan.Update, remark("1", "actor", "", nil)), "Likes", nil, true},
		{"adopted", noteChange("company", plan.Adopt, remark("1", "actor", "", nil)), "Likes", nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := d.Steps(tc.change)
			if ops(got) != "add_note remarks/1" {
				t.Fatal(ops(got))
			}
			text, _ := got[0].Payload["body"].(string)
			token, _ := got[0].Payload["token"].(string)
			if !strings.HasPrefix(text, tc.front) || !strings.HasSuffix(text, "<p><i>"+token+"</i></p>") || token == "" {
				t.Errorf("%q", text)
			}
			if got[0].Payload["author"] != tc.author || got[0].Looks != tc.looks || got[0].Public || got[0].Repeatable || got[0].Notifies != 0 {
				t.Errorf("%+v", got[0])
			}
		})
	}
	two := d.Steps(noteChange("contact", plan.Update, remark("1", "actor", "", nil), remark("2", "actor", "", nil)))
	if two[0].Payload["token"] == two[1].Payload["token"] {
		t.Error("two notes have one marker")
	}
}

// TestNotes: wherever the answer is lost, a note is there once (trap 35: a second one could never be deleted).
func TestNotes(t *testing.T) {
	for kind, op := range map[string]string{"contact": "createNote", "company": "createCompanyNote"} {
		for _, fault := range []string{"", "reset_before_commit", "reset_after_commit", "truncate"} {
			t.Run(kind+" "+fault, func(t *testing.T) {
				clock := &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
				far, err := sandbox.New(sandbox.Options{Token: "t", Clock: clock, Seed: strings.NewReader(`{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
					"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}], "contacts": [{"id": "65aa00000000000000000005", "email": "a@acme.example"}],
					"companies": [{"id": "65bb00000000000000000005", "company_id": "org:1", "name": "Acme"}]}`)})
				if err != nil {
					t.Fatal(err)
				}
				w := intercom.NewWriter(intercom.Config{Endpoint: "http://intercom.sandbox", Token: "t", Actor: "mover@acme.example", RateShare: 1, HTTP: &http.Client{Transport: far.RoundTripper()}, Clock: clock})
				s := intercom.NewDestination("").Steps(noteChange(kind, plan.Update, remark("1", "actor", "Ann", int64(1767600120))))[0]
				s.ID = map[string]string{"contact": "65aa00000000000000000005", "company": "65bb00000000000000000005"}[kind]
				if fault != "" {
					if err := far.AddFaults(sandbox.Fault{Operation: op, Kind: fault}); err != nil {
						t.Fatal(err)
					}
				}
				res, err := w.Do(t.Context(), s)
				if (err == nil) != (fault == "") {
					t.Fatalf("%+v, %v", res, err)
				}
				got, err := w.Settle(t.Context(), plan.Intent{Step: s})
				if err != nil || got.Found != (fault != "reset_before_commit") {
					t.Fatalf("settled as %+v, %v", got, err)
				}
				if fault == "" && got.Result.PartID != res.PartID {
					t.Errorf("found %s, written was %s", got.Result.PartID, res.PartID)
				}
				s.Looks = true // a lost state adopts it
				if _, err = w.Do(t.Context(), s); err != nil {
					t.Fatal(err)
				}
				parts, err := w.NoteParts(t.Context(), kind, s.ID)
				if err != nil || len(parts) != 1 {
					t.Fatalf("%d notes, %v", len(parts), err)
				}
				want := plan.PartWant{List: "remarks", Key: "1", Fields: plan.Fields{"body": "Likes <b>tea</b>", "created_at": int64(1767600120)}}
				if why := intercom.NewDestination("").SamePart(want, parts[0]); why != "" {
					t.Errorf("read back: %s (%v)", why, parts[0].Fields["body"])
				}
				want.Fields["body"] = "Likes coffee"
				if why := intercom.NewDestination("").SamePart(want, parts[0]); why != "its text differs" {
					t.Errorf("another text: %q", why)
				}
				s.Looks = false
				if _, err = w.Do(t.Context(), s); err != nil {
					t.Fatal(err)
				}
				if got, err = w.Settle(t.Context(), plan.Intent{Step: s}); err != nil || len(got.Copies) != 1 {
					t.Errorf("a second one: %+v, %v", got, err)
				}
				if err := w.RemoveCopy(t.Context(), plan.Intent{Step: s}, "1"); err == nil || !strings.Contains(err.Error(), "no API deletes a note") {
					t.Errorf("a copy is taken away: %v", err)
				}
			})
		}
	}
}

// TestParticipantSteps: by id, each counted as one customer told, and never the conversation's own contact.
func TestParticipantSteps(t *testing.T) {
	c := record("conversation", plan.Create, adds("participants", annID, orgID), set("title", "x"))
	c.Want = plan.Fields{"contact": annID}
	got := intercom.NewDestination("").Steps(c)
	if ops(got) != "create_conversation, add_participant "+orgID+", update_conversation" || got[1].Notifies != 1 || got[1].Customers != 1 {
		t.Errorf("%s, %+v", ops(got), got[1])
	}
	c = record("conversation", plan.Update, drops("participants", annID, orgID))
	c.Have = plan.Fields{"contact": annID}
	if got = intercom.NewDestination("").Steps(c); ops(got) != "remove_participant "+orgID || got[0].Notifies != 0 {
		t.Errorf("%s, %+v", ops(got), got[0])
	}
}
