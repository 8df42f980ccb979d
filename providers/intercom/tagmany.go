package intercom

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"deskform/plan"
)

// taggedAtOnce is how many contacts or companies one call tags: Intercom advises against more than 50, which may run into a
// timeout; no limit is written down (IC 3.7).
const taggedAtOnce = 50

// tagged says how an added tag of a contact or company goes with that of others: by its name, which is read before the call.
// A contact alone is tagged by the tag's id, a company always by the name.
func tagged(s plan.Step) *plan.Bulk {
	switch {
	case s.Op == "tag_contact":
		return &plan.Bulk{Key: "tag_contacts/" + sub(s.Member), Op: "tag_contacts", Max: taggedAtOnce, Reads: 1}
	case s.Op == "tag_company":
		return &plan.Bulk{Key: "tag_companies/" + sub(s.Member), Op: "tag_companies", Max: taggedAtOnce, Reads: 1, Single: 1}
	}
	return nil
}

// tagNamed is a tag's name, by which alone POST /tags tags (IC 3.7). It is read each time: with an old name the call would
// make a second tag.
func (w *Writer) tagNamed(ctx context.Context, id string) (string, error) {
	var tag struct {
		Name string `json:"name"`
	}
	err := w.c.read(ctx, http.MethodGet, "/tags/"+id, nil, &tag, "GET /tags/ID")
	if err == nil && tag.Name == "" {
		err = &unreadable{fmt.Errorf("tag %s has no name in it", id)}
	}
	return tag.Name, err
}

// A tagging is what POST /tags answers.
type tagging struct {
	ID        text    `json:"id"`
	Users     []reach `json:"users"`
	Companies []reach `json:"companies"`
}

// A reach is one whom POST /tags has tagged or untagged.
type reach struct {
	ID     text `json:"id"`
	Tagged bool `json:"tagged"`
}

// postTag tags or untags what list, "users" or "companies", names.
func (w *Writer) postTag(ctx context.Context, s plan.Step, list string, whom []any) (tagging, error) {
	var out tagging
	id := fmt.Sprint(s.Payload["member"])
	name, err := w.tagNamed(ctx, id)
	if err != nil {
		return out, err
	}
	answer, err := w.c.send(ctx, http.MethodPost, "/tags", map[string]any{"name": name, list: whom}, s.Op, "")
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return out, &unreadable{err}
	}
	if out.ID != "" && string(out.ID) != id {
		return out, &plan.StepError{Step: s.Op, Code: "renamed", Verdict: plan.Permanent, Message: fmt.Sprintf("tag %s was renamed meanwhile, and Intercom has put tag %s with the old name %q on what was to get it; take that away there, then apply again", id, out.ID, name)}
	}
	return out, nil
}

// tagMany tags contacts or companies in one call. Whom Intercom does not know it passes over in silence, so that the answer
// names fewer (IC 3.7, trap 11).
func (w *Writer) tagMany(ctx context.Context, s plan.Step) (plan.Result, error) {
	ids, _ := s.Payload["ids"].([]plan.Value)
	var whom []any
	for _, id := range ids {
		whom = append(whom, map[string]any{"id": id})
	}
	list := "users"
	if s.Op == "tag_companies" {
		list = "companies"
	}
	got, err := w.postTag(ctx, s, list, whom)
	if err != nil {
		return plan.Result{}, err
	}
	var res plan.Result
	for _, r := range append(got.Users, got.Companies...) {
		if r.Tagged {
			res.Members = append(res.Members, string(r.ID))
		}
	}
	return res, nil
}

// tagCompany tags or untags one company, and looks whether Intercom did it.
func (w *Writer) tagCompany(ctx context.Context, s plan.Step) (plan.Result, error) {
	company := map[string]any{"id": s.ID}
	if s.Op == "untag_company" {
		company["untag"] = true
	}
	got, err := w.postTag(ctx, s, "companies", []any{company})
	if err != nil {
		return plan.Result{}, err
	}
	if !slices.Contains(got.Companies, reach{text(s.ID), s.Op == "tag_company"}) {
		return plan.Result{}, &plan.StepError{Step: s.Op, Code: "dropped", Verdict: plan.Permanent, Message: "Intercom passed over the company in silence (IC trap 11); it may be archived: plan again"}
	}
	return plan.Result{ID: s.ID}, nil
}
