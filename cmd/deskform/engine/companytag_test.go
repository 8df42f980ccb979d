package engine_test

import (
	"strings"
	"testing"
)

// TestCompanyTags: a company is tagged and untagged, one call and one look at the tag's name each; a foreign tag stays.
func TestCompanyTags(t *testing.T) {
	d := newDesk(t, `{"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}], "tags": [{"id": "31", "name": "theirs"}]}`)
	const config = `
tag "vip" {}
tag "old" {}
records "company" "orgs" {
  rows       = { a = { name = "Acme", tag = "vip" }, b = { name = "Beta", tag = null } }
  key        = each.key
  company_id = "org:${each.key}"
  name       = each.name
  tags       = each.tag == "vip" ? [tag.vip] : each.tag == "old" ? [tag.old] : []
}
`
	d.write("main.hcl", config)
	if done := check(t, d, "create"); done.calls["createTag"] != 3 {
		t.Errorf("%v", done.calls)
	}
	d.write("main.hcl", strings.Replace(config, `tag = "vip"`, `tag = "old"`, 1))
	check(t, d, "another tag")
	tags := map[string]int{}
	for _, o := range d.objects("company") {
		for _, tag := range o["tags"].(map[string]any)["tags"].([]any) {
			tags[o["name"].(string)+" "+tag.(map[string]any)["name"].(string)]++
		}
	}
	if len(tags) != 1 || tags["Acme old"] != 1 {
		t.Errorf("tags %v", tags)
	}
}
