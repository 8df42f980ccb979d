package intercom_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/transport"
)

// A sink takes requests, reads their bodies and answers with one part.
type sink struct{ bytes int64 }

func (s *sink) RoundTrip(r *http.Request) (*http.Response, error) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return nil, err
	}
	s.bytes += n
	body := `{"id":"7","type":"ticket_part","part_type":"comment"}`
	if strings.HasSuffix(r.URL.Path, "/admins") {
		body = `{"admins":[{"id":"11","email":"mover@acme.example"}]}`
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// A desk answers replies to a ticket, the first of them with 429, and keeps what was sent.
type attachDesk struct {
	refuse int
	bodies []string
}

func (d *attachDesk) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if cerr := r.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	if r.ContentLength != int64(len(body)) {
		return nil, fmt.Errorf("%d bytes came, %d were announced", len(body), r.ContentLength)
	}
	d.bodies = append(d.bodies, string(body))
	status, answer := 200, `{"id":"7","type":"ticket_part","part_type":"comment"}`
	if len(d.bodies) <= d.refuse {
		status, answer = 429, `{"type":"error.list","errors":[{"code":"rate_limit_exceeded","message":"x"}]}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// attaching sends a note with files whose contents are given by the name of their hash.
func attaching(t *testing.T, far http.RoundTripper, open func(string) (io.ReadCloser, error), names ...string) error {
	t.Helper()
	w := intercom.NewWriter(intercom.Config{Endpoint: "http://x.example", Token: "t", Actor: "mover@acme.example", RateShare: 1, HTTP: &http.Client{Transport: far},
		Clock: transport.Scaled(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 1e6), Files: open})
	var files []plan.Value
	for _, n := range names {
		files = append(files, plan.File{Key: "file$1", Name: n + `"<.txt`, Type: "text/plain", Size: 1, SHA256: n})
	}
	_, err := w.Do(t.Context(), plan.Step{Kind: "ticket", Op: "note", ID: "5", Key: "k", Payload: plan.Fields{"body": "<p>x</p>", "author": "11", "files": files}})
	return err
}

// admins answers the question who the actor is, and leaves the rest to another.
type admins struct{ http.RoundTripper }

func (a admins) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/admins") {
		return (&sink{}).RoundTrip(r)
	}
	return a.RoundTripper.RoundTrip(r)
}

// TestAttachments: what is streamed is the JSON that would have been held, whatever the sizes, and whole again in a second try.
func TestAttachments(t *testing.T) {
	contents := map[string]string{}
	var names []string
	for i, size := range []int{0, 1, 2, 3, 4, 12287, 12288, 12289, 100000} {
		name := fmt.Sprint("f", i)
		contents[name], names = strings.Repeat("ab\x00é", size)[:size], append(names, name)
	}
	far := &attachDesk{refuse: 2}
	if err := attaching(t, admins{far}, func(sha string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(contents[sha])), nil }, names...); err != nil {
		t.Fatal(err)
	}
	if len(far.bodies) != 3 || far.bodies[0] != far.bodies[2] {
		t.Fatalf("%d tries, or they differ", len(far.bodies))
	}
	var got struct {
		Body  string `json:"body"`
		Files []struct {
			Type string `json:"content_type"`
			Name string `json:"name"`
			Data []byte `json:"data"`
		} `json:"attachment_files"`
	}
	if err := json.Unmarshal([]byte(far.bodies[2]), &got); err != nil {
		t.Fatal(err)
	}
	if got.Body != "<p>x</p>" || len(got.Files) != len(names) {
		t.Fatalf("body %q, %d files", got.Body, len(got.Files))
	}
	for i, f := range got.Files {
		if f.Type != "text/plain" || f.Name != names[i]+`"<.txt` || string(f.Data) != contents[names[i]] {
			t.Errorf("%s: %s of type %s, %d bytes of %d", names[i], f.Name, f.Type, len(f.Data), len(contents[names[i]]))
		}
	}
}

// TestAttachmentBroken: a file that is gone or damaged sends nothing and is no doubt; one that breaks on its way neither.
func TestAttachmentBroken(t *testing.T) {
	damaged := errors.New("file f of the store is damaged")
	broken := func() io.ReadCloser {
		return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 50000)), iotest.ErrReader(damaged)))
	}
	for _, tt := range []struct {
		name string
		open func(n int) (io.ReadCloser, error)
	}{
		{"gone", func(int) (io.ReadCloser, error) { return nil, damaged }},
		{"damaged", func(int) (io.ReadCloser, error) { return broken(), nil }},
		{"breaks while it is sent", func(n int) (io.ReadCloser, error) {
			if n == 1 {
				return io.NopCloser(strings.NewReader(strings.Repeat("x", 60000))), nil
			}
			return broken(), nil
		}},
	} {
		far, n := &attachDesk{}, 0
		err := attaching(t, admins{far}, func(string) (io.ReadCloser, error) { n++; return tt.open(n) }, "f")
		var se *plan.StepError
		if !errors.As(err, &se) || se.Verdict != plan.Permanent || !strings.Contains(se.Message, "file f of the store is damaged") || len(far.bodies) > 0 {
			t.Errorf("%s: %v after %d calls", tt.name, err, len(far.bodies))
		}
	}
}

// BenchmarkAttachment: what a file of 18 MB costs on its way out.
func BenchmarkAttachment(b *testing.B) {
	const size = 18 << 20
	content := strings.Repeat("x", size)
	far := &sink{}
	w := intercom.NewWriter(intercom.Config{Endpoint: "http://x.example", Token: "t", Actor: "mover@acme.example", RateShare: 1, HTTP: &http.Client{Transport: far}, Clock: transport.Scaled(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 1e6),
		Files: func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }})
	step := plan.Step{Kind: "ticket", Op: "note", ID: "5", Key: "k", Payload: plan.Fields{"body": "<p>x</p>", "author": "11", "files": []plan.Value{plan.File{Key: "file$1", Name: "a.bin", Size: size, SHA256: strings.Repeat("a", 64)}}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Do(b.Context(), step); err != nil {
			b.Fatal(err)
		}
	}
	if far.bytes < size/3*4 {
		b.Errorf("%d bytes were sent", far.bytes)
	}
}
