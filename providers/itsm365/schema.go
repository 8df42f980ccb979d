// Package itsm365 reads an ITSM 365 (Naumen SMP) tenant through its REST interface. It calls find, get, get-file and
// check-status and nothing else: many of the service's writes work through a plain GET (IT 1.3), so that the whitelist,
// not the method, keeps it from writing.
package itsm365

import (
	"regexp"
	"strings"

	"deskform/plan"
)

// Schema describes the provider block, `data "itsm365"` blocks and the functions for texts of the service.
func Schema() plan.SourceSchema {
	return plan.SourceSchema{
		Name:     "itsm365",
		Doc:      "A class of objects of an ITSM 365 tenant. Archived objects are included, as the service lists them.",
		Provider: providerFields(),
		Check:    checkArgs,
		Args: []plan.Field{
			{Name: "class", Type: plan.TypeString, Required: true, Doc: "Class or type: `serviceCall`, `serviceCall$request`, `comment`, a catalog such as `category`. A class includes its types."},
			{Name: "attrs", Type: plan.TypeStrings, Doc: "Attributes to read; found out with one unlimited object when left out (IT 2.1)."},
			{Name: "filter", Type: plan.TypeMap, Doc: "Equality by attribute: `{ removed = false }`. The service knows no ranges and no dates (IT 2.1)."},
			{Name: "whole", Type: plan.TypeBool, Default: false, Doc: "Asks for whole objects instead of attributes, back-link collections and all: for a server that refuses attributes of comments (IT 2.7), which is found out by itself as well."},
			{Name: "bulk", Type: plan.TypeBool, Default: false, Doc: "With `of`: reads the whole class page by page instead of owner by owner, and keeps what the owners have. Far fewer calls, and edits show in every pull; but the key may see less that way (IT 2.7)."},
			{Name: "files", Type: plan.TypeEnum, Enum: []string{"both", "attribute", "list"}, Default: "both", Doc: "Where the files of objects are looked for: in their attributes, in the list of the class `file`, or in both, each file once (IT 2.6)."},
		},
		Functions: []plan.Function{
			{Name: "mail_sender", Params: []string{"text"}, Result: plan.TypeString, Call: mailSender,
				Doc: "The address in the tail «Email отправителя: …» that the mail robot puts under comments (IT 5.3), lower case; null when there is none."},
			{Name: "without_mail_tail", Params: []string{"text"}, Result: plan.TypeHTML, Call: withoutMailTail,
				Doc: "The text without that tail."},
		},
	}
}

var mailTail = regexp.MustCompile(`(?i)(?:<br\s*/?>|\n|<div>)*\s*Email отправителя:\s*(?:<a[^>]*>)?\s*([^\s<>"]+@[^\s<>"]+?)\s*(?:</a>)?\s*(?:</div>)?\s*$`)

func mailSender(args []plan.Value) (plan.Value, error) {
	text, _ := args[0].(string)
	if m := mailTail.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		return strings.ToLower(m[1]), nil
	}
	return nil, nil
}

func withoutMailTail(args []plan.Value) (plan.Value, error) {
	text, ok := args[0].(string)
	if !ok {
		return args[0], nil
	}
	return mailTail.ReplaceAllString(strings.TrimSpace(text), ""), nil
}
