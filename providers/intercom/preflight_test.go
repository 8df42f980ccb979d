package intercom_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"deskform/plan"
)

// TestPreflight: each limit at its edge and one beyond; beyond it the record is invalid and the value is not made smaller.
func TestPreflight(t *testing.T) {
	now := noon.Unix()
	many := func(n int) []plan.Value {
		var out []plan.Value
		for i := range n {
			out = append(out, fmt.Sprint(i))
		}
		return out
	}
	long := strings.Repeat("ж", 256)
	for _, tt := range []struct {
		kind, field string
		good, bad   plan.Value
		rule        string
	}{
		{"contact", "external_id", long[2:], long, "too_long"},
		{"contact", "phone", long[2:], long, "too_long"},
		{"contact", "companies", many(1000), many(1001), "too_many"},
		{"contact", "signed_up_at", now, now + 1, "in_future"},
		{"contact", "signed_up_at", int64(1), int64(-1), "before_1970"},
		{"contact", "signed_up_at", int64(1767600000), int64(1767600000000), "milliseconds"},
		{"contact", "attributes.t", now + 1, int64(1767600000000), "milliseconds"}, // what is due may be to come
		{"contact", "attributes.t", int64(-5), int64(-1767600000000), "milliseconds"},
		{"company", "company_id", long[2:], long, "too_long"},
		{"company", "website", long[2:], long, "too_long"},
		{"company", "industry", long[2:], long, "too_long"},
		{"company", "size", int64(1<<31 - 1), int64(1 << 31), "out_of_range"},
		{"company", "size", int64(1), int64(-1), "out_of_range"},
		{"company", "remote_created_at", now, now + 1, "in_future"},
		{"conversation", "created_at", now, now + 1, "in_future"},
		{"conversation", "created_at", int64(1767600000), int64(1767600000000), "milliseconds"},
	} {
		base := map[string]plan.Fields{"company": {"company_id": "org:1"}, "conversation": {"created_at": now, "body": "x"}}[tt.kind]
		fields := func(v plan.Value) plan.Fields {
			f := plan.Fields{tt.field: v}
			for name, b := range base {
				if name != tt.field {
					f[name] = b
				}
			}
			return f
		}
		if _, broken := normalized(tt.kind, plan.Want{Fields: fields(tt.good)}); broken != "" {
			t.Errorf("%s %s at its limit: %s", tt.kind, tt.field, broken)
		}
		given := maps.Clone(fields(tt.bad))
		w, broken := normalized(tt.kind, plan.Want{Fields: fields(tt.bad)})
		if broken != tt.field+" "+tt.rule {
			t.Errorf("%s %s beyond its limit: %q, want %q", tt.kind, tt.field, broken, tt.rule)
		}
		if !plan.Equal(w.Fields[tt.field], given[tt.field]) {
			t.Errorf("%s %s was changed silently", tt.kind, tt.field)
		}
	}
}

// TestPreflightParts: times of parts, and files that together are more than a request holds.
func TestPreflightParts(t *testing.T) {
	big := func(mb ...int64) []plan.Value {
		var out []plan.Value
		for _, m := range mb {
			out = append(out, plan.File{Name: "a", SHA256: "ca97", Size: m << 20})
		}
		return out
	}
	for _, tt := range []struct {
		name, strategy string
		at             int64
		files          []plan.Value
		broken, parts  string
	}{
		{"now", "", noon.Unix(), nil, "", "0"},
		{"in the future", "", noon.Unix() + 1, nil, "comments in_future", "0"},
		{"milliseconds", "", noon.UnixMilli(), nil, "comments milliseconds", "0"},
		{"files of a request", "", 1767600060, big(9, 9), "", "2"},
		{"more than a request", "", 1767600060, big(9, 9, 1), "comments message_too_large", "3"},
		{"one large file", "", 1767600060, big(18), "", "1"},
		{"one file that is more than a request", "", 1767600060, big(19), "comments file_too_large", "1"},
		{"one file that is more than a request, split", "split", 1767600060, big(20), "comments file_too_large", "1"},
		{"more than a request, split", "split", 1767600060, big(9, 9, 1, 18, 2), "", "2 1 1 1"},
	} {
		w, broken := normalized("conversation", long(tt.strategy, plan.Fields{"private": true, "created_at": tt.at, "body": "x", "files": tt.files}))
		var got []string
		for _, p := range w.Parts {
			got = append(got, fmt.Sprint(len(list(p.Fields["files"]))))
		}
		if broken != tt.broken || strings.Join(got, " ") != tt.parts {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, strings.Join(got, " "), broken, tt.parts, tt.broken)
		}
	}
}
