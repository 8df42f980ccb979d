package sandbox_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"deskform/providers/intercom/sandbox"
)

// TestSizes: a request takes 25 MB with its base64, a file 20 MB (IC 7 #6), or what the options say.
func TestSizes(t *testing.T) {
	reply := func(size int) string {
		return `{"message_type":"note","type":"admin","admin_id":"11","body":"x","attachment_files":[{"content_type":"text/plain","name":"a.txt","data":"` +
			base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", size))) + `"}]}`
	}
	d := newDesk(t, peopleSeed, sandbox.Options{})
	path := d.thread(ann) + "/reply"
	d.do(200, "POST", path, "%s", reply(18<<20))
	d.says(d.do(413, "POST", path, "%s", reply(19<<20)), "client_error", "Request entity too large")
	d = newDesk(t, peopleSeed, sandbox.Options{MaxRequest: 3000, MaxFile: 1000})
	path = d.thread(ann) + "/reply"
	d.do(200, "POST", path, "%s", reply(1000))
	d.says(d.do(400, "POST", path, "%s", reply(1001)), "parameter_invalid", "an attachment is too large")
	d.says(d.do(413, "POST", path, "%s", reply(2300)), "client_error", "Request entity too large")
	d = newDesk(t, peopleSeed, sandbox.Options{MaxRequest: 40 << 20})
	path = d.thread(ann) + "/reply"
	d.do(200, "POST", path, "%s", reply(20<<20))
	d.says(d.do(400, "POST", path, "%s", reply(20<<20+1)), "parameter_invalid", "an attachment is too large")
}
