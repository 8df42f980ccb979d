// Package archive writes what a key sees of an ITSM 365 tenant into a folder that needs no program to be read: every class
// as JSON Lines, comments and files with their owners, a list of hashes, and a page that searches it offline. What is not
// moved to Intercom is kept that way after the subscription ends.
//
// The folder:
//
//	CLASS.jsonl    the objects of a class as the service gave them, one a line
//	FILES.jsonl    which file object is which file below files/
//	files/         the bytes, named by the number of the file object and its title
//	metainfo.xml   the configuration export, where the provider block names one; one that is split is below metainfo/
//	index.html     the page; what it loads is below index/
//	MANIFEST.json  what was read and what not, with the reasons
//	SHA256SUMS     the hash of everything else, for sha256sum -c
//
// While it is written there is .archive as well, with what is done so far: an interrupted run goes on there.
package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/transport"
)

// A Source is what is archived. It only reads.
type Source interface {
	Probe(ctx context.Context, class string) (itsm365.Probe, error)
	Objects(ctx context.Context, class, owner string) iter.Seq2[plan.Row, error]
	plan.Opener
}

var _ Source = (*itsm365.Source)(nil)

// How comments and files are read (IT 2.6, 2.7).
const (
	// Each asks every object for its own, one call each: slow, and the one way that is known to be whole.
	Each = "each"
	// List reads them as classes: a few calls. A server may refuse that, or show less; some owners are asked to find out,
	// and where that happens, each is.
	List = "list"
)

// Options say what is archived, and where to.
type Options struct {
	// Dir is made when it is not there. One with something else in it is refused.
	Dir    string
	Source Source
	// Address is the tenant's, without a key.
	Address string
	// TimeZone is that of the dates, which come without one (IT 2.10).
	TimeZone string
	// Classes are read beside those that the stock configuration has; Skip are not read.
	Classes, Skip []string
	// Owned is Each or List.
	Owned string
	// Lang is the language of the page: en or ru.
	Lang    string
	Version string
	// Secrets must not get into the archive: the key that it is read with.
	Secrets []string
	Redact  *transport.Redactor
	Now     func() time.Time
	// Stage and Step tell how far it is; total is 0 when unknown. Both may be nil.
	Stage func(name string, total int)
	Step  func(n int)
}

// A run is one archive being written.
type run struct {
	Options
	f     *folder
	clean *transport.Cleaner
	// classes are those that are whole, in the order of their reading.
	classes []ClassReport
	// strange counts files in a row whose answer was none.
	strange int
}

// Run writes an archive, goes on with one that was interrupted, or, of one that is whole, checks every hash and asks nobody:
// verified tells. ErrDamaged says what is no more as it was. The error of an interruption is that of the context.
func Run(ctx context.Context, o Options) (m *Manifest, verified bool, err error) {
	if o.Stage == nil {
		o.Stage = func(string, int) {}
	}
	if o.Step == nil {
		o.Step = func(int) {}
	}
	if _, ok := texts[o.Lang]; !ok {
		return nil, false, fmt.Errorf("archive: there is no language %q; choose en or ru", o.Lang)
	}
	if o.Owned != Each && o.Owned != List {
		return nil, false, fmt.Errorf("archive: comments and files cannot be read by %q; choose %s or %s", o.Owned, Each, List)
	}
	f, whole, err := openFolder(o)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if whole {
		o.Stage("check hashes", 0)
		m, err := verify(ctx, o.Dir, o.Step)
		return m, true, err
	}
	r := &run{Options: o, f: f, clean: transport.NewCleaner(o.Secrets...)}
	m, err = r.write(ctx)
	return m, false, err
}

func (r *run) write(ctx context.Context) (*Manifest, error) {
	m := &Manifest{
		Format: format, Tool: "deskform " + r.Version, Tenant: r.Address, TimeZone: r.TimeZone, Started: r.f.begun.Started,
		KeysRemoved: map[string]int{}, Skipped: r.Skip,
	}
	for _, stage := range []func(context.Context, *Manifest) error{r.keepExport, r.readClasses, r.readOwned, r.readFiles, r.askExport, r.writeIndex, r.finish} {
		if err := stage(ctx, m); err != nil {
			return nil, err
		}
	}
	return m, nil
}
