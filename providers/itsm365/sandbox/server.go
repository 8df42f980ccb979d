package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// A method is what stands behind one name in the address.
type method struct {
	do      func(*Server, *call) (answer, error)
	open    bool // needs no key
	super   bool // needs the key of a superuser
	writes  bool // is counted as a write
	script  bool // is counted as a script
	changes bool // takes the store for itself
	byUUID  bool // its argument is a UUID, not an FQN
}

var methods = map[string]map[string]method{
	"rest": {
		"check-status":        {do: (*Server).checkStatus, open: true},
		"find":                {do: (*Server).find},
		"search":              {do: (*Server).search},
		"get":                 {do: (*Server).get, byUUID: true},
		"get-file":            {do: (*Server).getFile, byUUID: true},
		"create":              {do: (*Server).create, writes: true, changes: true},
		"create-m2m":          {do: (*Server).createM2M, writes: true, changes: true},
		"create-m2m-multiple": {do: (*Server).createMultiple, writes: true, changes: true},
		"edit":                {do: (*Server).edit, writes: true, changes: true, byUUID: true},
		"edit-m2m":            {do: (*Server).editM2M, writes: true, changes: true, byUUID: true},
		"delete":              {do: (*Server).remove, writes: true, changes: true, byUUID: true},
		"add-file":            {do: (*Server).addFile, writes: true, changes: true, byUUID: true},
		"create-excl":         {do: (*Server).refuse, writes: true, byUUID: true},
		"edit-excl":           {do: (*Server).refuse, writes: true, byUUID: true},
		"exec":                {do: (*Server).exec, script: true},
		"exec-post":           {do: (*Server).exec, script: true},
		"execmf":              {do: (*Server).execmf, script: true},
	},
	"smpsync": {
		"version":         {do: (*Server).version, super: true},
		"metainfo":        {do: (*Server).metainfo, super: true},
		"upload-metainfo": {do: (*Server).refuse, super: true, writes: true},
		"scripts":         {do: (*Server).refuse, super: true, writes: true},
	},
}

// maxAddress is the longest path with its query that is taken (IT 1.5).
const maxAddress = 8 << 10

// isMethod tells whether Stats can have the name.
func isMethod(name string) bool {
	root, method, ok := strings.Cut(name, "/")
	if !ok {
		root, method = "rest", name
	}
	_, known := methods[root][method]
	return known && (root == "rest") != ok
}

// ServeHTTP answers under /sd/services/ as ITSM 365 and under /_sandbox/ as the sandbox.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		s.admin(w, r)
		return
	}
	s.books.enter()
	defer s.books.leave()
	w.Header().Set("Date", s.clock.Now().UTC().Format(http.TimeFormat))

	c, err := parsePath(r.URL)
	if err == nil && c != nil {
		err = c.readBody(r)
	}
	s.countLinks(r, c)
	if c == nil {
		s.finish(w, page(http.StatusNotFound, r.URL.Path), "", "")
		return
	}
	m, known := methods[c.root][c.method]
	name, class := c.method, c.arg
	if c.root != "rest" {
		name = c.root + "/" + name
	}
	if m.byUUID {
		class, _, _ = strings.Cut(class, "$")
	}
	s.books.count(func(st *Stats) {
		if st.Calls[name] == nil {
			st.Calls[name] = map[string]int{}
		}
		st.Calls[name][class]++
		if m.writes {
			st.Writes++
			st.WritesBy[name]++
		}
		if m.script {
			st.Scripts++
		}
	})
	struck := s.faults.strike(name, class)
	s.books.count(func(st *Stats) { st.Faults += len(struck) })
	latency, own := s.opt.LatencyOf[name]
	if !own {
		latency = s.opt.Latency
	}
	if latency > 0 && s.clock.Sleep(r.Context(), latency) != nil {
		panic(http.ErrAbortHandler) // the caller has gone away
	}
	a, broken, ok := s.suffer(r.Context(), c.key, struck)
	switch {
	case ok:
	case len(r.URL.RequestURI()) > maxAddress:
		a = page(http.StatusRequestURITooLong, "")
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		a = page(http.StatusMethodNotAllowed, r.Method)
		a.header = http.Header{"Allow": {"GET, POST"}}
	case err != nil:
		a = s.failed(err)
	case !known:
		a = page(http.StatusNotFound, r.URL.Path)
	default:
		if a, err = s.call(m, c); err != nil {
			a = s.failed(err)
		}
	}
	s.finish(w, a, broken, name)
}

// call checks the key and runs the method.
func (s *Server) call(m method, c *call) (answer, error) {
	if !m.open {
		if err := s.admit(c); err != nil {
			return answer{}, err
		}
		if m.super && !c.profile.Superuser {
			return answer{}, failf("Недостаточно прав: нужен ключ суперпользователя")
		}
	}
	if m.changes {
		s.mu.Lock()
		defer s.mu.Unlock()
	} else {
		s.mu.RLock()
		defer s.mu.RUnlock()
	}
	return m.do(s, c)
}

// admit looks up the key. The service repeats a key that it refuses in its answer.
func (s *Server) admit(c *call) error {
	p, known := s.opt.Keys[c.key]
	alive := known && c.key != "" && (p.Expires.IsZero() || s.clock.Now().Before(p.Expires))
	if alive && p.OneShot {
		_, used := s.used.LoadOrStore(c.key, true)
		alive = !used
	}
	if !alive {
		return s.refuseKey(c.key)
	}
	c.profile = p
	return nil
}

func (s *Server) refuseKey(key string) error {
	s.books.count(func(st *Stats) { st.KeysRefused++ })
	return failf("Ошибка: ключ авторизации '%s' не найден", key)
}

// countLinks notices a call that somebody made by following a one-click link of a text: it carries a
// key that stands in the data and is not one of the server's, or asks for a landing page (IT 7, trap 25).
func (s *Server) countLinks(r *http.Request, c *call) {
	keys := append(embeddedKeys(r.URL.String()), r.URL.Query()["accessKey"]...)
	fn := r.URL.Query().Get("func")
	if c != nil {
		keys, fn = append(keys, c.key), c.param("func")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	foreign := slices.ContainsFunc(keys, func(key string) bool {
		_, own := s.opt.Keys[key]
		return !own && s.store.foreign[key]
	})
	if foreign || strings.HasPrefix(fn, "modules.restModule") {
		s.books.count(func(st *Stats) { st.LinkHits++ })
	}
}

// finish sends the answer, whole or broken as a fault wants it.
func (s *Server) finish(w http.ResponseWriter, a answer, broken, method string) {
	s.books.count(func(st *Stats) {
		if broken == "reset" {
			return
		}
		status := max(a.status, 200)
		st.Statuses[status]++
		if st.StatusesBy[method] == nil {
			st.StatusesBy[method] = map[int]int{}
		}
		st.StatusesBy[method][status]++
	})
	send(w, a, broken)
}
