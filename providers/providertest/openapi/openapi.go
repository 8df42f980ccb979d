// Package openapi holds HTTP exchanges against Intercom's own description of its API: each request that a client sends
// and each answer that a sandbox gives. Where the two differ on purpose, a Difference says so and names its source.
package openapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// file is the description, beside the repository and not in it.
const file = "shared/intercom/openapi-2.16.yaml"

// A Difference is a place where the sandbox or the client differs from the description on purpose. A complaint about
// Operation (empty: any) that Text matches is not one.
type Difference struct {
	Operation string
	Text      *regexp.Regexp
	// Source says why, with its place in the reference.
	Source string
}

// A Validator collects what does not fit the description. It is safe for concurrent use.
type Validator struct {
	router routers.Router
	allow  []Difference

	mu    sync.Mutex
	used  map[int]int
	seen  map[string]int // operationId and status
	wrong map[string]int // complaint, with its count
}

// Load reads the description; the test is skipped by name where it is absent.
func Load(t testing.TB, allow []Difference) *Validator {
	t.Helper()
	path, err := find()
	if err != nil {
		t.Skipf("%s is not beside the repository: %v", file, err)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatalf("load %s: %v", path, err)
	}
	// Paths alone tell operations apart; the test's server has another address.
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatalf("read the paths of %s: %v", path, err)
	}
	return &Validator{router: router, allow: allow, used: map[int]int{}, seen: map[string]int{}, wrong: map[string]int{}}
}

// find looks for the description beside the repository, which is where go.mod stands.
func find() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(filepath.Dir(dir), filepath.FromSlash(file))
			_, err := os.Stat(path)
			return path, err
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("there is no go.mod above this folder")
		}
		dir = filepath.Dir(dir)
	}
}

// Around checks what passes through a handler; what stands under /_sandbox/ is not Intercom's.
func (v *Validator) Around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
			h.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(rec, r)
		v.check(r, body, rec.status, rec.Header(), rec.body.Bytes())
	})
}

// RoundTripper checks what a client in this process sends and gets.
func (v *Validator) RoundTripper(rt http.RoundTripper) http.RoundTripper { return tripper{v, rt} }

type tripper struct {
	v  *Validator
	rt http.RoundTripper
}

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := t.rt.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	t.v.check(r, body, resp.StatusCode, resp.Header, answer)
	return resp, nil
}

type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

// check validates one exchange. A request that was refused is not held against the description: refusing it is right.
func (v *Validator) check(r *http.Request, body []byte, status int, header http.Header, answer []byte) {
	req := r.Clone(context.Background())
	req.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := v.router.FindRoute(req)
	if err != nil {
		v.complain(r.Method+" "+r.URL.Path, "request", err)
		return
	}
	op := route.Operation.OperationID
	v.mu.Lock()
	v.seen[fmt.Sprintf("%s %d", op, status)]++
	v.mu.Unlock()
	opts := &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: opts}
	if status < 300 {
		v.complain(op, "request", openapi3filter.ValidateRequest(context.Background(), in))
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: header, Options: opts}
	out.SetBodyBytes(answer)
	v.complain(op, fmt.Sprintf("answer %d", status), openapi3filter.ValidateResponse(context.Background(), out))
}

// complain notes each single error that is no known difference.
func (v *Validator) complain(op, what string, err error) {
	for _, text := range flatten(err) {
		i := slices.IndexFunc(v.allow, func(d Difference) bool {
			return (d.Operation == "" || d.Operation == op) && d.Text.MatchString(what+": "+text)
		})
		v.mu.Lock()
		if i >= 0 {
			v.used[i]++
		} else {
			v.wrong[op+" "+what+": "+text]++
		}
		v.mu.Unlock()
	}
}

// flatten makes one line of each single error.
func flatten(err error) []string {
	if err == nil {
		return nil
	}
	var many openapi3.MultiError
	if errors.As(err, &many) {
		var out []string
		for _, e := range many {
			out = append(out, flatten(e)...)
		}
		return out
	}
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		path := digits.ReplaceAllString("/"+strings.Join(schema.JSONPointer(), "/"), "/N")
		if schema.Origin != nil {
			var out []string
			for _, text := range flatten(schema.Origin) {
				out = append(out, path+": "+text)
			}
			return out
		}
		return []string{fmt.Sprintf("%s: %s", path, schema.Reason)}
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return []string{first}
}

var digits = regexp.MustCompile(`/\d+`)

// Report fails the test for every complaint, and for every difference that nothing needed: the list stays true.
func (v *Validator) Report(t testing.TB) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	lines := make([]string, 0, len(v.wrong))
	for text, n := range v.wrong {
		lines = append(lines, fmt.Sprintf("%s (%d times)", text, n))
	}
	slices.Sort(lines)
	for _, l := range lines {
		t.Error(l)
	}
}

// Unused are the differences that no exchange needed.
func (v *Validator) Unused() []Difference {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []Difference
	for i, d := range v.allow {
		if v.used[i] == 0 {
			out = append(out, d)
		}
	}
	return out
}

// Seen counts the exchanges by "operationId status".
func (v *Validator) Seen() map[string]int {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := map[string]int{}
	for k, n := range v.seen {
		out[k] = n
	}
	return out
}
