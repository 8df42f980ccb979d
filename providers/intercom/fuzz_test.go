package intercom_test

import (
	"bytes"
	"errors"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"deskform/plan"
	"deskform/providers/intercom"
)

// canned answers everything with the same bytes.
type canned struct {
	status int
	body   []byte
	calls  int
}

func (c *canned) RoundTrip(*http.Request) (*http.Response, error) {
	if c.calls++; c.calls > 200 {
		return nil, errors.New("it asks for ever")
	}
	return &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(c.body))}, nil
}

// FuzzAnswers gives every read and every step whatever bytes as its answer: it is understood, or it is an error that
// does not panic, loop for ever or show the token.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"type":"admin","email":"a@x.example","app":{"id_code":"ws1","region":"EU"}}`,
		`{"type":"list","data":[{"type":"contact","id":"65aa00000000000000000001","role":"user","email":"a@x.example","custom_attributes":{"a":1},"tags":{"data":[{"id":"7"}]}}],"pages":{"next":{"starting_after":"x"}}}`,
		`{"type":"conversation","id":"7","created_at":1,"updated_at":2,"state":"open","source":{"body":"<p>x</p>"},"contacts":{"contacts":[{"id":"1"}]},"admin_assignee_id":0,"conversation_parts":{"total_count":1,"conversation_parts":[{"id":"9","part_type":"comment","body":"y","author":{"type":"admin","id":"11"}}]}}`,
		`{"type":"error.list","errors":[{"code":"conflict","message":"A contact matching those details already exists with id=65aa00000000000000000001"}]}`,
		`{"admins":[{"id":"11","email":"mover@acme.example"}],"teams":[{"id":"21","name":"x"}],"tags":{"tags":null}}`,
		`{"type":"list","data":[{"type":"ticket_type","id":"70","name":"Incident","ticket_type_attributes":{"data":[{"id":"71","name":"prio","data_type":"list","input_options":[{"id":"g-1","label":"High"}]}]},"ticket_states":{"data":[{"id":"1","category":"submitted"}]}}]}`,
		`{"type":"ticket","id":"7","open":true,"created_at":1,"updated_at":2,"ticket_type":{"id":"70"},"ticket_state":{"id":"1"},"ticket_attributes":{"_default_title_":"x","prio":"g-1"},"contacts":{"contacts":[{"id":"1"}]},"ticket_parts":{"total_count":1,"ticket_parts":[{"id":"9","part_type":"comment","body":"y","author":{"type":"admin","id":"11"}}]}}`,
		`{"type":"Change","id":"21","external_id":"itsm:1","custom_attributes":{"risk":"Low","problems":{"type":"Problem.list","instances":[{"id":"22","type":"Problem"}]}}}`,
		`{"type":"tag","id":"31","name":"vip","users":[{"id":"1","tagged":true},{"id":2,"tagged":false},null],"companies":null}`,
		`{"type":"list","data":[{"id":"1","category":"submitted","internal_label":"New","ticket_types":{"data":[{"id":"70"}]}}]}`,
		`{"conversations":[{"id":null}],"conversation_id":7}`, `[]`, `null`, `<html>`, ``, `{"data":{}}`, `{"errors":[]}`,
	} {
		f.Add(200, []byte(seed))
		f.Add(409, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 || status == 429 || status < 400 && status >= 300 || bytes.Contains(body, []byte("Too many recent replies")) {
			return
		}
		far := &canned{status: status, body: body}
		w := intercom.NewWriter(intercom.Config{Endpoint: "http://intercom.sandbox", Token: "secret-token-77", Actor: "mover@acme.example", RateShare: 1,
			ObjectTypes: []string{"Change"}, ObjectAttributes: []intercom.ObjectAttribute{{Of: "Change", Name: "risk"}}, HTTP: &http.Client{Transport: far}, Clock: &leap{time.Unix(1767600000, 0)}})
		check := func(err error) {
			if err != nil && strings.Contains(err.Error(), "secret-token-77") && !bytes.Contains(body, []byte("secret-token-77")) {
				t.Errorf("the token is in an error: %v", err)
			}
		}
		_, err := w.Workspace(t.Context())
		check(err)
		for _, k := range intercom.Kinds() {
			far.calls = 0
			for l, err := range w.Sweep(t.Context(), k.Name, time.Time{}) {
				check(err)
				if err == nil && l.ID == "" {
					t.Errorf("a %s without an id came out of %q", k.Name, body)
				}
				if err != nil {
					break
				}
			}
			far.calls = 0
			_, err := w.Get(t.Context(), k.Name, "7")
			check(err)
		}
		for _, op := range []string{"create_contact", "create_conversation", "note", "update_conversation", "create_tag", "upsert_company", "close", "create_ticket_type", "create_ticket_attribute", "create_ticket", "update_ticket", "create_object", "tag_company", "tag_contacts"} {
			far.calls = 0
			kind := map[string]string{"create_contact": "contact", "create_tag": "tag", "upsert_company": "company", "tag_company": "company", "tag_contacts": "contact",
				"create_ticket_type": "ticket_type", "create_ticket_attribute": "ticket_attribute", "create_ticket": "ticket", "update_ticket": "ticket", "create_object": "object"}[op]
			if kind == "" {
				kind = "conversation"
			}
			s := plan.Step{Key: op, Op: op, Kind: kind, ID: "7", Payload: plan.Fields{"name": "x", "email": "a@x.example", "contact": "1", "body": "x", "token": "itsm365x0123456789ab", "created_at": int64(1),
				"type": "70", "of": "70", "data_type": "string", "external_id": "itsm:1", "member": "31", "ids": []plan.Value{"1", "2"}, "key": "t1"}}
			res, err := w.Do(t.Context(), s)
			check(err)
			if err == nil && res.ID == "" && op != "tag_contacts" { // which is about several
				t.Errorf("%s succeeded without an id: %q", op, body)
			}
			far.calls = 0
			_, err = w.Settle(t.Context(), plan.Intent{Step: s, At: time.Unix(1767600000, 0)})
			check(err)
		}
	})
}

// FuzzText: whatever a ticket holds, its message runs nothing, loads nothing and carries no key of the source.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"plain\n\ntext", "<p>a<br>b</p>", "<script>alert(1)</script><img src=x onerror=alert(1)>", `<a href="javascript:alert(1)">x</a>`,
		`<a href="https://acme.itsm365.com/sd/services/rest/exec?accessKey=77-aa">close</a>`, `<a href=https://x.example/?accessKey=77>x</a>`,
		"accessKey=77-aa", `<img width="1" src="https://t.example/p.gif">`, `<a href="https://x.example/?acce&#115;sKey=77">x</a>`, "<style>b{}</style><iframe src=x>",
		"&lt;script&gt;alert(1)&lt;/script&gt;", "<<a>script>", "\x00\x1b[31m", `<div onclick=x>y</div><form action=x><input></form>`, "@all <b>hi",
	} {
		f.Add(seed)
	}
	call := map[string]func([]plan.Value) (plan.Value, error){}
	for _, fn := range intercom.Schema().Functions {
		call[fn.Name] = fn.Call
	}
	allowed := regexp.MustCompile(`^</?(p|br|b|strong|i|em|u|ul|ol|li|h1|h2|code|pre|blockquote)/?>$|^<a href="(https?:|mailto:|tel:)[^"<>]*"( rel="nofollow")?>$|^</a>$`)
	tag := regexp.MustCompile(`<[^>]*>?`)
	key := regexp.MustCompile(`(?i)access_?key=[^&\s"'<>]`)
	f.Fuzz(func(t *testing.T, in string) {
		for _, name := range []string{"html", "text"} {
			got, err := call[name]([]plan.Value{in})
			if err != nil {
				t.Fatal(err)
			}
			out, _ := got.(string)
			if !utf8.ValidString(out) || strings.ContainsAny(out, "\x00\x1b") {
				t.Errorf("%s(%q) is %q", name, in, out)
			}
			if key.MatchString(html.UnescapeString(out)) {
				t.Errorf("%s(%q) carries a key: %q", name, in, out)
			}
			if name == "text" {
				continue
			}
			for _, m := range tag.FindAllString(out, -1) {
				if !allowed.MatchString(m) {
					t.Errorf("html(%q) lets %q through: %q", in, m, out)
				}
			}
		}
	})
}
