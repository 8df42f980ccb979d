package openapi

import "regexp"

// undocumented are operations whose description has 200 and 401 alone (IC trap 42: "POST /contacts and POST /tickets
// document only 200/401; absence of an error in the spec proves nothing"), with the statuses that the reference gives them.
var undocumented = map[string]string{
	"createTicket":              "400|404",
	"getTicket":                 "404",
	"createTicketType":          "400",
	"createTicketTypeAttribute": "400",
	"getTicketType":             "404",
	"updateTicketTypeAttribute": "404",
}

// laterDifferences are those of tickets, custom objects, participants and notes.
func laterDifferences() []Difference {
	out := []Difference{
		{"updateConversation", regexp.MustCompile(`^request: /company_id: Value is not nullable$`), "IC 3.6: null removes the company; the description's own text says \"Set to nil to remove company\""},
		{"updateTicket", regexp.MustCompile(`^request: /company_id: Value is not nullable$`), "IC 3.6: null removes the company; the description of tickets says \"Set to nil to remove company\" as well"},
		{"", regexp.MustCompile(`^answer 200: /input_options: value must be an object$`), "IC 3.8 and 7 #13: input_options is untyped in practice and holds the list items with their GUIDs; an array of objects with id and label"},
		{"", regexp.MustCompile(`^answer 200: .*/custom_attributes/\w+: value must be a string$`), "IC 3.10: instances hold numbers, booleans and references, and the description's own example has total_amount: 99.99"},
		{"createCustomObjectInstances", regexp.MustCompile(`^request: /custom_attributes/\w+: value must be a string$`), "IC 3.10: numbers and booleans are written as such, references as arrays of ids"},
		{"createCustomObjectInstances", regexp.MustCompile(`^request: /external_created_at: value must be an integer$`), "IC trap 12: a date that cannot be read is taken, and stored as null"},
		{"createTag", regexp.MustCompile(`^request: /: input matches more than one oneOf schemas$`), "IC 3.7: tagging in bulk fits the shape of a plain create as well, which has no rules; oneOf was meant as anyOf"},
		{"createNote", regexp.MustCompile(`parameter "contact_id" in path has an error: `), "IC 3.2: the description types the path id as integer; it is the 24-hex string"},
		{"listCustomObjectInstances", regexp.MustCompile(`^answer 200: /type: value is not one of the allowed values \["list"\]$`), "IC 3.10: with external_id the answer is the instance itself, not a list; the description's own text says so"},
	}
	for op, status := range undocumented {
		out = append(out, Difference{op, regexp.MustCompile(`^answer (` + status + `): status is not supported$`), "IC trap 42: the absence of an error in the description proves nothing"})
	}
	return out
}
