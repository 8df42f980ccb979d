package intercom_test

import (
	"fmt"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/intercom"
)

// TestCleaned: what html() and text() take out is counted by rule, and the value is that of a call that counts nothing.
func TestCleaned(t *testing.T) {
	const secret = "https://acme.itsm365.com/sd/services/rest/exec?accessKey=77-aa"
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "<p>a <b>b</b> javascript: is a language</p>", ""},
		{"plain text", "1 < 2", ""},
		{"a script", "<p>a</p><script>alert(1)</script>", "script_removed 1"},
		{"handlers and frames", `<p onclick="x()">a</p><iframe src=x></iframe><a href="javascript:x()">b</a>`, "script_removed 3"},
		{"a tracker", `a<img src="https://t.example/o.gif" width="1" height="1">`, "tracker_removed 1"},
		{"pictures from elsewhere", `<img src="https://t.example/a.png"><img src=https://t.example/b.png>`, "remote_picture_removed 2"},
		{"inline pictures", `<img src="./download?uuid=file$42"><img src="data:image/png;base64,AAAA">`, "inline_picture 2"},
		{"a one-click link", `<p><a href="` + secret + `">close</a></p>`, "one_click_link_removed 1"},
		{"one-click links in plain text", "close: " + secret + "\nrate: " + secret, "one_click_link_removed 2"},
		{"a key outside of a link", "<p>accessKey=77-aa</p>", "one_click_link_removed 1"},
		{"keys that are told from words", `<p>accessKey: 77-aa-1, "accessKey":"77-aa-1", accessKey: <b>77-aa-1</b>, accessKey: ask</p>`, "one_click_link_removed 3"},
		{"what says so already", "<p>[link removed]</p>", ""},
		{"all at once", `<script>x</script><img src="https://t.example/o.gif" width=1 height=1 ><a href="` + secret + `">x</a>`, "one_click_link_removed 1, script_removed 1, tracker_removed 1"},
	} {
		for _, f := range intercom.Schema().Functions {
			if f.Name != "html" && f.Name != "text" {
				continue
			}
			var lost []string
			got, err := f.Losing([]plan.Value{tt.in}, func(rule string, times int) { lost = append(lost, fmt.Sprintf("%s %d", rule, times)) })
			if err != nil || strings.Join(lost, ", ") != tt.want {
				t.Errorf("%s: %s() counts %v, want %s; %v", tt.name, f.Name, lost, tt.want, err)
			}
			if same := calling(t, f.Name)(tt.in); got != same {
				t.Errorf("%s: %s() gives %q where it counts, else %q", tt.name, f.Name, got, same)
			}
		}
	}
}

// TestCleanedUnasked: a mapping that forgot html() is told what was taken out all the same.
func TestCleanedUnasked(t *testing.T) {
	d := intercom.NewDestination("")
	w := plan.Want{Key: "1", Fields: plan.Fields{"contact": "5", "created_at": int64(1767607200), "body": "x"},
		Parts: []plan.PartWant{{List: "comments", Key: "1", Fields: plan.Fields{"private": false, "created_at": int64(1767607201), "body": "<p>a</p><script>b</script>"}}}}
	if p := d.Normalize("conversation", &w, nil); len(p) > 0 {
		t.Fatal(p)
	}
	if len(w.Notes) != 1 || w.Notes[0] != (plan.Problem{Field: "comments", Rule: "script_removed", Times: 1, Text: "script removed: 1"}) {
		t.Errorf("notes %+v", w.Notes)
	}
}
