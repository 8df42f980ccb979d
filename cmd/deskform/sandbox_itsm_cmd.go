package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	itsmsandbox "deskform/providers/itsm365/sandbox"
	itsmdesk "deskform/providers/itsm365/sandbox/desk"
)

// itsmFlags are what a user by hand says about the tenant.
type itsmFlags struct {
	listen, data, key, profile, zone, edition string
	generate                                  int
	seed                                      uint64
	tagsOff, latency, shape                   []string
	ceiling                                   int
	strict                                    bool
}

func (a *app) sandboxITSM365() *cobra.Command {
	var f itsmFlags
	c := &cobra.Command{
		Use: "itsm365", Short: "An ITSM 365 that serves a folder of JSON Lines, or a tenant it makes up", Args: cobra.NoArgs,
		Long: `An ITSM 365 that serves a folder of JSON Lines, or a tenant it makes up.

Everything is in memory: writes are carried out, counted and forgotten at the end. Without a key, under /_sandbox/:
stats (calls by method and class, statuses, writes, followed one-click links), dump, faults, mutate and clock.
providers/itsm365/sandbox/README.md tells what to send there.`,
		Example: `  deskform sandbox itsm365 --data fixtures/acme/itsm365
  deskform sandbox itsm365 --generate 20000 --seed 7 --page-ceiling 100 --latency find=300ms,get-file=1s
  deskform sandbox itsm365 --generate 500 --edition basic --profile keys.json --strict`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("seed") && f.generate == 0 {
				return fmt.Errorf("--seed is for --generate")
			}
			o, err := f.options()
			if err != nil {
				return fmt.Errorf("start the sandbox: %w", err)
			}
			o.Clock = a.clock
			s, err := itsmsandbox.New(o)
			if err != nil {
				return fmt.Errorf("start the sandbox from %s: %w", f.from(), err)
			}
			return a.serve(cmd.Context(), f.listen, s, "ITSM 365")
		},
	}
	f.add(c)
	return c
}

func (f *itsmFlags) add(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.listen, "listen", "127.0.0.1:8081", "address to listen on")
	s.StringVar(&f.data, "data", "", "folder with CLASS.jsonl files")
	s.IntVar(&f.generate, "generate", 0, "make up a tenant of so many tickets instead; 20000 take a few seconds and 400 MB")
	s.Uint64Var(&f.seed, "seed", 1, "with --generate: the same seed makes the same tenant")
	s.StringVar(&f.key, "key", "sandbox", "the accessKey that it takes, with all rights; a made-up one, never a real one")
	s.StringVar(&f.profile, "profile", "", "JSON file with the keys that it takes and what each may see: {\"KEY\": {\"hidden_private\": true}}")
	s.StringVar(&f.zone, "zone", "Europe/Moscow", "the server's time zone")
	s.StringVar(&f.edition, "edition", "full", "full; basic: without problems, changes and assets; contract: contracts in place of agreements")
	s.StringSliceVar(&f.tagsOff, "tags-off", nil, "modules that are switched off: "+strings.Join(itsmsandbox.Tags(), ", "))
	s.IntVar(&f.ceiling, "page-ceiling", 0, "no page of a list is longer, whatever is asked for; 0: no ceiling")
	s.StringSliceVar(&f.latency, "latency", nil, "how long calls take: 200ms for each, find=1s for one method")
	s.BoolVar(&f.strict, "strict", false, "refuse unknown attributes and filters with 500; else attributes are left out and lists are empty")
	s.StringSliceVar(&f.shape, "shape", nil, "how values look: "+strings.Join(slices.Sorted(maps.Keys(shapes)), ", "))
	c.MarkFlagsOneRequired("data", "generate")
	c.MarkFlagsMutuallyExclusive("data", "generate")
	c.MarkFlagsMutuallyExclusive("key", "profile")
}

// shapes are the forms of values and errors that tenants differ in.
var shapes = map[string]func(*itsmsandbox.Options){
	"fraction":     func(o *itsmsandbox.Options) { o.Fraction = true },
	"midnight":     func(o *itsmsandbox.Options) { o.DateAtMidnight = true },
	"milliseconds": func(o *itsmsandbox.Options) { o.IntervalAsInteger = true },
	"null":         func(o *itsmsandbox.Options) { o.EmptyAsNull = true },
	"item-details": func(o *itsmsandbox.Options) { o.ItemDetails = true },
	"html-errors":  func(o *itsmsandbox.Options) { o.ErrorsAsHTML = true },
}

func (f *itsmFlags) from() string {
	if f.generate != 0 {
		return fmt.Sprintf("%d made-up tickets", f.generate)
	}
	return f.data
}

func (f *itsmFlags) options() (itsmsandbox.Options, error) {
	o := itsmsandbox.Options{
		Dir: f.data, Keys: map[string]itsmsandbox.Profile{f.key: {}}, ServerZone: f.zone, Edition: itsmsandbox.Edition(f.edition), TagsOff: f.tagsOff, PageCeiling: f.ceiling,
	}
	if f.strict {
		o.UnknownAttr, o.UnknownFilter = itsmsandbox.Refuse, itsmsandbox.Refuse
	}
	for _, name := range f.shape {
		set, known := shapes[name]
		if !known {
			return o, fmt.Errorf("--shape: %q is none of %s", name, strings.Join(slices.Sorted(maps.Keys(shapes)), ", "))
		}
		set(&o)
	}
	var err error
	if o.Latency, o.LatencyOf, err = latencies(f.latency); err != nil {
		return o, err
	}
	if f.profile != "" {
		if o.Keys, err = profiles(f.profile); err != nil {
			return o, err
		}
	}
	if f.data == "" {
		o.FS, err = itsmdesk.New(f.generate, f.seed)
	}
	return o, err
}

// latencies reads 200ms and find=1s.
func latencies(list []string) (all time.Duration, of map[string]time.Duration, err error) {
	of = map[string]time.Duration{}
	for _, text := range list {
		method, took, one := strings.Cut(text, "=")
		if !one {
			method, took = "", text
		}
		d, err := time.ParseDuration(took)
		if err != nil || d < 0 {
			return 0, nil, fmt.Errorf("--latency: %q is neither a time, such as 200ms, nor one for a method, such as find=1s", text)
		}
		if one {
			of[method] = d
		} else {
			all = d
		}
	}
	return all, of, nil
}

func profiles(path string) (map[string]itsmsandbox.Profile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	keys, err := itsmsandbox.ReadProfiles(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}
