package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// An Address names one resource (`attribute.conversation.itsm_priority`), one record
// (`contact.requesters["employee$512"]`), or one part of a record
// (`conversation.incidents["serviceCall$7"].comments["comment$9"]`).
type Address struct {
	// Set is the owner: "contact.requesters" for records, "tag" or "attribute.conversation" for resources.
	Set string `json:"set"`
	// Key is the record's key, or the resource's last label.
	Key string `json:"key"`
	// Resource is true for a schema object, whose key is written as a label.
	Resource bool `json:"resource,omitempty"`
	// List and Part name a part inside a record; both empty for the record itself.
	List string `json:"list,omitempty"`
	Part string `json:"part,omitempty"`
}

// Target is the address as a reference names it.
func (a Address) Target() Target { return Target{Set: a.Set, Key: a.Key} }

func (a Address) String() string {
	if a.Resource {
		return a.Set + "." + a.Key
	}
	s := a.Set + "[" + strconv.Quote(a.Key) + "]"
	if a.List != "" {
		s += "." + a.List + "[" + strconv.Quote(a.Part) + "]"
	}
	return s
}

// ParseAddress reads what String writes.
func ParseAddress(s string) (Address, error) {
	set, rest, ok := strings.Cut(s, "[")
	if !ok {
		i := strings.LastIndexByte(s, '.')
		if i <= 0 || i == len(s)-1 {
			return Address{}, fmt.Errorf(`%q is no address; write tag.NAME, attribute.conversation.NAME or contact.SET["KEY"]`, s)
		}
		return Address{Set: s[:i], Key: s[i+1:], Resource: true}, nil
	}
	key, rest, err := quoted(rest)
	if err != nil || set == "" {
		return Address{}, fmt.Errorf(`%q is no address; write contact.SET["KEY"], the key in double quotes`, s)
	}
	a := Address{Set: set, Key: key}
	if rest == "" {
		return a, nil
	}
	list, rest, ok := strings.Cut(strings.TrimPrefix(rest, "."), "[")
	if !ok || list == "" {
		return Address{}, fmt.Errorf("%q is no address: after the key comes .LIST[\"PART\"] or nothing", s)
	}
	a.List = list
	if a.Part, rest, err = quoted(rest); err != nil || rest != "" {
		return Address{}, fmt.Errorf("%q is no address: after the key comes .LIST[\"PART\"] or nothing", s)
	}
	return a, nil
}

func quoted(s string) (val, rest string, err error) {
	q, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", "", err
	}
	if val, err = strconv.Unquote(q); err != nil {
		return "", "", err
	}
	rest, ok := strings.CutPrefix(s[len(q):], "]")
	if !ok {
		return "", "", fmt.Errorf("no closing bracket")
	}
	return val, rest, nil
}

// cutSet splits "contact.requesters" into its kind and its name.
func cutSet(set string) (kind, name string, ok bool) { return strings.Cut(set, ".") }
