package intercom_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/plan/report"
	"deskform/providers/intercom"
)

// TestObjectAttributeIsNamed: whichever way Intercom lets an attribute of a custom object down, the error names it, also
// masked; what it kept is proven.
func TestObjectAttributeIsNamed(t *testing.T) {
	kept := func(custom string) string {
		return `{"id":"7","type":"Problem","external_id":"itsm:p1","custom_attributes":` + custom + `}`
	}
	refused := func(code, message, field string) string {
		return fmt.Sprintf(`{"type":"error.list","errors":[{"code":%q,"message":%q,"field":%q}]}`, code, message, field)
	}
	for _, tt := range []struct {
		name   string
		status int
		body   string
		lacks  string // the attribute that is proven not to be there
		says   string
		proves []string
	}{
		{"kept", 200, kept(`{"size":3,"kind":"old"}`), "", "", []string{"Problem/kind", "Problem/size"}},
		{"refused by a message", 400, refused("parameter_invalid", "Custom attribute 'size' does not exist", ""), "Problem/size", "attribute size of custom object type Problem", nil},
		{"refused by its field", 422, refused("parameter_invalid", "Unknown", "custom_attributes.size"), "Problem/size", "attribute size of custom object type Problem", nil},
		{"refused for something else", 400, refused("parameter_invalid", "external_id is too long", "external_id"), "", "external_id", nil},
		{"dropped in silence", 200, kept(`{"kind":"old"}`), "Problem/size", "did not keep size of custom object type Problem", nil},
		{"an option that is none, which says nothing about the list", 200, kept(`{"size":3}`), "", "did not keep kind of custom object type Problem", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			defer srv.Close()
			w := intercom.NewWriter(intercom.Config{Endpoint: srv.URL, Token: "t", RateShare: 1, ObjectTypes: []string{"Problem"},
				ObjectAttributes: []intercom.ObjectAttribute{{Of: "Problem", Name: "size", DataType: "integer"}, {Of: "Problem", Name: "kind", DataType: "list"}}})
			res, err := w.Do(t.Context(), plan.Step{Key: "k", Kind: "object", Op: "create_object", Fields: []string{"attributes.kind", "attributes.size"}, Repeatable: true,
				Payload: plan.Fields{"type": "Problem", "external_id": "itsm:p1", "attributes.size": int64(3), "attributes.kind": "old"}})
			var proves []string
			for _, p := range res.Proves {
				proves = append(proves, p.ID)
			}
			if !slices.Equal(proves, tt.proves) {
				t.Errorf("it proves %v, want %v", proves, tt.proves)
			}
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var se *plan.StepError
			if !errors.As(err, &se) || se.Lacks.ID != tt.lacks || se.Verdict != plan.Permanent {
				t.Fatalf("%+v lacks %+v, want %q", err, se.Lacks, tt.lacks)
			}
			if said := report.MaskAnswer(report.Options{Kinds: intercom.Kinds()}, err.Error(), "object", nil); !strings.Contains(said, tt.says) {
				t.Errorf("%q does not say %q", said, tt.says)
			}
		})
	}
}
