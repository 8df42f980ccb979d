package sandbox

import "slices"

// moves are the state changes that the stock configuration lets a ticket make (IT 3.2); of other classes they are not known.
var moves = map[string][]string{
	"registered":       {"inprogress"},
	"inprogress":       {"deferred", "resolved", "waitClientAnswer"},
	"waitClientAnswer": {"inprogress"},
	"deferred":         {"inprogress"},
	"resolved":         {"closed", "resumed"},
	"resumed":          {"inprogress", "deferred"},
}

// checkMove refuses a state change that the workflow does not have: an incident is not deferred, and a call is new or closed.
func checkMove(o *object, attrs map[string]any) error {
	to, _ := attrs["state"].(string)
	from := o.text("state")
	if o.typ.class().fqn != "serviceCall" || to == "" || to == from {
		return nil
	}
	allowed := moves[from]
	switch o.typ.fqn {
	case "serviceCall$call":
		allowed = nil
		if from == "registered" {
			allowed = []string{"closed"}
		}
	case "serviceCall$serviceCall":
		allowed = slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "deferred" })
	}
	if !slices.Contains(allowed, to) {
		return failf("Переход из статуса '%s' в статус '%s' невозможен: %s", from, to, o.uuid)
	}
	return nil
}

// checkRequired refuses a new ticket without what the stock configuration requires (IT 3.2); either description is enough (IT 2.4).
func checkRequired(t *typ, attrs map[string]any) error {
	if t.class().fqn != "serviceCall" {
		return nil
	}
	empty := func(name string) bool { return attrs[name] == nil || attrs[name] == "" }
	for _, name := range []string{"shortDescr", "agreement"} {
		if empty(name) {
			return failf("Не заполнен обязательный атрибут '%s' метакласса '%s'", name, t.fqn)
		}
	}
	if empty("description") && empty("descriptionRTF") {
		return failf("Не заполнен обязательный атрибут 'description' метакласса '%s'", t.fqn)
	}
	return nil
}
