package openapi

import "regexp"

// Differences is where the sandbox, and so the real service as the reference has it, differs from the description.
func Differences() []Difference {
	return append([]Difference{
		{"", regexp.MustCompile(`^answer 200: .*/?email: Value is not nullable$`), "IC 3.1: e-mail is optional, and trap 40: a user may have none; the description gives the type and forgets null"},
		{"", regexp.MustCompile(`^answer 200: .*/assigned_to: Value is not nullable$`), "the description's own examples of conversation parts show assigned_to without a value"},
		{"", regexp.MustCompile(`/custom_attributes/\w+: doesn't match any schema from "anyOf"$`), "IC 3.5: boolean and decimal are data types of conversation attributes, and the description's own example has paid_subscriber: true and monthly_spend: 155.5"},
		{"updateDataAttribute", regexp.MustCompile(`^request: /: input matches more than one oneOf schemas$`), "a request with options fits the shape without them as well, which has no rules; oneOf was meant as anyOf"},
		{"CreateContact", regexp.MustCompile(`^answer (400|409): status is not supported$`), "IC trap 42: POST /contacts documents 200 and 401 alone; IC 3.1 has the conflict and its code"},
		{"ShowContact", regexp.MustCompile(`^answer 404: status is not supported$`), "IC trap 42: the absence of an error proves nothing; IC 1.3 has 404 not_found"},
		{"retrieveCompany", regexp.MustCompile(`^answer 200: /type: value is not one of the allowed values \["list"\]$`), "IC trap 22: with company_id the answer is the company itself, not a list"},
	}, laterDifferences()...)
}
