package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An Edition is which modules a tenant has (IT 6, 8.3). Zero is Full.
type Edition string

const (
	Full     Edition = "full"
	Basic    Edition = "basic"    // no problems, changes and assets: their classes are unknown, and attributes that lead to them are absent
	Contract Edition = "contract" // agreements are agreement$contract with the SLA inside: state active, and no agreementRule
)

// tagged is what each tag of the configuration has (IT 6), as far as the attributes of IT 3 tell: a class, and the
// attributes elsewhere that lead to it.
var tagged = map[string][]string{
	"BazaZnanii":         {"KB", "serviceCall.KBtoAddArticle", "serviceCall.addArtikle", "serviceCall.titleKB", "problem.KBArticles", "slmService.articlesKB"},
	"ITaktivy":           {"objectBase", "serviceCall.KEs", "problem.KEs", "problem.rootCI", "changeRequest.KEs", "changeRequest.connectedCI", "ou.KEsInUse"},
	"Problemy":           {"problem", "serviceCall.problems", "changeRequest.problems", "task.problem", "objectBase.problems", "KB.problems", "workRecord.problem"},
	"Soglasovaniya":      {"negotiation", "vote", "serviceCall.negotiations", "serviceCall.stateNeg", "changeRequest.negotiations", "changeRequest.periodNegotiat", "changeRequest.advisoryEmpl", "employee.votes"},
	"Trudozatraty":       {"workRecord", "serviceCall.workRecords", "serviceCall.spentTime", "serviceCall.sumWorkRecords", "serviceCall.sumApprovedWR", "task.workRecords", "problem.workRecords", "changeRequest.workRecords", "employee.workReports"},
	"Zadachi":            {"task", "serviceCall.tasks", "serviceCall.stateTask", "problem.tasks", "changeRequest.tasks", "workRecord.task"},
	"ZaprosyNaIzmenenie": {"changeRequest", "serviceCall.rfcReason", "serviceCall.rfcResults", "problem.changeRequests", "objectBase.changeRequest", "task.changeRequest", "workRecord.changeRequest", "negotiation.source", "vote.changeRequest"},
}

// Tags are the tags that can be off.
func Tags() []string { return slices.Sorted(maps.Keys(tagged)) }

// errAbsent says that an object is of a module that the tenant does not have.
var errAbsent = errors.New("is not in this edition")

// modules is what an edition and its tags leave out.
type modules struct {
	classes  map[string]bool            // whose objects are not there
	attrs    map[string]map[string]bool // attributes that are not there, by class
	contract bool
}

// without takes out of the model what an edition does not have. A class of a tag that is off still answers, with
// nothing; one that the edition does not have is unknown (IT 6).
func (m model) without(e Edition, off []string) (modules, error) {
	out := modules{classes: map[string]bool{}, attrs: map[string]map[string]bool{}}
	var unknown []string
	switch e {
	case "", Full:
	case Basic:
		for _, tag := range []string{"Problemy", "ZaprosyNaIzmenenie", "ITaktivy"} {
			unknown = append(unknown, out.leave(tag)...)
		}
	case Contract:
		out.contract = true
		out.classes["agreementRule"] = true
		out.attrs["agreement"] = map[string]bool{"priorityRule": true, "resolutionTimeRule": true}
		unknown = []string{"agreementRule"}
		m.rename("agreement$agreement", contractType)
	default:
		return out, fmt.Errorf("edition %q is none of %s, %s, %s", e, Full, Basic, Contract)
	}
	for _, tag := range off {
		if tagged[tag] == nil {
			return out, fmt.Errorf("tag %q is none of %s", tag, strings.Join(Tags(), ", "))
		}
		out.leave(tag)
	}
	for class, names := range out.attrs {
		m.types[class].forget(names)
	}
	for _, class := range unknown {
		m.remove(m.types[class])
	}
	return out, nil
}

const contractType = "agreement$contract"

// leave notes what a tag has, and returns its classes.
func (out modules) leave(tag string) []string {
	var classes []string
	for _, name := range tagged[tag] {
		class, attr, dotted := strings.Cut(name, ".")
		if !dotted {
			out.classes[class] = true
			classes = append(classes, class)
			continue
		}
		if out.attrs[class] == nil {
			out.attrs[class] = map[string]bool{}
		}
		out.attrs[class][attr] = true
	}
	return classes
}

func (t *typ) forget(names map[string]bool) {
	for name := range names {
		delete(t.stock, name)
	}
	for _, k := range t.kinds {
		k.forget(names)
	}
}

func (m model) remove(t *typ) {
	delete(m.types, t.fqn)
	for _, k := range t.kinds {
		m.remove(k)
	}
}

func (m model) rename(from, to string) {
	t := m.types[from]
	delete(m.types, from)
	t.fqn = to
	m.types[to] = t
}

// fit makes the attributes of a new object those of the edition: what leads to a missing module is left out.
// errAbsent says that the object itself belongs to one.
func (out modules) fit(class string, attrs map[string]any) error {
	if out.classes[class] {
		return fmt.Errorf("%s %w", class, errAbsent)
	}
	if out.none() {
		return nil
	}
	if source, _ := attrs["source"].(string); class == "comment" || class == "file" {
		if owner, _, ok := uuidNumber(source); ok && out.classes[owner] {
			return fmt.Errorf("%s of a %s %w", class, owner, errAbsent)
		}
	}
	for name := range out.attrs[class] {
		delete(attrs, name)
	}
	if out.contract && class == "agreement" {
		attrs["metaClass"] = contractType
		if attrs["state"] == "registered" {
			attrs["state"] = "active"
		}
	}
	for name, v := range attrs {
		switch v := v.(type) {
		case string:
			if name != "UUID" && name != "metaClass" && out.leads(v) {
				delete(attrs, name)
			}
		case []any:
			attrs[name] = slices.DeleteFunc(v, func(e any) bool { s, _ := e.(string); return out.leads(s) })
		}
	}
	return nil
}

// none tells that nothing is left out or changed.
func (out modules) none() bool { return len(out.classes) == 0 && !out.contract }

// leads tells whether a text is the UUID of an object of a missing module.
func (out modules) leads(text string) bool {
	class, _, ok := uuidNumber(text)
	return ok && out.classes[class]
}
