package itsm365_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/itsm365/sandbox/desk"
)

// The checks of IT 8.5 over a tenant of many tickets, however it is paged, wherever its server stands, and whatever its
// values look like: the client reads the same rows, writes nothing and follows no link.
func TestMadeUpTenant(t *testing.T) {
	const tickets = 60
	d, err := desk.New(tickets, 11)
	if err != nil {
		t.Fatal(err)
	}
	full := map[string]plan.Value{"page_size": int64(1000), "rate": int64(1000)}
	with := func(more map[string]plan.Value) map[string]plan.Value {
		for name, v := range full {
			if _, given := more[name]; !given {
				more[name] = v
			}
		}
		return more
	}
	everything := sandbox.Profile{}
	noGet := sandbox.Profile{DenyGet: []string{"*"}}
	var first []string
	for _, c := range []struct {
		name string
		opt  sandbox.Options
		args map[string]plan.Value
	}{
		{"in one page", sandbox.Options{}, full},
		{"one by one", sandbox.Options{}, with(map[string]plan.Value{"page_size": int64(1)})},
		{"in sevens", sandbox.Options{}, with(map[string]plan.Value{"page_size": int64(7)})},
		{"under a ceiling", sandbox.Options{PageCeiling: 13}, full},
		{"a server in UTC", sandbox.Options{ServerZone: "UTC"}, with(map[string]plan.Value{"time_zone": "UTC"})},
		{"a server in Vladivostok, with fractions", sandbox.Options{ServerZone: "Asia/Vladivostok", Fraction: true}, with(map[string]plan.Value{"time_zone": "Asia/Vladivostok"})},
		{"get denied", sandbox.Options{Keys: map[string]sandbox.Profile{key: noGet}}, full},
		{"unknown attributes refused", sandbox.Options{UnknownAttr: sandbox.Refuse, UnknownFilter: sandbox.Refuse}, full},
		{"errors as pages, a slow server", sandbox.Options{ErrorsAsHTML: true, LatencyOf: map[string]time.Duration{"find": 3 * time.Second}}, full},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opt.FS = d
			if c.opt.Keys == nil {
				c.opt.Keys = map[string]sandbox.Profile{key: everything}
			}
			far, w := tenant(t, c.opt)
			src := source(t, w, c.args)
			rows := mustRead(t, src, data("serviceCall"))
			all := slices.Concat(rows, mustRead(t, src, comments(), keys(rows)...), mustRead(t, src, data("employee")), mustRead(t, src, pages("file", "title", "fileSize", "source", "creationDate")))
			st := far.Stats()
			if len(rows) != tickets || len(all) != st.Objects["serviceCall"]+st.Objects["comment"]+st.Objects["employee"]+st.Objects["file"] {
				t.Errorf("%d tickets, %d rows; there are %v", len(rows), len(all), st.Objects)
			}
			if st.Writes != 0 || st.LinkHits != 0 || st.Scripts != 0 || st.KeysRefused != 0 {
				t.Errorf("%d writes, %d followed links, %d scripts, %d refused keys", st.Writes, st.LinkHits, st.Scripts, st.KeysRefused)
			}
			var got []string
			for _, r := range all {
				if r.Broken != "" {
					t.Fatalf("%s: %s", r.Key, r.Broken)
				}
				got = append(got, r.Key+" "+string(r.JSON))
			}
			if first == nil {
				first = got
			}
			if len(got) != len(first) {
				t.Fatalf("%d rows, want %d", len(got), len(first))
			}
			for i := range got {
				if got[i] != first[i] {
					t.Fatalf("row %d differs:\n%s\n%s", i, got[i], first[i])
				}
			}
		})
	}
}

// A key with less rights reads less, and nothing breaks (IT 7, trap 2); an edition without modules says so once.
func TestMadeUpTenantWithGaps(t *testing.T) {
	d, err := desk.New(60, 11)
	if err != nil {
		t.Fatal(err)
	}
	far, w := tenant(t, sandbox.Options{FS: d, Edition: sandbox.Basic, TagsOff: []string{"Zadachi"}, Keys: map[string]sandbox.Profile{key: {
		HiddenClasses: []string{"serviceCall$call"}, HiddenPrivate: true, HiddenAttrs: []string{"clientPhone", "employee.email"},
	}}})
	src := source(t, w, map[string]plan.Value{"rate": int64(1000)})
	rows := mustRead(t, src, data("serviceCall"))
	if len(rows) == 0 || len(rows) >= 60 {
		t.Fatalf("%d tickets", len(rows))
	}
	for _, r := range rows {
		if v := values(t, r); v["metaClass"] == "serviceCall$call" || v["clientPhone"] != nil || v["problems"] != nil || v["tasks"] != nil {
			t.Errorf("%s shows what is hidden", r.Key)
		}
	}
	for _, r := range mustRead(t, src, comments(), keys(rows)...) {
		if values(t, r)["private"] == true {
			t.Errorf("%s is private", r.Key)
		}
	}
	if _, err := read(t.Context(), src, data("problem")); err == nil || !strings.Contains(err.Error(), "problem") {
		t.Errorf("problems of an edition without them: %v", err)
	}
	if got := mustRead(t, src, data("task")); len(got) != 0 {
		t.Errorf("%d tasks of a tag that is off", len(got))
	}
	if st := far.Stats(); st.Writes != 0 || st.LinkHits != 0 {
		t.Errorf("%d writes, %d followed links", st.Writes, st.LinkHits)
	}
}
