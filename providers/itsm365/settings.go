package itsm365

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskform/plan"
)

// settings are the provider block's arguments (IT 8.4), checked. What 8.4 calls type map, attribute map, state map and maps
// of priority, urgency and impact has no setting here: the language says it where it is used, with `where`, the fields of a
// record set and `value_map`, so that a review sees it beside what it changes.
type settings struct {
	dir      string // of the configuration
	base     string
	key      string
	keyParam string
	params   url.Values
	headers  http.Header
	zone     *time.Location
	dates    dates
	pageSize int
	parallel int
	rate     float64
	timeout  time.Duration
	retries  int
	backoff  time.Duration
	method   string // auto, POST, GET
	filterIn string // auto, body, path
	archived bool
	inline   []*regexp.Regexp
	windows  windows
	proxy    *url.URL
	caFile   string
	insecure bool
	// asksMetainfo: the configuration export is asked for. A file in its place is read instead, and nothing is asked.
	asksMetainfo bool
	metainfoFile string // as the block names it
}

// providerFields are the arguments of the provider block.
func providerFields() []plan.Field {
	return []plan.Field{
		{Name: "url", Type: plan.TypeString, Required: true, Doc: "REST root with its prefix: `https://TENANT.itsm365.com/sd/services/rest` (IT 1.1)."},
		{Name: "access_key", Type: plan.TypeString, Secret: true, Doc: "The access key, from the environment: `env(\"ITSM365_ACCESS_KEY\")` (IT 1.2). It is redacted everywhere. Either this, `access_key_file` or `access_key_prompt`."},
		{Name: "access_key_file", Type: plan.TypeString, Doc: "A file outside of git that holds the access key and nothing else, relative to the configuration's folder."},
		{Name: "access_key_prompt", Type: plan.TypeBool, Default: false, Doc: "Asks for the access key on the terminal, once a run and without showing it, where neither of the other two gives one."},
		{Name: "key_param", Type: plan.TypeString, Default: "accessKey", Doc: "The query parameter that carries the key (IT 1.2)."},
		{Name: "params", Type: plan.TypeMap, Doc: "More query parameters, sent with every call: `{ env = \"prod\" }`. Their values are redacted."},
		{Name: "headers", Type: plan.TypeMap, Doc: "More headers, sent with every call, as a gateway before the tenant may want them. Their values are redacted."},
		{Name: "time_zone", Type: plan.TypeString, Default: "Europe/Moscow", Doc: "IANA zone of the server: dates come without one (IT 2.10)."},
		{Name: "date_layouts", Type: plan.TypeStrings, Default: []plan.Value{"yyyy.MM.dd HH:mm:ss", "yyyy.MM.dd"}, Doc: "Forms of dates, the first that fits is taken; seconds may have a fraction (IT 2.10)."},
		{Name: "rate", Type: plan.TypeNumber, Default: 2.0, Doc: "Calls a second, at most (IT 1.5)."},
		{Name: "parallelism", Type: plan.TypeInt, Default: int64(1), Doc: "Calls in flight at one time, at most (IT 1.5)."},
		{Name: "window", Type: plan.TypeString, Doc: "When calls may be made, in `time_zone`: `\"20:00-06:00\"`, also several and whole days, `\"20:00-06:00, sat, sun\"`. Outside a pull waits, and says until when."},
		{Name: "page_size", Type: plan.TypeInt, Default: int64(500), Doc: "Objects a page; a server that gives fewer is read to its end all the same (IT 2.1)."},
		{Name: "timeout", Type: plan.TypeInt, Default: int64(60), Doc: "Seconds a call may take; of a file, seconds until the next part of it."},
		{Name: "expect_time", Type: plan.TypeMap, Doc: "When tickets were registered, by number, as the customer reads it off the screen: `{ \"1042\" = \"02.03.2026 09:14\" }`. `deskform discover` proves `time_zone` with it, of a zone with summer time by one of summer and one of winter."},
		{Name: "screen_zone", Type: plan.TypeString, Doc: "IANA zone of the screen that `expect_time` was read off. Left out: the company's own zone, which the service shows; where it shows none, nothing is proven."},
		{Name: "edition", Type: plan.TypeEnum, Enum: []string{"Lite", "Standard"}, Doc: "The tariff, as the customer states it. It stands in the scope document and nothing is derived from it (IT 6)."},
		{Name: "retries", Type: plan.TypeInt, Default: int64(5), Doc: "How often a read is tried again after a passing failure."},
		{Name: "max_backoff", Type: plan.TypeInt, Default: int64(60), Doc: "Seconds that are waited at most before a read is tried again, unless the service asks for more with `Retry-After`."},
		{Name: "method", Type: plan.TypeEnum, Enum: []string{"auto", "POST", "GET"}, Default: "auto", Doc: "How lists are asked for: `auto` is POST, and GET where the server refuses that (IT 1.3)."},
		{Name: "filter_in", Type: plan.TypeEnum, Enum: []string{"auto", "body", "path"}, Default: "auto", Doc: "Where a filter stands: `auto` is in the body of a POST and in the path of a GET (IT 1.3)."},
		{Name: "include_archived", Type: plan.TypeBool, Default: true, Doc: "Archived objects are read as well, with `removed` true (IT 2.1); false asks for `removed = false` where a class has it."},
		{Name: "inline_images", Type: plan.TypeStrings, Doc: "More patterns, in the syntax of RE2, of addresses of pictures in texts, whose first group is the file: `\"share\\\\?file=(file\\\\$\\\\d+)\"`. `download?uuid=file$N` is always known (IT 2.6)."},
		{Name: "metainfo", Type: plan.TypeEnum, Enum: []string{"never", "auto"}, Default: "never", Doc: "Whether `discover` and `archive` ask for the configuration export, `GET …/services/smpsync/metainfo` (IT 2.8), beside `…/services/rest` of `url`. It holds workflow, event actions, escalation and rights, which no other call shows (IT 5.1). Only a superuser's key gets it; that another one does not is a line of the report."},
		{Name: "metainfo_file", Type: plan.TypeString, Doc: "That export as a file, which ITSM 365 support or a superuser gives, relative to the configuration's folder: one XML, or one split by XInclude with its parts below its folder (IT 5.2). It is read instead of asking."},
		{Name: "proxy", Type: plan.TypeString, Doc: "Proxy for this service, `http://HOST:PORT`; without it the one of the environment (HTTPS_PROXY), if any."},
		{Name: "ca_file", Type: plan.TypeString, Doc: "File with certificates in PEM, relative to the configuration's folder, that are trusted besides the system's, for a tenant behind a company's own authority."},
		{Name: "skip_tls_verify", Type: plan.TypeBool, Default: false, Doc: "Takes any certificate. Whoever stands between reads the key and all data: prefer `ca_file`."},
	}
}

// settingsFrom reads the arguments. Errors name the argument.
func settingsFrom(args map[string]plan.Value, c Config) (*settings, error) {
	redact := c.Redact
	s := &settings{dir: c.Dir, params: url.Values{}, headers: http.Header{}, keyParam: text(args["key_param"], "accessKey"), method: text(args["method"], "auto"), filterIn: text(args["filter_in"], "auto"), archived: true}
	s.base = text(args["url"], "")
	u, err := url.Parse(s.base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("provider itsm365: url %q is no address; write https://TENANT.itsm365.com/sd/services/rest", redact.Text(s.base))
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("provider itsm365: url has more than an address in it; end it with the path, as in https://%s/sd/services/rest", u.Host)
	}
	s.base = strings.TrimRight(s.base, "/")
	if s.key, err = s.accessKey(args, u.Host, c.Ask); err != nil {
		return nil, err
	}
	redact.Add(s.key)
	for name, v := range members(args["params"]) {
		s.params.Set(name, v)
		redact.Add(v)
	}
	for name, v := range members(args["headers"]) {
		s.headers.Set(name, v)
		redact.Add(v)
	}
	zone := text(args["time_zone"], "Europe/Moscow")
	if s.zone, err = time.LoadLocation(zone); err != nil {
		return nil, fmt.Errorf("provider itsm365: time_zone %q is not known; use an IANA name such as Europe/Moscow", zone)
	}
	if s.dates, err = datesFrom(plan.Texts(args["date_layouts"]), s.zone); err != nil {
		return nil, fmt.Errorf("provider itsm365: date_layouts: %w", err)
	}
	if s.windows, err = windowsFrom(text(args["window"], ""), s.zone); err != nil {
		return nil, fmt.Errorf("provider itsm365: window: %w", err)
	}
	if err := s.numbers(args); err != nil {
		return nil, err
	}
	if s.method == "GET" && s.filterIn == "body" {
		return nil, errors.New("provider itsm365: a GET has no body for the filter; write filter_in = \"path\", or method = \"POST\"")
	}
	if v, ok := args["include_archived"].(bool); ok {
		s.archived = v
	}
	for _, p := range plan.Texts(args["inline_images"]) {
		re, err := regexp.Compile(p)
		if err != nil || re.NumSubexp() < 1 {
			return nil, fmt.Errorf("provider itsm365: inline_images: %q is no pattern with a group for the file, as in \"download\\\\?uuid=(file\\\\$\\\\d+)\"", p)
		}
		s.inline = append(s.inline, re)
	}
	if p := text(args["proxy"], ""); p != "" {
		if s.proxy, err = url.Parse(p); err != nil || s.proxy.Host == "" {
			return nil, fmt.Errorf("provider itsm365: proxy %q is no address; write http://HOST:PORT", redact.Text(p))
		}
	}
	s.metainfoFile = text(args["metainfo_file"], "")
	s.asksMetainfo = args["metainfo"] == "auto" && s.metainfoFile == ""
	if s.asksMetainfo && !strings.HasSuffix(s.base, "/rest") {
		return nil, fmt.Errorf("provider itsm365: metainfo = \"auto\" asks beside the REST root, and url %s does not end in /rest; name the export with metainfo_file instead", redact.Text(s.base))
	}
	s.caFile = text(args["ca_file"], "")
	s.insecure, _ = args["skip_tls_verify"].(bool)
	return s, nil
}

// Secrets are what calls carry that nobody else may see and that may stand in a text: the key, and those values of parameters and
// headers that are no words, such as a type of content or a company's name.
func (s *Source) Secrets() []string {
	out := []string{s.key}
	for _, values := range []map[string][]string{s.params, s.headers} {
		for _, v := range values {
			out = append(out, slices.DeleteFunc(slices.Clone(v), wordy)...)
		}
	}
	return out
}

// wordy tells words from secrets, which have digits and no blanks.
func wordy(v string) bool {
	return !strings.ContainsAny(v, "0123456789") || strings.ContainsAny(v, " \t/")
}

// path is where a file is that the block names.
func (s *settings) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.dir, name)
}

// accessKey is the key of the block, of the file, or of whoever sits at the terminal, in this order.
func (s *settings) accessKey(args map[string]plan.Value, host string, ask func(question string) (string, error)) (string, error) {
	key, file := text(args["access_key"], ""), text(args["access_key_file"], "")
	if key == "" && file != "" {
		content, err := os.ReadFile(s.path(file))
		if err != nil {
			return "", fmt.Errorf("provider itsm365: access_key_file: %w", err)
		}
		key = strings.TrimSpace(string(content))
		if key == "" || strings.ContainsAny(key, " \t\r\n") {
			return "", fmt.Errorf("provider itsm365: access_key_file %s does not hold one key and nothing else", file)
		}
	}
	if prompt, _ := args["access_key_prompt"].(bool); key == "" && prompt {
		if ask == nil {
			return "", errors.New("provider itsm365: access_key_prompt: there is nobody to ask for the key; set access_key from the environment: env(\"ITSM365_ACCESS_KEY\")")
		}
		answer, err := ask("Access key of " + host + ": ")
		if err != nil {
			return "", fmt.Errorf("provider itsm365: access_key_prompt: %w", err)
		}
		key = strings.TrimSpace(answer)
	}
	if key == "" {
		return "", errors.New("provider itsm365: access_key is empty; set it from the environment: env(\"ITSM365_ACCESS_KEY\")")
	}
	return key, nil
}

func (s *settings) numbers(args map[string]plan.Value) error {
	s.rate = 2
	if v, ok := number(args["rate"]); ok {
		if v <= 0 {
			return fmt.Errorf("provider itsm365: rate %g is no rate; it is calls a second", v)
		}
		s.rate = v
	}
	whole := func(name string, def, least float64, what string) (int, error) {
		v, ok := number(args[name])
		if !ok {
			v = def
		}
		if v < least {
			return 0, fmt.Errorf("provider itsm365: %s %g is no %s", name, v, what)
		}
		return int(v), nil
	}
	var timeout, backoff int
	for _, n := range []struct {
		into       *int
		name       string
		def, least float64
		what       string
	}{
		{&s.pageSize, "page_size", 500, 1, "page"},
		{&s.parallel, "parallelism", 1, 1, "number of calls at one time"},
		{&timeout, "timeout", 60, 1, "time in seconds"},
		{&s.retries, "retries", 5, 0, "number of tries"},
		{&backoff, "max_backoff", 60, 1, "time in seconds"},
	} {
		var err error
		if *n.into, err = whole(n.name, n.def, n.least, n.what); err != nil {
			return err
		}
	}
	s.timeout, s.backoff = time.Duration(timeout)*time.Second, time.Duration(backoff)*time.Second
	return nil
}

// transport is the way to the network: the system's, but for what the block says.
func (s *settings) transport() (http.RoundTripper, error) {
	if s.proxy == nil && s.caFile == "" && !s.insecure {
		return nil, nil
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	if s.proxy != nil {
		t.Proxy = http.ProxyURL(s.proxy)
	}
	t.TLSClientConfig = &tls.Config{InsecureSkipVerify: s.insecure, MinVersion: tls.VersionTLS12}
	if s.caFile != "" {
		pem, err := os.ReadFile(s.path(s.caFile))
		if err != nil {
			return nil, fmt.Errorf("provider itsm365: ca_file: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("provider itsm365: ca_file %s holds no certificate in PEM", s.caFile)
		}
		t.TLSClientConfig.RootCAs = pool
	}
	return t, nil
}

func text(v plan.Value, def string) string {
	if t, _ := v.(string); t != "" {
		return t
	}
	return def
}

// members are the members of an object as texts.
func members(v plan.Value) map[string]string {
	m, _ := v.(map[string]plan.Value)
	out := map[string]string{}
	for name, e := range m {
		if e != nil {
			out[name] = fmt.Sprint(e)
		}
	}
	return out
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
