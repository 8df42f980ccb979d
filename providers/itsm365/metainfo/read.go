package metainfo

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ReadFile reads an export from a file, and its parts from below its folder. Errors name it as it is named here.
func ReadFile(name string) (*Summary, error) {
	root, base, err := Folder(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return read(root.FS(), base, filepath.Dir(name))
}

// Folder opens the folder of an export, out of which nothing leads, a symbolic link neither, and gives the export's name in
// it. The caller closes it.
func Folder(name string) (*os.Root, string, error) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil, "", &Error{File: name, Why: reason(err), Err: err}
	}
	root, err := os.OpenRoot(filepath.Dir(real))
	if err != nil {
		return nil, "", &Error{File: name, Why: reason(err), Err: err}
	}
	return root, filepath.Base(real), nil
}

// ReadFS is ReadFile of a folder that is not on the disk.
func ReadFS(dir fs.FS, name string) (*Summary, error) { return read(dir, name, "") }

func read(dir fs.FS, name, base string) (*Summary, error) {
	s := &stream{dir: dir, base: filepath.ToSlash(base), names: []string{name}}
	if base == "." {
		s.base = ""
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, &Error{File: s.place(name), Why: reason(err), Err: err}
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		_ = f.Close() // it was only read
		return nil, &Error{File: s.place(name), Why: "it is a folder; name the file in it", Err: err}
	}
	return s.summary(name, f, f)
}

// Read reads an export that is one XML. The stream is read to its end.
func Read(in io.Reader) (*Summary, error) { return (&stream{}).summary("", in, nil) }

// summary reads a whole export.
func (s *stream) summary(name string, in io.Reader, c io.Closer) (sum *Summary, err error) {
	defer func() {
		err = errors.Join(err, s.end())
		if err != nil {
			sum = nil
		}
	}()
	if err := s.push(name, in, c); err != nil {
		return nil, err
	}
	sum = &Summary{Other: map[string]int{}}
	r := &reader{s, sum}
	for {
		t, err := s.next()
		if errors.Is(err, io.EOF) {
			sum.Files = s.names
			return sum, nil
		}
		if err != nil {
			return nil, err
		}
		if _, ok := t.(xml.StartElement); ok {
			if err := s.children(r.section); err != nil {
				return nil, err
			}
		}
	}
}

// A reader fills a summary.
type reader struct {
	*stream
	sum *Summary
}

// key is the name of an element as it is compared: exports and their parts write sec-group, secGroup and sec_group.
func key(t xml.StartElement) string { return strings.ToLower(dashes.Replace(t.Name.Local)) }

var dashes = strings.NewReplacer("-", "", "_", "")

// section reads one child of the root element.
func (r *reader) section(t xml.StartElement) error {
	name := key(t)
	switch name {
	case "head":
		return r.head()
	case "tags":
		return r.each("tag", func(t xml.StartElement) error { return r.thing(t, &r.sum.Tags) })
	case "mailprocessorrules":
		return r.each("rule", func(t xml.StartElement) error { return r.thing(t, &r.sum.Mail) })
	case "userevents":
		return r.each("event", func(t xml.StartElement) error { return r.thing(t, &r.sum.UserEvents) })
	case "scriptmodules":
		return r.each("module", func(t xml.StartElement) error { return r.thing(t, &r.sum.Modules) })
	case "scripts":
		return r.count("script", &r.sum.Scripts)
	case "reporttemplatescontainer", "reporttemplates":
		return r.count("reporttemplate", &r.sum.Reports)
	case "embeddedapplications":
		return r.count("application", &r.sum.Applications)
	case "customforms":
		return r.count("form", &r.sum.CustomForms)
	case "advimport", "advimports":
		return r.count("", &r.sum.Imports)
	case "objects", "objectgroup":
		return r.each("class", func(xml.StartElement) error { return r.count("object", &r.sum.Items) })
	case "schedulertasks":
		return r.each("task", r.task)
	case "task": // of the scheduler
		return r.task(t)
	case "ui":
		r.sum.Forms++
		return r.skip()
	case "catalog":
		r.sum.Catalogs++
		return r.skip()
	case "eventactions", "escalation":
		return r.children(r.known)
	}
	if f := r.reads(name); f != nil {
		return f(t)
	}
	if name := short(t.Name.Local); len(r.sum.Other) < 1000 || r.sum.Other[name] > 0 {
		r.sum.Other[name]++
	}
	return r.children(r.known) // another version may keep what we know one level deeper
}

// known reads an element that says by its name alone what it is, and passes over any other.
func (r *reader) known(t xml.StartElement) error {
	if f := r.reads(key(t)); f != nil {
		return f(t)
	}
	return r.skip()
}

// reads is how an element of a name is read that means the same wherever it stands; nil for others.
func (r *reader) reads(name string) func(xml.StartElement) error {
	switch name {
	case "systemmetaclass", "usermetaclass":
		return r.class
	case "action":
		return func(xml.StartElement) error { return r.children(r.known) }
	case "eventaction":
		return r.event
	case "escalationscheme":
		return r.escalation
	case "timerdefinition":
		return r.timer
	case "responsibletransfers", "responsibletransfer":
		return r.transfer
	case "secgroup", "securitygroup":
		return func(t xml.StartElement) error { return r.thing(t, &r.sum.Groups) }
	case "secprofile", "securityprofile":
		return func(t xml.StartElement) error { return r.thing(t, &r.sum.Profiles) }
	case "securitydomain", "secdomain":
		return func(t xml.StartElement) error { return r.thing(t, &r.sum.Domains) }
	}
	return nil
}

// each hands the children of one name to a function, and passes over the others.
func (r *reader) each(name string, f func(xml.StartElement) error) error {
	return r.children(func(t xml.StartElement) error {
		if key(t) == name {
			return f(t)
		}
		return r.skip()
	})
}

// count counts the children of a name, or all.
func (r *reader) count(name string, into *int) error {
	return r.children(func(t xml.StartElement) error {
		if name == "" || key(t) == name {
			*into++
		}
		return r.skip()
	})
}

// note counts an entry that is kept.
func (r *reader) note() error {
	if r.noted++; r.noted > maxEntries {
		return r.failed(fmt.Sprintf("it lists more than %d things; that is no export of a desk", maxEntries), nil)
	}
	return nil
}

func (r *reader) head() error {
	return r.children(func(t xml.StartElement) error {
		text, err := r.text()
		switch key(t) {
		case "date":
			r.sum.Date = text
		case "exportmode":
			r.sum.Mode = strings.ToLower(text)
		case "version":
			r.sum.Version = text
		}
		return err
	})
}

// attr is an attribute of an element; ok is false where it has none.
func attr(t xml.StartElement, name string) (value string, ok bool) {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return short(a.Value), true
		}
	}
	return "", false
}

// off reads the words for a switch.
func off(word string) bool {
	switch strings.ToLower(word) {
	case "false", "off", "no", "0", "disabled":
		return true
	}
	return false
}

// named is a thing of which the element is known; member reads what the caller has of a child, and says if it did.
func (r *reader) named(t xml.StartElement, member func(xml.StartElement) (bool, error)) (Thing, error) {
	var x Thing
	x.Code, _ = attr(t, "code")
	for _, name := range []string{"enabled", "on", "active"} {
		if v, ok := attr(t, name); ok && off(v) {
			x.Off = true
		}
	}
	if err := r.note(); err != nil {
		return x, err
	}
	return x, r.children(func(t xml.StartElement) error {
		if member != nil {
			if done, err := member(t); done || err != nil {
				return err
			}
		}
		switch key(t) {
		case "code", "uuid":
			return r.into(&x.Code)
		case "title":
			return r.title(t, &x.Title)
		case "enabled", "on", "active", "state":
			text, err := r.text()
			x.Off = x.Off || off(text)
			return err
		case "removed":
			text, err := r.text()
			x.Off = x.Off || strings.EqualFold(text, "true")
			return err
		}
		return r.skip()
	})
}

// into reads a text where there is none yet.
func (r *reader) into(text *string) error {
	got, err := r.text()
	if *text == "" {
		*text = got
	}
	return err
}

func (r *reader) title(t xml.StartElement, into *Title) error {
	text, err := r.text()
	switch lang, _ := attr(t, "lang"); lang {
	case "ru":
		into.RU = text
	case "en":
		into.EN = text
	case "", "client":
		if into.RU == "" {
			into.RU = text
		}
	}
	return err
}

func (r *reader) thing(t xml.StartElement, list *[]Thing) error {
	x, err := r.named(t, nil)
	*list = append(*list, x)
	return err
}

// fqn reads the name of a class or type: <id>serviceCall</id><case>request</case>, or a plain text.
func (r *reader) fqn() (string, error) {
	id, typ, plain := "", "", ""
	for depth := r.depth; r.depth >= depth; {
		t, err := r.next()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			var into string
			name := key(t)
			if into, err = r.text(); err != nil {
				return "", err
			}
			switch name {
			case "id":
				id = into
			case "case":
				typ = into
			}
		case xml.CharData:
			if r.depth == depth && len(plain) < 4*maxShort {
				plain += string(t[:min(len(t), 4*maxShort)])
			}
		}
	}
	switch {
	case id == "":
		return short(strings.TrimSpace(strings.ToValidUTF8(plain, ""))), nil
	case typ == "":
		return id, nil
	}
	return id + "$" + typ, nil
}

func (r *reader) class(t xml.StartElement) error {
	c := Class{System: key(t) == "systemmetaclass"}
	x, err := r.named(t, func(t xml.StartElement) (done bool, err error) {
		switch key(t) {
		case "fqn":
			c.FQN, err = r.fqn()
		case "parent":
			c.Parent, err = r.fqn()
		case "tags":
			err = r.tag(&c.Tags)
		case "attributes":
			err = r.count("attribute", &c.Attributes)
		case "attribute": // where the list has no element of its own
			c.Attributes++
			err = r.skip()
		case "attributeoverrides":
			err = r.count("", &c.Overrides)
		case "attributeoverride":
			c.Overrides++
			err = r.skip()
		case "workflow":
			c.Workflow, err = r.workflow(t)
		default:
			return false, nil
		}
		return true, err
	})
	c.Title = x.Title
	r.sum.Classes = append(r.sum.Classes, c)
	return err
}

// tag reads the code of a tag that something has.
func (r *reader) tag(into *[]string) error {
	text, err := r.text()
	if err == nil && text != "" {
		*into = append(*into, text)
		err = r.note()
	}
	return err
}

func (r *reader) workflow(t xml.StartElement) (*Workflow, error) {
	w := &Workflow{}
	inherit, _ := attr(t, "inherit")
	w.Inherit = strings.EqualFold(inherit, "true")
	w.Initial, _ = attr(t, "originalState")
	return w, r.children(func(t xml.StartElement) error {
		switch key(t) {
		case "state":
			x, err := r.named(t, nil)
			w.States = append(w.States, State(x))
			return err
		case "transition":
			var x Transition
			x.From, _ = attr(t, "from")
			x.To, _ = attr(t, "to")
			enabled, _ := attr(t, "enabled")
			x.Off = off(enabled)
			w.Transitions = append(w.Transitions, x)
			if err := r.note(); err != nil {
				return err
			}
		}
		return r.skip()
	})
}

func (r *reader) event(t xml.StartElement) error {
	var e EventAction
	x, err := r.named(t, func(t xml.StartElement) (done bool, err error) {
		name := key(t)
		switch {
		case name == "fqn":
			return true, r.listed(&e.Classes)
		case name == "conditions":
			e.Conditions++
			return true, r.skip()
		case strings.HasSuffix(name, "action"):
			if e.Kind == "" {
				e.Kind = strings.TrimSuffix(short(t.Name.Local), "-action")
			}
			return true, r.skip() // its text is a script, a message, addresses
		case strings.HasSuffix(name, "event"):
			return true, r.each("eventtype", func(xml.StartElement) error { return r.into(&e.Event) })
		}
		return false, nil
	})
	e.Thing = x
	r.sum.Events = append(r.sum.Events, e)
	return err
}

// listed reads a class into a list.
func (r *reader) listed(into *[]string) error {
	name, err := r.fqn()
	if err == nil && name != "" {
		*into = append(*into, name)
		err = r.note()
	}
	return err
}

func (r *reader) escalation(t xml.StartElement) error {
	var e Escalation
	x, err := r.named(t, func(t xml.StartElement) (bool, error) {
		switch key(t) {
		case "targettypes", "targettype":
			return true, r.listed(&e.Classes)
		case "timercode":
			return true, r.into(&e.Timer)
		case "levels":
			return true, r.level(&e)
		}
		return false, nil
	})
	e.Thing = x
	r.sum.Escalations = append(r.sum.Escalations, e)
	return err
}

// level reads one level; where a list of them has an element of its own, each.
func (r *reader) level(e *Escalation) error {
	var l Level
	nested := false
	err := r.children(func(t xml.StartElement) error {
		switch key(t) {
		case "condition":
			return r.children(func(t xml.StartElement) error {
				switch key(t) {
				case "condition":
					return r.into(&l.Condition)
				case "value":
					return r.into(&l.Value)
				}
				return r.skip()
			})
		case "actions":
			l.Actions++
		case "levels":
			nested = true
			return r.level(e)
		}
		return r.skip()
	})
	if nested || err != nil {
		return err
	}
	e.Levels = append(e.Levels, l)
	return r.note()
}

func (r *reader) timer(t xml.StartElement) error {
	var x Timer
	thing, err := r.named(t, func(t xml.StartElement) (done bool, err error) {
		switch key(t) {
		case "targettype", "targettypes":
			x.Class, err = r.fqn()
		case "timemetric":
			err = r.into(&x.Metric)
		case "statuscondition":
			err = r.children(func(t xml.StartElement) error {
				switch key(t) {
				case "selected":
					x.Runs++
				case "stopstates":
					x.Stops++
				}
				return r.skip()
			})
		default:
			return false, nil
		}
		return true, err
	})
	x.Thing = thing
	r.sum.Timers = append(r.sum.Timers, x)
	return err
}

func (r *reader) transfer(xml.StartElement) error {
	var x Transfer
	err := r.children(func(t xml.StartElement) error {
		switch key(t) {
		case "fqn":
			name, err := r.fqn()
			x.Class = name
			return err
		case "transition":
			pairs, on := 0, true
			if err := r.children(func(t xml.StartElement) error {
				text, err := r.upTo(1 << 20)
				switch key(t) {
				case "to":
					for _, team := range strings.Split(text, ",") {
						if strings.TrimSpace(team) != "" {
							pairs++
						}
					}
				case "enabled":
					on = !off(text)
				}
				return err
			}); err != nil {
				return err
			}
			if on && pairs > 0 {
				x.Teams++
				x.Pairs += pairs
			}
			return nil
		}
		return r.skip()
	})
	r.sum.Transfers = append(r.sum.Transfers, x)
	return errors.Join(err, r.note())
}

func (r *reader) task(t xml.StartElement) error {
	var x Task
	x.Kind, _ = attr(t, "type")
	on, triggers := false, 0
	thing, err := r.named(t, func(t xml.StartElement) (bool, error) {
		switch key(t) {
		case "type":
			text, err := r.text()
			if text != "" {
				x.Kind = text
			}
			return true, err
		case "trigger":
			triggers++
			y, err := r.named(t, nil)
			on = on || !y.Off
			return true, err
		}
		return false, nil
	})
	x.Thing = thing
	x.Off = x.Off || triggers > 0 && !on
	r.sum.Tasks = append(r.sum.Tasks, x)
	return err
}
