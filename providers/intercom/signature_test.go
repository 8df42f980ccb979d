package intercom_test

import (
	"strings"
	"testing"

	"deskform/plan"
)

// TestSignature: a picture that more messages have than is declared stays behind, without a word in the text.
func TestSignature(t *testing.T) {
	for _, tt := range []struct {
		name      string
		signature plan.Value
		typ       string
		seen      int64
		stays     bool
		broken    string
	}{
		{"in more", int64(5), "image/png", 6, true, ""},
		{"in as many", int64(5), "image/png", 5, false, ""},
		{"no picture", int64(5), "application/pdf", 6, false, ""},
		{"not declared", nil, "image/png", 6, false, ""},
		{"no number of messages", int64(0), "image/png", 6, false, "file_policy bad_limit"},
	} {
		file := plan.File{Key: "file$1", Name: "logo.png", Type: tt.typ, Size: 5, SHA256: strings.Repeat("a", 64), Seen: tt.seen}
		other := plan.File{Key: "file$2", Name: "screen.png", Type: "image/png", Size: 5, SHA256: strings.Repeat("b", 64), Seen: 1}
		w := long("", plan.Fields{"private": true, "created_at": int64(1767600060), "body": "<p>Hello</p>", "files": []plan.Value{file, other}})
		if tt.signature != nil {
			w.Fields["file_policy.signature"] = tt.signature
		}
		got, broken := normalized("conversation", w)
		files, _ := got.Parts[0].Fields["files"].([]plan.Value)
		want, notes := 2, ""
		if tt.stays {
			want, notes = 1, "comments signature part c1 leaves out the picture file$1, which 6 messages have"
		}
		told := ""
		for _, n := range got.Notes {
			told += n.Field + " " + n.Rule + " " + n.Text
		}
		if broken != tt.broken || len(files) != want || told != notes || got.Parts[0].Fields["body"] != "<p>Hello</p>" {
			t.Errorf("%s: %d files, notes %q, broken %q, %v", tt.name, len(files), told, broken, got.Parts[0].Fields["body"])
		}
	}
}
