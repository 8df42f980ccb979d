package report_test

import (
	"testing"

	"deskform/plan"
	"deskform/plan/report"
)

// TestMaskAnswer: what an answer repeats of a person is hidden; code, ids and the fixed words stay.
func TestMaskAnswer(t *testing.T) {
	kinds := []plan.Kind{{Name: "contact", Fields: []plan.Field{{Name: "name", Personal: true}, {Name: "role"}}}}
	values := plan.Fields{"name": "Ann Smith", "role": "user"}
	for _, tt := range []struct{ name, text, want string }{
		{"e-mail", "create_contact: HTTP 400 parameter_invalid: ann.smith+x@acme.example is invalid", "create_contact: HTTP 400 parameter_invalid: (e-mail) is invalid"},
		{"e-mail in brackets", "HTTP 409 conflict: taken (ann@acme.example).", "HTTP 409 conflict: taken ((e-mail))."},
		{"quoted", `HTTP 422 data_invalid: 'Old Town' is no value for "department"`, "HTTP 422 data_invalid: (personal, 8 characters) is no value for (personal, 10 characters)"},
		{"names of fields stay", "HTTP 400 bad_request: bad 'custom_attributes' or 'email' parameter", "HTTP 400 bad_request: bad 'custom_attributes' or 'email' parameter"},
		{"phone", "HTTP 400 parameter_invalid: +7 (916) 123-45-67 is no phone", "HTTP 400 parameter_invalid: (phone) is no phone"},
		{"phone without signs", "HTTP 400 parameter_invalid: 79161234567 is no phone", "HTTP 400 parameter_invalid: (phone) is no phone"},
		{"phone in groups", "HTTP 400 x: 916 123 45 67 is taken", "HTTP 400 x: (phone) is taken"},
		{"the record's own", "HTTP 400 parameter_invalid: Ann Smith is too long for a user", "HTTP 400 parameter_invalid: (personal) is too long for a user"},
		{"ids and times stay", "HTTP 409 conflict: exists with id=65aa00000000000000000001, conversation 5012345678 of 2026-01-05 10:00", "HTTP 409 conflict: exists with id=65aa00000000000000000001, conversation 5012345678 of 2026-01-05 10:00"},
		{"our own words stay", `set on_archived = "restore", then apply again`, `set on_archived = "restore", then apply again`},
	} {
		if got := report.MaskAnswer(report.Options{Kinds: kinds}, tt.text, "contact", values); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
		if got := report.MaskAnswer(report.Options{Kinds: kinds, Reveal: true}, tt.text, "contact", values); got != tt.text {
			t.Errorf("%s revealed: %s", tt.name, got)
		}
	}
}
