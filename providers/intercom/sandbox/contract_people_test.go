package sandbox_test

// notesAndPeople calls notes, participants, brands and bulk tags.
func (c *contract) notesAndPeople(contact, other string) {
	made := c.do(200, "POST", "/contacts/"+contact+"/notes", `{"body":"Calls at nine.","admin_id":"11"}`)
	c.do(404, "POST", "/contacts/"+contact+"/notes", `{"body":"x","admin_id":"99"}`)
	c.do(404, "POST", "/contacts/65aa00000000000000000099/notes", `{"body":"x"}`)
	c.do(200, "GET", "/contacts/"+contact+"/notes", "")
	c.do(404, "GET", "/contacts/65aa00000000000000000099/notes", "")
	c.do(200, "GET", "/notes/"+id(made), "")
	c.do(404, "GET", "/notes/1", "")
	org := c.do(200, "POST", "/companies", `{"company_id":"org:2","name":"Uralt"}`)
	c.do(200, "POST", "/companies/"+id(org)+"/notes", `{"body":"<p>A client since 2011.</p>","admin_id":"11"}`)
	c.do(404, "POST", "/companies/65aa00000000000000000099/notes", `{"body":"x"}`)
	c.do(200, "GET", "/companies/"+id(org)+"/notes", "")
	c.do(404, "GET", "/companies/65aa00000000000000000099/notes", "")

	conv := c.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"For two."}`, contact)["conversation_id"].(string)
	path := "/conversations/" + conv + "/customers"
	c.do(200, "POST", path, `{"admin_id":"11","customer":{"intercom_user_id":"%s"}}`, other)
	c.do(200, "DELETE", path+"/"+contact, `{"admin_id":"11"}`)
	c.do(404, "DELETE", path+"/"+contact, `{"admin_id":"11"}`)
	c.do(422, "DELETE", path+"/"+other, `{"admin_id":"11"}`)
	c.do(404, "POST", "/conversations/99/customers", `{"admin_id":"11","customer":{"intercom_user_id":"%s"}}`, other)
	c.do(200, "PUT", "/conversations/"+conv, `{"company_id":"%s"}`, id(org))
	c.do(200, "PUT", "/conversations/"+conv, `{"company_id":null}`)

	c.do(200, "POST", "/tags", `{"name":"bulk","users":[{"id":"%s"},{"id":"65aa00000000000000000099"}]}`, contact)
	c.do(200, "POST", "/tags", `{"name":"bulk","companies":[{"company_id":"org:2"},{"id":"65aa00000000000000000099"}]}`)
	c.do(200, "POST", "/tags", `{"name":"bulk","companies":[{"company_id":"org:2","untag":true}]}`)
	c.do(200, "GET", "/brands", "")
	c.do(200, "GET", "/brands/ws1", "")
	c.do(404, "GET", "/brands/99", "")
}
