package intercom

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"deskform/plan"
)

// Schema describes the provider block and the functions of the destination.
func Schema() plan.SourceSchema {
	return plan.SourceSchema{
		Name: "intercom",
		Doc:  "The Intercom workspace that the configuration describes.",
		Provider: []plan.Field{
			{Name: "region", Type: plan.TypeEnum, Enum: []string{"us", "eu", "au"}, Doc: "Where the workspace is hosted; a workspace of another region is refused (IC 1.1)."},
			{Name: "endpoint", Type: plan.TypeString, Doc: "Base address instead of the region's, for a sandbox."},
			{Name: "token", Type: plan.TypeString, Required: true, Secret: true, Doc: "Access token, from the environment: `env(\"INTERCOM_TOKEN\")`. It is redacted everywhere."},
			{Name: "workspace", Type: plan.TypeString, Doc: "id_code of the workspace; any other is refused."},
			{Name: "actor", Type: plan.TypeString, Required: true, Personal: true, Doc: "E-mail address of the teammate who assigns, closes, tags, and speaks for those without a seat."},
			{Name: "marker", Type: plan.TypeString, Default: DefaultMarker, Doc: "The sentence at the end of each first message, in which `{token}` is the word by which a lost answer is settled (IC 4.2) and `{number}` the conversation's number."},
			{Name: "rate_share", Type: plan.TypeNumber, Default: 0.5, Doc: "Share of the granted rate that deskform takes; support works in the same quota (IC 1.6)."},
		},
		Functions: []plan.Function{
			{Name: "html", Params: []string{"text"}, Result: plan.TypeHTML, Call: one(cleanHTML), Losing: losing(cleanHTML),
				Doc: "HTML as Intercom shows it: scripts, trackers, forms and one-click links of the source are taken out, which the plan counts. Inline pictures leave a marker, `[picture: NAME]`; a pull puts those of the row itself among its `files`, one of another row is left out."},
			{Name: "text", Params: []string{"html"}, Result: plan.TypeText, Call: one(plainText), Losing: losing(plainText),
				Doc: "Plain text of HTML or text, with paragraphs; null when nothing is left."},
			{Name: "dossier", Params: []string{"sections", "order"}, Optional: 1, Result: plan.TypeHTML, Call: dossier,
				Doc: "What has no home of its own as one readable text: `dossier({ \"Related tickets\" = [...], \"Approvals\" = [...] })`. A section is a text, a list or a list of objects; empty ones are left out, the rest stand in the order given, then by name; null when all are empty."},
			{Name: "teammate", Params: []string{"email"}, Result: plan.TypeTeammate, Call: teammate, Doc: "The teammate with this e-mail address, nobody when there is none."},
			{Name: "e164", Params: []string{"phone", "region"}, Result: plan.TypeString, Call: e164, Doc: "A phone number in E.164 (`+79001234567`), read as one of the region (`\"RU\"`) unless it says otherwise; null when it is no valid number."},
		},
	}
}

func one(f func(string) string) func([]plan.Value) (plan.Value, error) {
	return func(args []plan.Value) (plan.Value, error) {
		s, ok := args[0].(string)
		if !ok {
			return nil, nil
		}
		if s = f(s); s == "" {
			return nil, nil
		}
		return s, nil
	}
}

// losing is one that counts what cleaning takes out.
func losing(f func(string) string) func([]plan.Value, func(string, int)) (plan.Value, error) {
	return func(args []plan.Value, lost func(string, int)) (plan.Value, error) {
		v, err := one(f)(args)
		in, _ := args[0].(string)
		out, _ := v.(string)
		for _, l := range cleaned(in, out) {
			lost(l.rule, l.times)
		}
		return v, err
	}
}

func teammate(args []plan.Value) (plan.Value, error) {
	email, _ := args[0].(string)
	if email = strings.ToLower(strings.TrimSpace(email)); email == "" {
		return nil, nil
	}
	return plan.Person{Email: email}, nil
}

func e164(args []plan.Value) (plan.Value, error) {
	phone, _ := args[0].(string)
	region, _ := args[1].(string)
	n, err := phonenumbers.Parse(phone, strings.ToUpper(region))
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return nil, nil
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}
