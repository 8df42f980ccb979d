// Package engine brings the packages together: it loads a configuration, pulls sources into the cache, evaluates rows,
// refreshes the live mirror, makes a plan, carries it out and proves it. Commands parse flags, call one method here and
// render what comes back.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"deskform/hcl"
	"deskform/plan"
	"deskform/providers/export"
	"deskform/providers/intercom"
	"deskform/providers/itsm365"
	"deskform/providers/transport"
	"deskform/state"
	"deskform/state/cache"
)

// Version is the program's version, which required_version is held against.
const Version = "0.1.0"

// Setup is what a command knows before anything is read. The clock and the environment come from outside.
type Setup struct {
	Dir      string
	Vars     map[string]string
	VarFiles []string
	Env      func(string) (string, bool)
	Clock    transport.Clock
	Log      hclog.Logger
	Watch    Watcher
	// Work is where cache, files and temporary plans go; DIR/.deskform when empty.
	Work string
	// State overrides the path of the state file.
	State string
	// Intercom and ITSM365 lead to other ends than the configuration names: a rehearsal's sandboxes.
	Intercom *Override
	ITSM365  *Override
	// Holder is who holds the lock: "user@host pid 123".
	Holder string
	// Dead says of a holder of the lock that it has died; Journaled is told of each write of the journal. Both may be nil.
	Dead      func(holder string) bool
	Journaled func(what string, durable bool)
	// Offline: no provider is asked, so that no secret is needed.
	Offline bool
	// NewState: a state that is not there is begun though backups show that there was one.
	NewState bool
	// Parallel is how many records an apply works on at once; 0 means 64.
	Parallel int
	// Relearn: the columns of the lock file are not held against the configuration; a pull is about to find out the real
	// ones.
	Relearn bool
	// Waiting is told until when a source makes no calls, and why; nil for nobody.
	Waiting func(source string, until time.Time, why string)
	// Ask asks whoever runs this for a secret and does not show it; nil where there is nobody.
	Ask func(question string) (string, error)
	// Diagnose is told what a pull found out about the configuration; nil for nobody.
	Diagnose func(hcl.Diagnostics)
}

// needEnv: what the environment does not give is an error.
func (s Setup) needEnv() bool { return !s.Offline && (s.Intercom == nil || s.ITSM365 == nil) }

// An Override replaces the far end of a provider.
type Override struct {
	Endpoint string
	Token    string
	HTTP     http.RoundTripper
	// Args replace arguments of the provider block.
	Args map[string]plan.Value
}

// A Watcher is told how far a long job is.
type Watcher interface {
	// Start begins a stage; total is 0 when unknown.
	Start(stage string, total int)
	// Step counts n more.
	Step(n int)
	// Done ends the stage.
	Done()
}

type silent struct{}

func (silent) Start(string, int) {}
func (silent) Step(int)          {}
func (silent) Done()             {}

// Engine is an open project. Close it.
type Engine struct {
	Setup
	Config *hcl.Config
	Lock   map[string]plan.RowType
	State  *state.State
	Cache  *cache.Cache
	Files  *cache.Files
	Redact *transport.Redactor
	Dest   *intercom.Destination

	kinds map[string]*plan.Kind
	// pictureCounts is in how many rows each picture is; it is counted when a policy first asks.
	pictureCounts func() (map[contentHash]int64, error)
	sources       map[string]plan.Source
	reader        *intercom.Reader
	// governor is one for both clients: they share what the workspace grants.
	governor *transport.Governor
	attrs    map[string]plan.AttributeDef
	// told are the diagnostics of the first load.
	told map[string]bool
	// session is the pull that is going on; another says that somebody else read the rows that are there.
	session cache.Session
	another bool
	full    bool // it is a full one
	// applied is how many rows each data block had at the last apply, tallied what was counted in them.
	applied map[string]int
	tallied map[string]cache.Tally
	// lease is what this engine has locked the state with, nil before.
	lease *state.Lease
}

// Options returns what the language is made of: the providers' kinds, schemas and functions as data.
func Options(s Setup) hcl.Options {
	return hcl.Options{
		Dir: s.Dir, Vars: s.Vars, VarFiles: s.VarFiles, Env: s.Env, Version: Version,
		Kinds: intercom.Kinds(), Destination: intercom.Schema(),
		Sources: []plan.SourceSchema{itsm365.Schema(), export.Schema()},
	}
}

// Capabilities is the page on what is done in Intercom, and what is not.
func Capabilities() ([]byte, error) { return intercom.Capabilities(intercom.Kinds()) }

// LockFile is where row types are kept for git.
func LockFile(dir string) string { return filepath.Join(dir, "schema.lock.json") }

// Load reads the configuration and the lock file, and nothing else.
func Load(s Setup, needEnv bool) (*hcl.Config, map[string]plan.RowType, hcl.Diagnostics, error) {
	if fi, err := os.Stat(s.Dir); err != nil || !fi.IsDir() {
		return nil, nil, nil, fmt.Errorf("read configuration: %s is no folder; name one with -C", s.Dir)
	}
	lock, err := hcl.ReadLock(LockFile(s.Dir))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil, err
	}
	o := Options(s)
	o.NeedEnv = needEnv
	if !s.Relearn {
		o.Lock = lock
	}
	cfg, diags := hcl.Load(o)
	return cfg, lock, diags, nil
}

// StatePath is where the state file of a configuration is.
func StatePath(s Setup, cfg *hcl.Config) string {
	path := cmp.Or(s.State, cfg.StatePath, "deskform.db")
	if s.State != "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(s.Dir, path)
}

// moves are the renamings of a configuration, those of single records before those of whole sets. What continues a record
// moves with it.
func (e *Engine) moves(ctx context.Context) ([]state.Move, error) {
	e.State.Renamed(nil)
	out := make([]state.Move, 0, len(e.Config.Moved))
	for _, m := range e.Config.Moved {
		out = append(out, state.Move(m))
		if m.From.Key == "" {
			continue
		}
		continued, err := e.State.Continued(ctx, m.From.Set)
		if err != nil {
			return nil, err
		}
		for _, key := range continued[m.From.Key] {
			from, to := m.From, m.To
			from.Key, to.Key = key, to.Key+strings.TrimPrefix(key, m.From.Key)
			out = append(out, state.Move{From: from, To: to})
		}
	}
	slices.SortStableFunc(out, func(a, b state.Move) int { return strings.Compare(b.From.Key, a.From.Key) })
	return out, nil
}

// rename lets the state be read with the renamings of the configuration done.
func (e *Engine) rename(ctx context.Context) error {
	moves, err := e.moves(ctx)
	if err != nil {
		return err
	}
	e.State.Renamed(moves)
	return nil
}

// Open loads the configuration and opens state and cache. Diagnostics with errors leave the engine nil.
func Open(ctx context.Context, s Setup) (*Engine, hcl.Diagnostics, error) {
	if s.Watch == nil {
		s.Watch = silent{}
	}
	if s.Log == nil {
		s.Log = hclog.NewNullLogger()
	}
	if s.Clock == nil {
		s.Clock = transport.Real{}
	}
	if s.Work == "" {
		s.Work = filepath.Join(s.Dir, ".deskform")
	}
	if s.Parallel == 0 {
		s.Parallel = 64
	}
	cfg, lock, diags, err := Load(s, s.needEnv())
	if err != nil || diags.HasErrors() {
		return nil, diags, err
	}
	e := &Engine{Setup: s, Config: cfg, Lock: lock, Redact: transport.NewRedactor(cfg.Secrets...), Dest: intercom.NewDestination(markerOf(cfg)),
		kinds: map[string]*plan.Kind{}, sources: map[string]plan.Source{}, told: map[string]bool{}}
	for _, d := range diags {
		e.told[key(d)] = true
	}
	e.Dest.Now = s.Clock.Now
	kinds := e.Dest.Kinds()
	for i := range kinds {
		e.kinds[kinds[i].Name] = &kinds[i]
	}
	e.attrs = declaredAttributes(cfg)
	if err := os.MkdirAll(s.Work, 0o700); err != nil {
		return nil, diags, fmt.Errorf("make the working folder: %w", err)
	}
	o := state.Options{Now: s.Clock.Now, Holder: s.Holder, Dead: s.Dead, Journaled: s.Journaled}
	if !s.NewState {
		o.Traces = []string{filepath.Join(s.Work, "backups", "*.db")}
	}
	if e.State, err = state.Open(ctx, StatePath(s, cfg), o); err != nil {
		return nil, diags, err
	}
	if e.Cache, err = cache.Open(ctx, filepath.Join(s.Work, "cache.db")); err != nil {
		return nil, diags, errors.Join(err, e.State.Close())
	}
	if e.Files, err = cache.OpenFiles(filepath.Join(s.Work, "files")); err != nil {
		return nil, diags, errors.Join(err, e.Close())
	}
	return e, diags, nil
}

// Close closes state and cache.
func (e *Engine) Close() error { return errors.Join(e.Cache.Close(), e.State.Close()) }

// Kinds are the destination's kinds.
func (e *Engine) Kinds() []plan.Kind { return e.Dest.Kinds() }

// markerOf is the sentence that the provider block wants at the end of first messages.
func markerOf(cfg *hcl.Config) string {
	text, _ := cfg.Providers["intercom"]["marker"].(string)
	return text
}

// openAttributes are the attributes, as "model.name", whose texts are no person's data: lists, and what the
// configuration says. Of nested attributes the model is their kind, and all of one name must be open.
func openAttributes(cfg *hcl.Config) []string {
	open := map[string]bool{}
	for _, set := range cfg.Sets {
		for _, r := range set.Resources {
			model, name, ok := attributeModel(set.Kind, r)
			if !ok {
				continue
			}
			model, _, _ = strings.Cut(model, "/")
			personal, said := r.Want.Fields["personal"].(bool)
			id, is := model+"."+name, said && !personal || !said && r.Want.Fields["data_type"] != "string"
			if was, seen := open[id]; seen {
				is = is && was
			}
			open[id] = is
		}
	}
	var out []string
	for _, id := range slices.Sorted(maps.Keys(open)) {
		if open[id] {
			out = append(out, id)
		}
	}
	return out
}

// declaredAttributes lists the attributes of the configuration by "model.name".
func declaredAttributes(cfg *hcl.Config) map[string]plan.AttributeDef {
	attrs := map[string]plan.AttributeDef{}
	for _, set := range cfg.Sets {
		for _, r := range set.Resources {
			model, name, ok := attributeModel(set.Kind, r)
			if !ok {
				continue
			}
			def := plan.AttributeDef{Model: model, Name: name}
			def.DataType, _ = r.Want.Fields["data_type"].(string)
			def.Existing, _ = r.Want.Fields["existing"].(bool)
			opts, _ := r.Want.Fields["options"].([]plan.Value)
			for _, o := range opts {
				if text, ok := o.(string); ok {
					def.Options = append(def.Options, text)
				}
			}
			attrs[model+"."+name] = def
		}
	}
	return attrs
}

// attributeModel is whose attribute a resource is, and its name in Intercom: "contact", or "ticket_attribute/TYPE" for one
// that stands inside the block of a type.
func attributeModel(kind string, r hcl.Resource) (model, name string, ok bool) {
	name, _ = r.Want.Fields["name"].(string)
	if model, ok := strings.CutPrefix(kind, "attribute."); ok {
		return model, cmp.Or(name, r.Key), true
	}
	if typ, label, nested := strings.Cut(r.Key, "/"); nested {
		return kind + "/" + typ, cmp.Or(name, label), true
	}
	return "", "", false
}

func (e *Engine) attribute(model, name string) (plan.AttributeDef, bool) {
	d, ok := e.attrs[model+"."+name]
	return d, ok
}

// customObjects are the types of custom objects that the configuration declares, and their attributes.
func customObjects(cfg *hcl.Config) (types []string, attributes []intercom.ObjectAttribute) {
	byLabel := map[string]string{}
	for _, set := range cfg.Sets {
		for _, r := range set.Resources {
			switch set.Kind {
			case "custom_object":
				id := intercom.ObjectIdentifier(r.Want.Fields, r.Key)
				types, byLabel[r.Key] = append(types, id), id
			case "object_attribute":
				typ, label, _ := strings.Cut(r.Key, "/")
				name, _ := r.Want.Fields["name"].(string)
				dataType, _ := r.Want.Fields["data_type"].(string)
				attributes = append(attributes, intercom.ObjectAttribute{Of: byLabel[typ], Name: cmp.Or(name, label), DataType: dataType})
			}
		}
	}
	return types, attributes
}

// args are the arguments of a provider block, with the override's in their place.
func (e *Engine) args(provider string, o *Override) map[string]plan.Value {
	out := map[string]plan.Value{}
	for k, v := range e.Config.Providers[provider] {
		out[k] = v
	}
	if o != nil {
		for k, v := range o.Args {
			out[k] = v
		}
	}
	return out
}

// Source returns the source of a data block, made once.
func (e *Engine) Source(typ string) (plan.Source, error) {
	if src, ok := e.sources[typ]; ok {
		return src, nil
	}
	var src plan.Source
	var err error
	switch typ {
	case "export":
		src, err = export.New(itsm365.Columns)
	case "itsm365":
		c := itsm365.Config{Clock: e.Clock, Log: e.Log, Redact: e.Redact, Ask: e.Ask, Dir: e.Dir}
		if o := e.ITSM365; o != nil {
			c.HTTP = o.HTTP
		}
		if e.Waiting != nil {
			c.Waiting = func(until time.Time, why string) { e.Waiting(typ, until, why) }
		}
		src, err = itsm365.New(e.args(typ, e.ITSM365), c)
	default:
		return nil, fmt.Errorf("no source is called %q", typ)
	}
	if err != nil {
		return nil, err
	}
	e.sources[typ] = src
	return src, nil
}

// intercomConfig is what both client types are made from.
func (e *Engine) intercomConfig() (intercom.Config, error) {
	args := e.args("intercom", e.Intercom)
	c, err := intercom.ConfigFrom(args)
	if err != nil {
		return c, err
	}
	c.Clock, c.Log, c.Redact, c.Files = e.Clock, e.Log, e.Redact, e.Files.Open
	c.Parallel = e.Parallel
	c.Hold = func(ctx context.Context) error {
		if e.lease == nil {
			return nil
		}
		return e.lease.Hold(ctx)
	}
	c.ObjectTypes, c.ObjectAttributes = customObjects(e.Config)
	if e.governor == nil {
		e.governor = transport.NewGovernor(e.Clock, c.RateShare)
	}
	c.Governor = e.governor
	if o := e.Intercom; o != nil && o.HTTP != nil {
		c.HTTP = &http.Client{Transport: o.HTTP}
	}
	return c, nil
}

// Reader is the client that can only look. Plan, check and verify get no other.
func (e *Engine) Reader() (*intercom.Reader, error) {
	if e.reader != nil {
		return e.reader, nil
	}
	c, err := e.intercomConfig()
	if err != nil {
		return nil, err
	}
	e.reader = intercom.NewReader(c)
	return e.reader, nil
}

// now is the time in whole seconds.
func (e *Engine) now() time.Time { return e.Clock.Now().UTC().Truncate(time.Second) }
