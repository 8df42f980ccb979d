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
		Name: "itsm365",
		Doc:  "A class of objects of an ITSM 365 tenant. Archived objects are included, as the service lists them.",
		Provider: []plan.Field{
			{Name: "url", Type: plan.TypeString, Required: true, Doc: "REST root with its prefix: `https://TENANT.itsm365.com/sd/services/rest` (IT 1.1)."},
			{Name: "access_key", Type: plan.TypeString, Secret: true, Required: true, Doc: "The access key, from the environment: `env(\"ITSM365_ACCESS_KEY\")` (IT 1.2). It is redacted everywhere."},
			{Name: "time_zone", Type: plan.TypeString, Default: "Europe/Moscow", Doc: "IANA zone of the server: dates come without one (IT 2.10)."},
			{Name: "rate", Type: plan.TypeNumber, Default: 2.0, Doc: "Calls a second, at most (IT 1.5)."},
			{Name: "page_size", Type: plan.TypeInt, Default: int64(500), Doc: "Objects a page; a server that gives fewer is read to its end all the same (IT 2.1)."},
			{Name: "timeout", Type: plan.TypeInt, Default: int64(60), Doc: "Seconds a call may take."},
			{Name: "retries", Type: plan.TypeInt, Default: int64(5), Doc: "How often a read is tried again after a passing failure."},
		},
		Args: []plan.Field{
			{Name: "class", Type: plan.TypeString, Required: true, Doc: "Class or type: `serviceCall`, `serviceCall$request`, `comment`, a catalog such as `category`. A class includes its types."},
			{Name: "attrs", Type: plan.TypeStrings, Doc: "Attributes to read; found out with one unlimited object when left out (IT 2.1)."},
			{Name: "filter", Type: plan.TypeMap, Doc: "Equality by attribute: `{ removed = false }`. The service knows no ranges and no dates (IT 2.1)."},
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
