package itsm365

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"

	"deskform/plan"
	"deskform/providers/transport"
)

// ErrKey says that the tenant does not take the access key: it is wrong, has expired, or was used up (IT 1.4). Trying
// again is no use.
var ErrKey = errors.New("ITSM 365 does not take the access key; check ITSM365_ACCESS_KEY, and whether the key has expired")

// Config is what a client is made of beside the provider block's arguments.
type Config struct {
	Clock  transport.Clock
	Log    hclog.Logger
	Redact *transport.Redactor
	// HTTP replaces the network, for a sandbox in process; nil for the real one.
	HTTP http.RoundTripper
}

// Source reads an ITSM 365 tenant. It is safe for concurrent use.
type Source struct {
	base     string
	key      string
	zone     *time.Location
	pageSize int
	http     *transport.Client
	clock    transport.Clock
	rate     *pacer

	inPath atomic.Bool // the server takes filters in the path only

	mu    sync.Mutex
	attrs map[string]map[string]bool // discovered, by class
	met   map[string]map[string]bool // types whose attributes are among them, by class
}

var (
	_ plan.Source = (*Source)(nil)
	_ plan.Opener = (*Source)(nil)
)

// New makes a source from the provider block's arguments.
func New(args map[string]plan.Value, c Config) (*Source, error) {
	s := &Source{clock: c.Clock, attrs: map[string]map[string]bool{}, met: map[string]map[string]bool{}, pageSize: 500}
	s.base, _ = args["url"].(string)
	s.key, _ = args["access_key"].(string)
	u, err := url.Parse(s.base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("provider itsm365: url %q is no address; write https://TENANT.itsm365.com/sd/services/rest", c.Redact.Text(s.base))
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("provider itsm365: url has more than an address in it; end it with the path, as in https://%s/sd/services/rest", u.Host)
	}
	s.base = strings.TrimRight(s.base, "/")
	if s.key == "" {
		return nil, errors.New("provider itsm365: access_key is empty; set it from the environment: env(\"ITSM365_ACCESS_KEY\")")
	}
	c.Redact.Add(s.key)
	zone, _ := args["time_zone"].(string)
	if zone == "" {
		zone = "Europe/Moscow"
	}
	if s.zone, err = time.LoadLocation(zone); err != nil {
		return nil, fmt.Errorf("provider itsm365: time_zone %q is not known; use an IANA name such as Europe/Moscow", zone)
	}
	perSecond := 2.0
	if v, ok := number(args["rate"]); ok {
		if v <= 0 {
			return nil, fmt.Errorf("provider itsm365: rate %g is no rate; it is calls a second", v)
		}
		perSecond = v
	}
	if v, ok := number(args["page_size"]); ok {
		if v < 1 {
			return nil, fmt.Errorf("provider itsm365: page_size %g is no page", v)
		}
		s.pageSize = int(v)
	}
	timeout, retries := 60.0, 5.0
	if v, ok := number(args["timeout"]); ok {
		timeout = v
	}
	if v, ok := number(args["retries"]); ok {
		retries = v
	}
	s.rate = &pacer{limit: rate.NewLimiter(rate.Limit(perSecond), 1), clock: c.Clock}
	s.http = &transport.Client{HTTP: &http.Client{Transport: c.HTTP}, Clock: c.Clock, Redact: c.Redact, Log: c.Log, Timeout: time.Duration(timeout * float64(time.Second)), Retries: int(retries), Final: final}
	return s, nil
}

func number(v plan.Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// A pacer spaces calls on the source's own clock.
type pacer struct {
	limit *rate.Limiter
	clock transport.Clock
	mu    sync.Mutex
}

func (p *pacer) wait(ctx context.Context) error {
	p.mu.Lock()
	r := p.limit.ReserveN(p.clock.Now(), 1)
	d := r.DelayFrom(p.clock.Now())
	p.mu.Unlock()
	return p.clock.Sleep(ctx, d)
}

// final tells failures that are no use to repeat: this service answers everything with 500 and a text (IT 1.4).
func final(err error) bool {
	var he *transport.HTTPError
	if !errors.As(err, &he) {
		return false
	}
	if badKey(he) {
		return true
	}
	if he.Status < 500 {
		return he.Status != http.StatusRequestTimeout && he.Status != http.StatusTooManyRequests
	}
	return missing(he) || he.Status == http.StatusInternalServerError && he.Text != "(no text)" && !strings.Contains(strings.ToLower(string(he.Body)), "<html")
}

// badKey reads the Russian wording of a refused key.
func badKey(e *transport.HTTPError) bool {
	text := strings.ToLower(e.Text)
	return e.Status == http.StatusUnauthorized || strings.Contains(text, "ключ авторизации") && strings.Contains(text, "не найден")
}

// missing reads the wording of an object that is not there, or that the key may not see.
func missing(e *transport.HTTPError) bool {
	return strings.Contains(e.Text, "Объект не найден")
}

// allowed are the methods of the service that this client may call.
var allowed = map[string]bool{"find": true, "get": true, "search": true, "get-file": true, "check-status": true}

// call sends one read. path is relative to the REST root; its first segment must be an allowed method.
func (s *Source) call(ctx context.Context, path string, query url.Values, body any, text bool) (*transport.Response, error) {
	method, _, _ := strings.Cut(path, "/")
	if !allowed[method] {
		panic("itsm365: " + method + " is no read, and this client only reads")
	}
	if err := s.rate.wait(ctx); err != nil {
		return nil, err
	}
	if query == nil {
		query = url.Values{}
	}
	if method != "check-status" {
		query.Set("accessKey", s.key)
	}
	r := transport.Request{Method: http.MethodGet, URL: s.base + "/" + path, Read: true, Op: "ITSM 365 " + path, Text: text, Header: http.Header{}}
	if len(query) > 0 {
		r.URL += "?" + query.Encode()
	}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r.Method, r.Body = http.MethodPost, b
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := s.http.Do(ctx, r)
	var he *transport.HTTPError
	if errors.As(err, &he) && badKey(he) {
		return nil, fmt.Errorf("ITSM 365 %s: %w", path, ErrKey)
	}
	if he != nil && he.Status < 400 {
		if to, uerr := url.Parse(he.Header.Get("Location")); uerr == nil && to.Host != "" {
			return nil, fmt.Errorf("ITSM 365 %s: HTTP %d: the address sends on to %s://%s; write the one that answers itself as url", path, he.Status, to.Scheme, to.Host)
		}
	}
	if err != nil {
		return nil, s.http.Redact.Error(err)
	}
	return res, nil
}

// find reads one page. Filters go into the body; a server that only takes them in the path gets them there.
func (s *Source) find(ctx context.Context, class string, filter map[string]any, attrs []string, offset, limit int) ([]json.RawMessage, error) {
	query := url.Values{}
	if len(attrs) > 0 {
		query.Set("attrs", strings.Join(attrs, ","))
	}
	query.Set("offset", fmt.Sprint(offset))
	query.Set("limit", fmt.Sprint(limit))
	if filter == nil {
		filter = map[string]any{}
	}
	path := "find/" + url.PathEscape(class)
	if !s.inPath.Load() {
		res, err := s.call(ctx, path, query, filter, false)
		var he *transport.HTTPError
		switch {
		case err == nil:
			return list(res.Body)
		case !errors.As(err, &he) || he.Status != http.StatusMethodNotAllowed:
			return nil, err
		}
		s.inPath.Store(true)
	}
	text, err := json.Marshal(filter)
	if err != nil {
		return nil, err
	}
	res, err := s.call(ctx, path+"/"+url.PathEscape(string(text)), query, nil, false)
	if err != nil {
		return nil, err
	}
	return list(res.Body)
}

// list reads an array, also inside the envelope {"value":[…]} that one client has met (IT 1.4).
func list(body []byte) ([]json.RawMessage, error) {
	var out []json.RawMessage
	if err := json.Unmarshal(body, &out); err == nil && out != nil { // null is no empty list, which would end a read
		return out, nil
	}
	var env struct {
		Value *[]json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(body, &env); err != nil || env.Value == nil {
		return nil, errors.New("the answer is no list of objects")
	}
	return *env.Value, nil
}

// OpenFile streams a file's bytes. The name comes from the file object, not from the answer's header, whose encoding is
// not to be trusted (IT 2.6).
func (s *Source) OpenFile(ctx context.Context, key string) (plan.Content, error) {
	if !fqn.MatchString(key) {
		return plan.Content{}, fmt.Errorf("ITSM 365 get-file: %q is no UUID of a file", key)
	}
	res, err := s.call(ctx, "get-file/"+url.PathEscape(key), nil, nil, true)
	if err != nil {
		return plan.Content{}, err
	}
	typ, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		typ = "application/octet-stream"
	}
	// A file that is a page with a login form itself comes as an attachment.
	if typ == "text/html" && res.Header.Get("Content-Disposition") == "" && strings.Contains(strings.ToLower(string(res.Body[:min(len(res.Body), 4000)])), "login") {
		return plan.Content{}, fmt.Errorf("ITSM 365 get-file/%s: the answer is a login page instead of the file", key)
	}
	return plan.Content{Body: io.NopCloser(bytes.NewReader(res.Body)), Type: typ}, nil
}

// Check tests the address and the key, and says what the key sees.
func (s *Source) Check(ctx context.Context) ([]string, error) {
	var facts []string
	status, err := s.call(ctx, "check-status", nil, nil, true)
	if err != nil {
		return facts, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(status.Body), []byte("<")) {
		return facts, fmt.Errorf("ITSM 365 check-status: a web page answers, and not ITSM 365; is url right? It ends in /sd/services/rest")
	}
	facts = append(facts, "reachable", "server time zone set to "+s.zone.String())
	root, err := s.find(ctx, "root", nil, nil, 0, 1)
	if errors.Is(err, ErrKey) {
		return facts, err
	}
	if err == nil && len(root) == 1 {
		var r struct {
			Title string `json:"title"`
		}
		if json.Unmarshal(root[0], &r) == nil && r.Title != "" {
			facts = append(facts, "company "+r.Title)
		}
	}
	sees := 0
	var why error
	for _, class := range []string{"serviceCall", "employee", "ou", "team", "comment", "problem", "changeRequest", "objectBase"} {
		got, err := s.find(ctx, class, nil, []string{"UUID"}, 0, 1)
		switch {
		case err != nil && (errors.Is(err, ErrKey) || ctx.Err() != nil):
			return facts, err
		case err != nil:
			facts = append(facts, class+" cannot be read")
			why = err
			continue
		case len(got) == 0:
			facts = append(facts, class+" is empty or hidden from the key")
		default:
			facts = append(facts, "sees "+class)
		}
		sees++
	}
	if sees == 0 {
		return facts, fmt.Errorf("no class can be read: %w", why)
	}
	return facts, nil
}
