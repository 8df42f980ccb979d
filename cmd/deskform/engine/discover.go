package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	"github.com/hashicorp/go-hclog"

	"deskform/hcl"
	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/scope"
	"deskform/providers/transport"
)

// DiscoverOptions are what the operator states. They win over the provider block.
type DiscoverOptions struct {
	Edition    string
	ExpectTime map[string]string
	ScreenZone string
	// Granted is how many calls in ten seconds Intercom grants; 0 is what is documented.
	Granted int
}

// A Discovery is what Discover found. Notes say what went into schema.lock.json and what did not.
type Discovery struct {
	Document *scope.Document
	Redact   *transport.Redactor
	Notes    []string
}

// Discover looks over the tenant of the provider block. It needs no data block, no state and no Intercom, and writes nothing but
// schema.lock.json, and that only for data blocks that are there. Diagnostics with errors leave the discovery nil.
func Discover(ctx context.Context, s Setup, o DiscoverOptions) (*Discovery, hcl.Diagnostics, error) {
	s.Relearn = true // what the lock file says of columns is about to be found out
	if s.Watch == nil {
		s.Watch = silent{}
	}
	if s.Log == nil {
		s.Log = hclog.NewNullLogger()
	}
	if s.Clock == nil {
		s.Clock = transport.Real{}
	}
	cfg, lock, diags, err := Load(s, false)
	if err != nil || diags.HasErrors() {
		return nil, diags, err
	}
	if _, ok := cfg.Providers["itsm365"]; !ok {
		return nil, diags, errors.New(`discover: there is no provider "itsm365" block; deskform init writes a folder with one`)
	}
	e := &Engine{Setup: s, Config: cfg, Lock: lock, Redact: transport.NewRedactor(cfg.Secrets...), sources: map[string]plan.Source{}}
	d := &Discovery{Redact: e.Redact}
	args := e.args("itsm365", e.ITSM365)
	so, err := e.scopeOptions(args, o)
	if err != nil {
		return d, diags, err
	}
	src, err := e.Source("itsm365")
	if err != nil {
		return d, diags, err
	}
	if so.Granted == 0 {
		ws, err := e.askIntercom(ctx)
		so.Granted = ws.Rate
		if so.Region == "" {
			so.Region = ws.Region
		}
		if err != nil {
			d.Notes = append(d.Notes, "Intercom was not reached, so that hours come from its documented rate: "+e.Redact.Text(err.Error()))
		}
		so.GrantedFrom = "asked"
	}
	so.Stage = func(class string) { s.Watch.Start("discover "+class, 0) }
	so.Count = s.Watch.Step
	d.Document, err = scope.Run(ctx, src.(*itsm365.Source), so)
	s.Watch.Done()
	if err != nil {
		return d, diags, err
	}
	notes, err := e.relock(ctx)
	d.Notes = append(d.Notes, notes...)
	return d, diags, err
}

// askIntercom asks Intercom what it grants and where it is, if the configuration names it and the token is there; else
// nothing is known.
func (e *Engine) askIntercom(ctx context.Context) (plan.Workspace, error) {
	if token, _ := e.args("intercom", e.Intercom)["token"].(string); token == "" {
		return plan.Workspace{}, nil
	}
	r, err := e.Reader()
	if err != nil {
		return plan.Workspace{}, err
	}
	return r.Workspace(ctx)
}

// scopeOptions reads what the configuration and the operator say.
func (e *Engine) scopeOptions(args map[string]plan.Value, o DiscoverOptions) (scope.Options, error) {
	so := scope.Options{Edition: o.Edition, ExpectTime: map[string]string{}, PageSize: 500, Rate: 2, Granted: o.Granted, GrantedFrom: "stated", Share: 0.5, Clock: e.Clock, Hide: e.Redact.Text}
	if so.Edition == "" {
		so.Edition, _ = args["edition"].(string)
	}
	if address, _ := args["url"].(string); address != "" {
		if u, err := url.Parse(address); err == nil {
			so.Host = u.Hostname()
		}
	}
	stated, _ := args["expect_time"].(map[string]plan.Value)
	for number, v := range stated {
		text, _ := v.(string)
		so.ExpectTime[number] = text
	}
	maps.Copy(so.ExpectTime, o.ExpectTime)
	for number, text := range so.ExpectTime {
		if _, err := scope.ParseScreenTime(text); err != nil {
			return so, fmt.Errorf(`discover: expect_time of ticket %s: %q is no time as a screen shows it; write "02.03.2026 09:14"`, number, text)
		}
	}
	var err error
	zone, _ := args["time_zone"].(string)
	if so.Zone, err = time.LoadLocation(zone); err != nil {
		return so, fmt.Errorf("provider itsm365: time_zone %q is not known; use an IANA name such as Europe/Moscow", zone)
	}
	if o.ScreenZone == "" {
		o.ScreenZone, _ = args["screen_zone"].(string)
	}
	if o.ScreenZone != "" {
		if so.ScreenZone, err = time.LoadLocation(o.ScreenZone); err != nil {
			return so, fmt.Errorf("discover: screen_zone %q is not known; use an IANA name such as Europe/Moscow", o.ScreenZone)
		}
	}
	if v, ok := numberOf(args["rate"]); ok {
		so.Rate = v
	}
	if v, ok := numberOf(args["page_size"]); ok {
		so.PageSize = int(v)
	}
	for _, d := range e.Config.Data {
		if d.Type == "itsm365" {
			so.Blocks = append(so.Blocks, d)
		}
	}
	archived, said := args["include_archived"].(bool)
	so.NoArchived = said && !archived
	intercom := e.Config.Providers["intercom"]
	so.Region, _ = intercom["region"].(string)
	if v, ok := numberOf(intercom["rate_share"]); ok {
		so.Share = v
	}
	return so, nil
}

func numberOf(v plan.Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// relock brings schema.lock.json up to date for the data blocks that read this tenant, as a pull does. What cannot be
// described stays as it is. Without such a block no file is written.
func (e *Engine) relock(ctx context.Context) ([]string, error) {
	var notes []string
	out := maps.Clone(e.Lock)
	if out == nil {
		out = map[string]plan.RowType{}
	}
	found := 0
	for _, d := range e.Config.Data {
		if d.Type != "itsm365" {
			continue
		}
		src, err := e.Source(d.Type)
		if err != nil {
			return nil, err
		}
		seen, err := src.Describe(ctx, d)
		switch {
		case ctx.Err() != nil || errors.Is(err, itsm365.ErrKey):
			return nil, err
		case err != nil:
			notes = append(notes, fmt.Sprintf("schema.lock.json: data.%s stays as it is: %s", d.Address(), e.Redact.Text(err.Error())))
			continue
		}
		if locked, ok := e.Lock[d.Address()]; ok {
			seen = widen(locked, seen, false)
		}
		out[d.Address()] = seen
		found++
	}
	if found == 0 {
		return notes, nil
	}
	return notes, hcl.WriteLock(LockFile(e.Dir), out)
}
