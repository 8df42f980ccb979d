package hcl

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
)

// Diagnostics are what is wrong with a configuration, or doubtful. Ranges name files as they are called in the
// configuration's folder.
type Diagnostics = hcl.Diagnostics

// Render prints diagnostics in Terraform's style: severity and summary, the place, the lines, what to do.
func Render(w io.Writer, diags Diagnostics, color bool) error {
	files := map[string]*hcl.File{}
	for _, d := range diags {
		if f, ok := d.Extra.(*hcl.File); ok && d.Subject != nil {
			files[d.Subject.Filename] = f
		}
	}
	return hcl.NewDiagnosticTextWriter(w, files, 0, color).WriteDiagnostics(diags)
}

// errs collects diagnostics; the same finding is kept once.
type errs struct {
	diags hcl.Diagnostics
	seen  map[string]bool
}

func (e *errs) add(d *hcl.Diagnostic) {
	key := fmt.Sprint(d.Severity, d.Summary, d.Detail)
	if d.Subject != nil {
		key += d.Subject.String()
	}
	if e.seen[key] {
		return
	}
	if e.seen == nil {
		e.seen = map[string]bool{}
	}
	e.seen[key] = true
	e.diags = append(e.diags, d)
}

func (e *errs) all(ds hcl.Diagnostics) {
	for _, d := range ds {
		e.add(d)
	}
}

// errorf adds an error at a place; detail says what to do.
func (e *errs) errorf(at hcl.Range, summary, detail string, args ...any) {
	e.add(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: &at})
}

func (e *errs) warnf(at hcl.Range, summary, detail string, args ...any) {
	e.add(&hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: &at})
}

// settle sorts by place and hangs the source on each, for Render.
func (e *errs) settle(files map[string]*hcl.File) hcl.Diagnostics {
	slices.SortStableFunc(e.diags, func(a, b *hcl.Diagnostic) int {
		switch {
		case a.Subject == nil && b.Subject == nil:
			return strings.Compare(a.Summary+a.Detail, b.Summary+b.Detail)
		case a.Subject == nil:
			return -1
		case b.Subject == nil:
			return 1
		case a.Subject.Filename != b.Subject.Filename:
			return strings.Compare(a.Subject.Filename, b.Subject.Filename)
		}
		return a.Subject.Start.Byte - b.Subject.Start.Byte
	})
	for _, d := range e.diags {
		if d.Subject == nil || d.Extra != nil {
			continue
		}
		if f, ok := files[d.Subject.Filename]; ok {
			d.Extra = f
		}
	}
	return e.diags
}

// nearest is the name that was probably meant, or empty.
func nearest(given string, names []string) string {
	best, at := "", max(2, len([]rune(given))/3)+1
	for _, n := range names {
		d := levenshtein.Distance(strings.ToLower(given), strings.ToLower(n), nil)
		if d < at {
			best, at = n, d
		}
	}
	return best
}

// meant is a sentence that begins with a space and helps with a wrong name: did-you-mean, or the short list of names.
func meant(given string, names []string) string {
	if n := nearest(given, names); n != "" {
		return fmt.Sprintf(" Did you mean %q?", n)
	}
	if len(names) == 0 || len(names) > 12 {
		return ""
	}
	names = slices.Clone(names)
	slices.Sort(names)
	return " There is: " + strings.Join(names, ", ") + "."
}
