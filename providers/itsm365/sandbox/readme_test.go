package sandbox_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"deskform/providers/itsm365/sandbox"
)

// What README.md says can be sent is taken.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json (\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 4 {
		t.Fatalf("%d blocks, want 4", len(blocks))
	}
	keys, err := sandbox.ReadProfiles(strings.NewReader(blocks[0][2]))
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, func(o *sandbox.Options) { o.FS, o.Dir, o.Keys = nil, "../../../fixtures/acme/itsm365", keys })
	for _, b := range blocks[1:] {
		if status, answer, _ := d.do("POST", "/_sandbox/"+b[1], "", b[2]); status != 200 {
			t.Errorf("%s: %d %s", b[1], status, answer)
		}
	}
	if got := d.object("get/employee$503?attrs=email&accessKey=everything")["email"]; got != "new.name@acme.example" {
		t.Errorf("the e-mail is %v", got)
	}
	all, some := len(strings.Fields(d.see("find/serviceCall?attrs=UUID&accessKey=everything"))), len(strings.Fields(d.see("find/serviceCall?attrs=UUID&accessKey=one-company")))
	if some == 0 || some > all/2 {
		t.Errorf("a key for two companies sees %d of %d tickets", some, all)
	}
	if status, _, _ := d.do("GET", "find/serviceCall?limit=1&accessKey=everything", "", ""); status != 503 {
		t.Errorf("the third page is answered with %d", status)
	}
}
