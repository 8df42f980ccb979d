package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"deskform/cmd/deskform/engine"
	"deskform/providers/itsm365/scope"
)

// discoverOptions are the flags of discover.
type discoverOptions struct {
	engine.DiscoverOptions
	out, format, lang string
	expect            []string
}

// The formats of the scope document, and how their files end.
var scopeFormats = []string{"markdown", "html", "json"}

var scopeEndings = map[string]string{"markdown": ".md", "html": ".html", "json": ".json"}

func (a *app) discoverCmd() *cobra.Command {
	var o discoverOptions
	c := &cobra.Command{
		Use:   "discover",
		Short: "Look over the ITSM 365 tenant and write the scope document: what moves, what does not, what it takes",
		Long: `Reads the tenant of the provider "itsm365" block and nothing else: no data block, no state and no Intercom is needed, a folder
from deskform init will do. It only reads, and of the files no more than the first bytes of one, to see whether the key may. Values
of people are masked. Where the folder has data blocks of this tenant, schema.lock.json is brought up to date as a pull does.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.discover(cmd.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "file to write, its ending says the format; a folder for all formats and languages; stdout when left out")
	f.StringVar(&o.format, "format", "", "markdown, html (one page that needs nothing else) or json; markdown when left out")
	f.StringVar(&o.lang, "lang", "", "en or ru; en when left out")
	f.StringVar(&o.Edition, "edition", "", "Lite or Standard, as the customer states it; nothing is derived from it")
	f.StringArrayVar(&o.expect, "expect-time", nil, `NUMBER="02.03.2026 09:14": when a ticket was registered, read off the screen; proves the time zone`)
	f.StringVar(&o.ScreenZone, "screen-zone", "", "zone of that screen, such as Europe/Moscow; the company's own when left out")
	f.IntVar(&o.Granted, "granted", 0, "calls that Intercom grants in 10 seconds, as deskform check shows; what is documented when left out")
	return c
}

func (a *app) discover(ctx context.Context, o discoverOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	s, err := a.setup()
	if err != nil {
		return err
	}
	found, diags, err := engine.Discover(ctx, s, o.DiscoverOptions)
	if found != nil {
		a.hide = found.Redact
	}
	if derr := a.diagnose(typed(diags)); derr != nil {
		return derr
	}
	if err != nil {
		return err
	}
	for _, note := range found.Notes {
		fmt.Fprintln(a.err, note)
	}
	return a.writeScope(found.Document, o)
}

// check completes the options and says what is wrong with them before anything is asked.
func (o *discoverOptions) check() error {
	if o.format != "" && !slices.Contains(scopeFormats, o.format) {
		return fmt.Errorf("--format=%s: choose markdown, html or json", o.format)
	}
	if o.lang != "" && o.lang != scope.English && o.lang != scope.Russian {
		return fmt.Errorf("--lang=%s: choose en or ru", o.lang)
	}
	if o.Edition != "" && o.Edition != "Lite" && o.Edition != "Standard" {
		return fmt.Errorf("--edition=%s: choose Lite or Standard, or leave it out", o.Edition)
	}
	if o.Granted < 0 {
		return fmt.Errorf("--granted=%d: it is calls in 10 seconds", o.Granted)
	}
	o.ExpectTime = map[string]string{}
	for _, e := range o.expect {
		number, text, ok := strings.Cut(e, "=")
		text = strings.Trim(strings.TrimSpace(text), `"`)
		if _, err := scope.ParseScreenTime(text); !ok || number == "" || err != nil {
			return fmt.Errorf(`--expect-time %s: write it as NUMBER="02.03.2026 09:14"`, e)
		}
		o.ExpectTime[strings.TrimSpace(number)] = text
	}
	if o.out == "" || isFolder(o.out) {
		return nil
	}
	ending := strings.ToLower(filepath.Ext(o.out))
	for format, end := range scopeEndings {
		if o.format == "" && end == ending {
			o.format = format
		}
	}
	if o.format == "" {
		return fmt.Errorf("--out %s: end it in .md, .html or .json, or give --format; name a folder that is there for all", o.out)
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() || strings.HasSuffix(path, string(os.PathSeparator))
}

// writeScope writes the document where it is wanted.
func (a *app) writeScope(d *scope.Document, o discoverOptions) error {
	switch {
	case o.out == "":
		return renderScope(a.out, d, o.format, o.lang)
	case !isFolder(o.out):
		return a.writePaper(o.out, d, o.format, o.lang)
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return fmt.Errorf("discover: %w", err)
	}
	for _, format := range scopeFormats {
		if o.format != "" && format != o.format {
			continue
		}
		for _, lang := range []string{scope.English, scope.Russian} {
			if o.lang != "" && lang != o.lang {
				continue
			}
			name := "scope." + lang + scopeEndings[format]
			if format == "json" {
				name = "scope.json" // it has no language
			}
			if err := a.writePaper(filepath.Join(o.out, name), d, format, lang); err != nil {
				return err
			}
			if format == "json" {
				break
			}
		}
	}
	return nil
}

// writePaper writes one file, whole or not at all.
func (a *app) writePaper(path string, d *scope.Document, format, lang string) error {
	var b bytes.Buffer
	if err := renderScope(&b, d, format, lang); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".scope-*")
	if err != nil {
		return fmt.Errorf("discover: write %s: %w", path, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b.Bytes())
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("discover: write %s: %w", path, err)
	}
	fmt.Fprintln(a.err, "wrote", path)
	return nil
}

func renderScope(w io.Writer, d *scope.Document, format, lang string) error {
	if lang == "" {
		lang = scope.English
	}
	switch format {
	case "html":
		return scope.HTML(w, d, lang)
	case "json":
		return scope.JSON(w, d)
	}
	return scope.Markdown(w, d, lang)
}
