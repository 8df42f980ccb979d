package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	hcllib "github.com/hashicorp/hcl/v2"

	"deskform/hcl"
	"deskform/plan"
)

// A ConfigError says that the configuration does not fit the columns that the sources have.
type ConfigError struct{ Diags hcl.Diagnostics }

func (e *ConfigError) Error() string {
	return "the configuration does not fit the sources: " + hcllib.Diagnostics(e.Diags).Error()
}

// A look is what is known of a data block before its rows are read.
type look struct {
	Pulled
	block plan.Data
	print string
	// seen is the row type as it was read now; wide has also what the lock knows and this read did not show. They are
	// equal for a file, whose heads are all there is.
	seen, wide plan.RowType
}

// lookAt describes the rows of a data block, unless they are unchanged.
func (e *Engine) lookAt(ctx context.Context, d plan.Data, mode string) (look, error) {
	l := look{Pulled: Pulled{Data: d.Address()}, block: d}
	if name, ok := d.Args["file"].(string); ok {
		l.File = filepath.Base(name)
	}
	var err error
	if l.print, err = e.fingerprint(d); err != nil {
		return l, err
	}
	old, known, err := e.Cache.Fingerprint(ctx, d.Address())
	if err != nil {
		return l, err
	}
	locked, isLocked := e.Lock[d.Address()]
	l.seen, l.wide = locked, locked
	switch {
	case mode == PullNone && !known:
		return l, fmt.Errorf("plan without pulling: %s was never pulled; run `deskform pull` or leave out --pull=none", d.Address())
	case mode == PullNone && !(isLocked && strings.HasSuffix(old, sealed("", locked))):
		return l, fmt.Errorf("plan without pulling: schema.lock.json does not describe the rows of %s that are in the cache; run `deskform pull` or leave out --pull=none", d.Address())
	case mode == PullNone:
		return l, nil
	case mode == PullAuto && l.print != "" && isLocked && old == sealed(l.print, locked):
		l.Unchanged = true
		return l, nil
	}
	src, err := e.Source(d.Type)
	if err != nil {
		return l, err
	}
	l.seen, err = src.Describe(ctx, d)
	if errors.Is(err, plan.ErrNoCollection) {
		l.Absent = e.Redact.Text(err.Error())
		if isLocked {
			l.seen = locked
		}
		err = nil
	}
	if err != nil {
		return l, fmt.Errorf("pull data.%s: %w", d.Address(), err)
	}
	l.Notes = l.seen.Notes
	if l.print != "" && len(l.seen.Columns) == 0 {
		l.seen = locked // a file without a row tells nothing
	}
	l.wide = l.seen
	if isLocked {
		l.wide = widen(locked, l.seen, l.print != "")
	}
	l.seen = shown(l.seen)
	if l.print != "" {
		l.seen = l.wide
	}
	return l, nil
}

// shown is a row type without the columns that no row showed.
func shown(rt plan.RowType) plan.RowType {
	if len(rt.Unshown) == 0 {
		return rt
	}
	rt.Columns = maps.Clone(rt.Columns)
	for _, name := range rt.Unshown {
		delete(rt.Columns, name)
	}
	return rt
}

// sealed adds the row type to a fingerprint: rows that were read by another lock file are read again.
func sealed(print string, rt plan.RowType) string {
	text, err := json.Marshal(rt)
	if err != nil {
		panic(err) // names and texts always marshal
	}
	return print + "|" + plan.Hash(string(text))
}

// widen keeps what the lock knows better than this read: the type of a column that is empty everywhere, and, unless the
// read is of a whole file, columns that it did not show, as the key may no longer read them.
func widen(locked, seen plan.RowType, file bool) plan.RowType {
	out := seen
	out.Columns = map[string]plan.Column{}
	if !file {
		maps.Copy(out.Columns, locked.Columns)
	}
	for name, c := range seen.Columns {
		old, ok := locked.Columns[name]
		if ok && (c.Type == plan.ColumnAny || !file && c.Type == plan.ColumnString && old.Type == plan.ColumnTime) {
			c = old
		}
		out.Columns[name] = c
	}
	return out
}

// learn takes over the columns that the sources have now, and loads the configuration again when they are others than it
// was held against. It returns them for the lock file.
func (e *Engine) learn(looks []look) (map[string]plan.RowType, error) {
	seen, wide, held := map[string]plan.RowType{}, map[string]plan.RowType{}, map[string]plan.RowType{}
	for _, l := range looks {
		if l.wide.Columns == nil {
			continue
		}
		seen[l.Data], wide[l.Data] = l.seen, l.wide
		l.wide.File = l.File
		held[l.Data] = l.wide
	}
	if !e.Relearn && same(seen, e.Lock) {
		return wide, nil
	}
	o := Options(e.Setup)
	o.NeedEnv, o.Lock = e.needEnv(), held
	cfg, diags := hcl.Load(o)
	switch {
	case cfg != nil:
		e.Config = cfg
	case !e.Relearn:
		return nil, &ConfigError{diags}
	}
	e.Lock = wide
	if !same(seen, wide) {
		o.Lock = seen
		_, narrow := hcl.Load(o)
		diags = append(diags, notShown(narrow, diags)...)
	}
	e.tell(diags)
	return wide, nil
}

func same(a, b map[string]plan.RowType) bool {
	return maps.EqualFunc(a, b, func(x, y plan.RowType) bool { return sealed("", x) == sealed("", y) })
}

// notShown warns of columns that the configuration uses, the lock knows and the source did not show.
func notShown(narrow, wide hcl.Diagnostics) hcl.Diagnostics {
	var out hcl.Diagnostics
	for _, d := range narrow {
		if d.Summary != hcl.UnknownColumn || slices.ContainsFunc(wide, func(o *hcllib.Diagnostic) bool { return key(o) == key(d) }) {
			continue
		}
		w := *d
		w.Severity, w.Summary = hcllib.DiagWarning, "Column was not shown"
		what, _, _ := strings.Cut(d.Detail, "\".")
		w.Detail = what + "\" as it was read just now; others of its kind have it, or it had it before. Where it is not shown it is null: ask whether the access key may still read it, or whether it is empty everywhere."
		out = append(out, &w)
	}
	return out
}

// tell hands on what was not said when the configuration was opened. Where nothing is evaluated, errors are warnings: the
// rows are as they are.
func (e *Engine) tell(diags hcl.Diagnostics) {
	var out hcl.Diagnostics
	for _, d := range diags {
		if e.told[key(d)] {
			continue
		}
		w := *d
		w.Severity = hcllib.DiagWarning
		out = append(out, &w)
	}
	if e.Diagnose != nil && len(out) > 0 {
		e.Diagnose(out)
	}
}

// key tells one finding from another.
func key(d *hcllib.Diagnostic) string {
	at := ""
	if d.Subject != nil {
		at = d.Subject.String()
	}
	what, _, _ := strings.Cut(d.Detail, "?")
	return at + d.Summary + what
}
