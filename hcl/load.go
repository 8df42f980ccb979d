package hcl

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	goversion "github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// A loader reads one configuration. It goes on after errors, so that all are found at once.
type loader struct {
	Options
	errs
	files     map[string]*hcl.File
	names     []string // of files, sorted
	functions map[string]*function
	cfg       *Config

	variables map[string]*varDecl
	locals    map[string]*localDecl
	providers map[string]hcl.Range
	data      map[string]*dataDecl
	valueMaps map[string]*valueMap
	resources map[string]map[string]*resourceDecl // by set, by label
	sets      map[string]*setDecl
	phases    map[string]*phaseDecl
	constRefs []constRef
	// hidden are the places of secrets, which no snippet shows.
	hidden []hcl.Range

	// depth and constVars belong to compilers without a mapping.
	depth, constVars int
	localStack       []string
}

// A constRef is a reference whose key is a constant.
type constRef struct {
	target plan.Target
	at     hcl.Range
}

// Load reads the folder o.Dir. It reports everything that is wrong at once; with an error among the diagnostics the
// configuration is nil.
func Load(o Options) (*Config, Diagnostics) {
	l := &loader{
		Options: o, files: map[string]*hcl.File{}, cfg: &Config{Providers: map[string]map[string]plan.Value{}, inline: map[string][]plan.Row{}},
		variables: map[string]*varDecl{}, locals: map[string]*localDecl{}, providers: map[string]hcl.Range{}, data: map[string]*dataDecl{},
		valueMaps: map[string]*valueMap{}, resources: map[string]map[string]*resourceDecl{}, sets: map[string]*setDecl{}, phases: map[string]*phaseDecl{},
	}
	l.functions = functionTable(o)
	l.parse()
	blocks := l.collect()
	l.giveVariables()
	l.deskform(blocks.deskform)
	l.readProviders(blocks.provider)
	l.readData()
	l.readLocals()
	l.readValueMaps()
	l.readEnabled()
	l.readResources()
	l.readSets()
	l.untyped()
	l.readPhases()
	l.readChecklists(blocks.checklist)
	l.readRedactions(blocks.redact)
	l.readLimits(blocks.limits)
	l.readMoved(blocks.moved)
	l.readRemoved(blocks.removed)
	l.order()
	l.checkConstRefs()
	diags := l.settle(l.masked())
	if diags.HasErrors() {
		return nil, diags
	}
	slices.Sort(l.cfg.Secrets)
	l.cfg.Meaning = l.meaning()
	return l.cfg, diags
}

func (l *loader) hasErrors() bool { return l.diags.HasErrors() }

// parse reads all *.hcl files.
func (l *loader) parse() {
	paths, err := filepath.Glob(filepath.Join(escapeGlob(l.Dir), "*.hcl"))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("there is no *.hcl file in the folder")
	}
	if err != nil {
		l.add(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: "No configuration", Detail: sentence(err.Error()) + ". Make one with `deskform init`, or name its folder with -C."})
		return
	}
	slices.Sort(paths)
	for _, path := range paths {
		name := filepath.Base(path)
		src, err := os.ReadFile(path)
		if err != nil {
			l.add(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: "File not readable", Detail: fmt.Sprintf("Read %s: %v.", name, cause(err))})
			continue
		}
		l.parseFile(name, src)
	}
}

func (l *loader) parseFile(name string, src []byte) {
	f, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	l.all(diags)
	if f == nil {
		f = &hcl.File{Bytes: src}
	}
	l.files[name] = f
	l.names = append(l.names, name)
}

// cause is the reason of a file error without the path, which is of this machine.
func cause(err error) error {
	if pe, ok := err.(*os.PathError); ok {
		return pe.Err
	}
	return err
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// topBlocks are those that are read in one go.
type topBlocks struct {
	deskform, provider, limits, moved, removed, checklist, redact []*hclsyntax.Block
}

// collect declares everything that has a name, so that the order of blocks and files does not matter.
func (l *loader) collect() topBlocks {
	var out topBlocks
	for _, name := range l.names {
		in, ok := l.files[name].Body.(*hclsyntax.Body)
		if !ok {
			continue
		}
		for _, a := range sortedKeys(in.Attributes) {
			l.errorf(in.Attributes[a].NameRange, "Argument outside of a block", "A file consists of blocks. Put constants into locals { %s = … }.", a)
		}
		for _, b := range in.Blocks {
			if l.kindBlock(b) {
				continue
			}
			i := slices.IndexFunc(blockDocs, func(d blockDoc) bool { return d.name == b.Type })
			if i < 0 {
				l.errorf(b.TypeRange, "Unknown block", "There is no block %q.%s", b.Type, meant(b.Type, l.blockNames()))
				continue
			}
			if len(b.Labels) != len(blockDocs[i].labels) {
				l.labels(b, blockDocs[i])
				continue
			}
			switch b.Type {
			case "deskform":
				out.deskform = append(out.deskform, b)
			case "provider":
				out.provider = append(out.provider, b)
			case "limits":
				out.limits = append(out.limits, b)
			case "checklist":
				out.checklist = append(out.checklist, b)
			case "redact":
				out.redact = append(out.redact, b)
			case "moved":
				out.moved = append(out.moved, b)
			case "removed":
				out.removed = append(out.removed, b)
			case "variable":
				l.declareVariable(b)
			case "locals":
				l.declareLocals(b)
			case "data":
				l.declareData(b)
			case "value_map":
				l.declareValueMap(b)
			case "records":
				l.declareSet(b)
			case "phase":
				l.declarePhase(b)
			}
		}
	}
	return out
}

// twice reports that a name is declared a second time.
func (l *loader) twice(b *hclsyntax.Block, what string, first hcl.Range) {
	l.errorf(b.DefRange(), "Declared twice", "%s is already declared on %s line %d. Delete or rename one of them.", sentence(what), first.Filename, first.Start.Line)
}

// nameOK checks that a label can be written in a reference.
func (l *loader) nameOK(b *hclsyntax.Block, i int) bool {
	if hclsyntax.ValidIdentifier(b.Labels[i]) {
		return true
	}
	l.errorf(b.LabelRanges[i], "Not a name", "A name consists of letters, digits, _ and -, and begins with a letter.")
	return false
}

// static is a compiler for places where only constants are known.
func (l *loader) static() *compiler { return &compiler{loader: l} }

func (l *loader) env(name string) (string, bool) {
	if l.Env == nil {
		return "", false
	}
	return l.Env(name)
}

// secret notes a value that must not be shown. Very short ones would hide half of any text.
func (l *loader) secret(v string) {
	if len(v) >= 4 && !slices.Contains(l.cfg.Secrets, v) {
		l.cfg.Secrets = append(l.cfg.Secrets, v)
	}
}

// sourceText is a piece of the configuration as written, on one line.
func (l *loader) sourceText(at hcl.Range) string {
	f, ok := l.files[at.Filename]
	if !ok || !at.CanSliceBytes(f.Bytes) {
		return ""
	}
	return strings.Join(strings.Fields(string(at.SliceBytes(f.Bytes))), " ")
}

func (l *loader) deskform(blocks []*hclsyntax.Block) {
	for i, b := range blocks {
		if i > 0 {
			l.twice(b, "the deskform block", blocks[0].DefRange())
			continue
		}
		in := l.open(b.Body, b.DefRange(), "the deskform block", deskformDoc, nil)
		c := l.static()
		if text, ok := in.text(c, "required_version"); ok {
			l.cfg.RequiredVersion = text
			l.checkVersion(text, in.attrs["required_version"].Expr.Range())
		}
		for _, s := range in.blocks("state", 1) {
			if s.Labels[0] != "sqlite" {
				l.errorf(s.LabelRanges[0], "Unknown state", "The state is a SQLite file: state \"sqlite\" { path = \"…\" }.")
				continue
			}
			st := l.open(s.Body, s.DefRange(), "the state block", deskformDoc.blocks[0], nil)
			l.cfg.StateType = "sqlite"
			path, ok := st.text(c, "path")
			if ok && path == "" {
				l.errorf(st.attrs["path"].Expr.Range(), "Path is empty", "Name the file of the state, relative to this folder: path = \"acme.db\".")
			}
			l.cfg.StatePath = path
		}
	}
}

func (l *loader) checkVersion(text string, at hcl.Range) {
	want, err := goversion.NewConstraint(text)
	if err != nil {
		l.errorf(at, "Not a version constraint", "Write it like \"~> 0.1\" or \">= 0.1, < 1.0\".")
		return
	}
	if l.Version == "" {
		return
	}
	have, err := goversion.NewVersion(l.Version)
	if err != nil {
		panic("hcl: the program's version is " + l.Version)
	}
	if !want.Check(have) {
		l.errorf(at, "Wrong version of deskform", "This configuration needs deskform %s, and this is %s. Install a version that fits, or change required_version once you have read what changed.", text, l.Version)
	}
}
