package itsm365

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
var ErrKey error = refusedKey{}

type refusedKey struct{}

func (refusedKey) Error() string {
	return "ITSM 365 does not take the access key; check ITSM365_ACCESS_KEY, and whether the key has expired"
}

// Is makes it plan's error for the same.
func (refusedKey) Is(target error) bool { return target == plan.ErrKey }

// unreadable is an error that trying again does not help.
type unreadable struct{ error }

func (u unreadable) Is(target error) bool { return target == plan.ErrUnreadable }
func (u unreadable) Unwrap() error        { return u.error }

// Config is what a client is made of beside the provider block's arguments.
type Config struct {
	Clock  transport.Clock
	Log    hclog.Logger
	Redact *transport.Redactor
	// HTTP replaces the network, for a sandbox in process; nil for the real one.
	HTTP http.RoundTripper
	// Dir is the folder of the configuration, against which the files that the block names are resolved; empty for the working directory.
	Dir string
	// Waiting is told until when nothing is called, and why: OutsideWindow or PauseAsked; nil for nobody.
	Waiting func(until time.Time, why string)
	// Ask asks whoever runs this for a secret, for access_key_prompt; nil where there is nobody.
	Ask func(question string) (string, error)
}

// Why nothing is called for a while.
const (
	OutsideWindow = "the window opens then"
	PauseAsked    = "the service asks for a pause"
)

// longPause is how long a pause may be that nobody is told of.
const longPause = 10 * time.Second

// Source reads an ITSM 365 tenant. It is safe for concurrent use.
type Source struct {
	*settings
	http    *transport.Client
	clock   transport.Clock
	pace    *rate.Limiter
	clean   *transport.Cleaner // of what rests on the disk
	waiting func(time.Time, string)

	inPath atomic.Bool // the server takes filters in the path only
	calls  atomic.Int64

	mu      sync.Mutex
	attrs   map[string]map[string]bool // discovered, by class
	met     map[string]map[string]bool // types whose attributes are among them, by class
	refused map[string]map[string]bool // attributes that the server does not have, by class
	noAttrs map[string]bool            // classes whose lists the server gives whole or not at all
	told    time.Time                  // the end of the last wait for a window that was told of
	rest    time.Time                  // until when the service wants no calls
	paused  time.Time                  // the end of the last such pause that was told of
	date    time.Time                  // the server's, of its last answer
	memory  *memory                    // nil when nothing is remembered
}

var (
	_ plan.Source      = (*Source)(nil)
	_ plan.Opener      = (*Source)(nil)
	_ plan.Incremental = (*Source)(nil)
)

// New makes a source from the provider block's arguments.
func New(args map[string]plan.Value, c Config) (*Source, error) {
	set, err := settingsFrom(args, c)
	if err != nil {
		return nil, err
	}
	s := &Source{settings: set, clock: c.Clock, waiting: c.Waiting, attrs: map[string]map[string]bool{}, met: map[string]map[string]bool{}, noAttrs: map[string]bool{}, refused: map[string]map[string]bool{}}
	s.inPath.Store(set.method == "GET" || set.filterIn == "path")
	way := c.HTTP
	if way == nil {
		if way, err = set.transport(); err != nil {
			return nil, err
		}
	}
	s.clean = transport.NewCleaner(s.Secrets()...)
	s.pace = rate.NewLimiter(rate.Limit(set.rate), 1)
	s.http = &transport.Client{HTTP: &http.Client{Transport: way}, Clock: c.Clock, Redact: c.Redact, Log: c.Log, Timeout: set.timeout, Retries: set.retries, Cap: set.backoff, Final: final, Admit: s.admit, Busy: s.busy}
	return s, nil
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

// allowed are the calls that this client may make, and when: methods below the REST root, and what stands beside it with its
// whole path.
var allowed = map[string]func(*settings) bool{
	"find": always, "get": always, "search": always, "get-file": always, "check-status": always,
	metainfoCall: func(s *settings) bool { return s.asksMetainfo },
}

func always(*settings) bool { return true }

// request makes one read. path is relative to the REST root, or begins with smpsync, which
// stands beside it (IT 1.1); it must be allowed.
func (s *Source) request(path string, query url.Values) transport.Request {
	method, _, _ := strings.Cut(path, "/")
	root := s.base
	if method == "smpsync" {
		method, root = path, strings.TrimSuffix(s.base, "/rest")
	}
	if may := allowed[method]; may == nil || !may(s.settings) {
		panic("itsm365: " + method + " is no read that may be made, and this client only reads")
	}
	all := maps.Clone(s.params)
	for name, v := range query {
		all[name] = v
	}
	if method != "check-status" {
		all.Set(s.keyParam, s.key)
	}
	r := transport.Request{Method: http.MethodGet, URL: root + "/" + path, Read: true, Op: "ITSM 365 " + path, Header: s.headers.Clone()}
	if len(all) > 0 {
		r.URL += "?" + all.Encode()
	}
	return r
}

// admit waits until a call may leave: not while the service wants none, inside the window, at the rate. Every sending passes
// through it, of whichever worker and also when it is a repeated one (IT 1.5).
func (s *Source) admit(ctx context.Context) error {
	for {
		now := s.clock.Now()
		if until := s.closed(now); until.After(now) {
			s.tell(now)
			if err := s.clock.Sleep(ctx, until.Sub(now)); err != nil {
				return err
			}
			continue
		}
		s.mu.Lock()
		wait := s.pace.ReserveN(now, 1).DelayFrom(now)
		s.mu.Unlock()
		if err := s.clock.Sleep(ctx, wait); err != nil {
			return err
		}
		if now = s.clock.Now(); !s.closed(now).After(now) { // else the wait began in time and ended too late
			return nil
		}
	}
}

// closed is until when no call may leave, whatever the rate: the service wants none, or it is outside the window.
func (s *Source) closed(now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rest.After(now) {
		return s.rest
	}
	return s.windows.next(now)
}

// tell says once of each wait until when it is: of one for the window, and of a long one that the service asks for. Calls that
// were on their way when it asked draw the pause out a little, which makes no other one of it.
func (s *Source) tell(now time.Time) {
	s.mu.Lock()
	until, why, tell := s.rest, PauseAsked, false
	if until.After(now) {
		if tell = until.Sub(now) > longPause && until.Sub(s.paused) > longPause; tell {
			s.paused = until
		}
	} else {
		until, why = s.windows.next(now), OutsideWindow
		if tell = until.After(now) && !until.Equal(s.told); tell {
			s.told = until
		}
	}
	s.mu.Unlock()
	if tell && s.waiting != nil {
		s.waiting(until.In(s.zone), why)
	}
}

// busy lets nobody call for so long.
func (s *Source) busy(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := s.clock.Now().Add(d); until.After(s.rest) {
		s.rest = until
	}
}

// call sends one read and reads its answer.
func (s *Source) call(ctx context.Context, path string, query url.Values, body any, text bool) (*transport.Response, error) {
	r := s.request(path, query)
	r.Text = text
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r.Method, r.Body = http.MethodPost, b
		r.Header.Set("Content-Type", "application/json")
	}
	s.calls.Add(1)
	res, err := s.client(ctx).Do(ctx, r)
	if err != nil {
		return nil, s.failed(path, err)
	}
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		s.setDate(at)
	}
	return res, nil
}

// failed makes of a failure what the caller can do something about.
func (s *Source) failed(path string, err error) error {
	var he *transport.HTTPError
	if errors.As(err, &he) && badKey(he) {
		return fmt.Errorf("ITSM 365 %s: %w", path, ErrKey)
	}
	if he != nil && he.Status < 400 {
		if to, uerr := url.Parse(he.Header.Get("Location")); uerr == nil && to.Host != "" {
			return fmt.Errorf("ITSM 365 %s: HTTP %d: the address sends on to %s://%s; write the one that answers itself as url", path, he.Status, to.Scheme, to.Host)
		}
	}
	return s.http.Redact.Error(err)
}

// find reads one page, from the network or from what is remembered of a pull that was interrupted.
func (s *Source) find(ctx context.Context, class string, filter map[string]any, attrs []string, offset, limit int) ([]json.RawMessage, error) {
	if m := s.remembered(); m != nil {
		return m.find(ctx, s, class, filter, attrs, offset, limit)
	}
	return s.ask(ctx, class, filter, attrs, offset, limit)
}

// ask reads one page. Filters go into the body; a server that only takes them in the path gets them there.
func (s *Source) ask(ctx context.Context, class string, filter map[string]any, attrs []string, offset, limit int) ([]json.RawMessage, error) {
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
		case s.method != "auto" || s.filterIn == "body" || !errors.As(err, &he) || he.Status != http.StatusMethodNotAllowed:
			return nil, err
		}
		s.inPath.Store(true)
	}
	text, err := json.Marshal(filter)
	if err != nil {
		return nil, err
	}
	var body any
	if s.method == "POST" {
		body = map[string]any{}
	}
	res, err := s.call(ctx, path+"/"+url.PathEscape(string(text)), query, body, false)
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
	path := "get-file/" + url.PathEscape(key)
	s.calls.Add(1)
	res, err := s.http.Stream(ctx, s.request(path, nil))
	if err != nil {
		return plan.Content{}, hopeless(s.failed(path, err))
	}
	typ, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		typ = "application/octet-stream"
	}
	body := bufio.NewReader(res.Body)
	// A file that is a page with a login form itself comes as an attachment.
	if typ == "text/html" && res.Header.Get("Content-Disposition") == "" {
		head, _ := body.Peek(4000) // what could not be read shows when the rest is read
		if strings.Contains(strings.ToLower(string(head)), "login") {
			return plan.Content{}, errors.Join(fmt.Errorf("ITSM 365 get-file/%s: the answer is a login page instead of the file", key), res.Body.Close())
		}
	}
	return plan.Content{Body: fileBody{body, res.Body}, Type: typ}, nil
}

// fileBody reads ahead from a body that it closes.
type fileBody struct {
	*bufio.Reader
	io.Closer
}

// noClass is the answer that a class is not there: a module may be missing from the edition (IT 6).
type noClass struct{ error }

func (n noClass) Is(target error) bool { return target == plan.ErrNoCollection }
func (n noClass) Unwrap() error        { return n.error }

// unknownClass reads the wording of an unknown metaclass, which names it (IT 1.4, 8.2).
func unknownClass(err error, class string) bool {
	var he *transport.HTTPError
	if !errors.As(err, &he) || he.Status != http.StatusInternalServerError && he.Status != http.StatusNotFound || missing(he) || badKey(he) {
		return false
	}
	text := strings.ToLower(he.Text)
	return strings.Contains(text, "метакласс") && strings.Contains(text, strings.ToLower(class)) && !strings.Contains(text, "атрибут")
}

// hopeless marks an error that trying again does not help.
func hopeless(err error) error {
	if errors.Is(err, ErrKey) || errors.Is(err, plan.ErrNotFound) || !final(err) {
		return err
	}
	return unreadable{err}
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
