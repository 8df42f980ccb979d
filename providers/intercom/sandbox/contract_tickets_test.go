package sandbox_test

// list is a list inside an answer.
func list(m map[string]any, keys ...string) []map[string]any {
	for _, k := range keys[:len(keys)-1] {
		m, _ = m[k].(map[string]any)
	}
	all, _ := m[keys[len(keys)-1]].([]any)
	out := make([]map[string]any, len(all))
	for i, e := range all {
		out[i], _ = e.(map[string]any)
	}
	return out
}

func (c *contract) ticketTypes() {
	c.do(200, "GET", "/ticket_states", "")
	typ := c.do(200, "POST", "/ticket_types", `{"name":"Request","description":"Service requests","category":"Customer","icon":"🎟️"}`)
	c.do(400, "POST", "/ticket_types", `{"name":"Request","category":"Other"}`)
	path := "/ticket_types/" + id(typ)
	c.do(200, "PUT", path, `{"description":"What people ask for"}`)
	prio := c.do(200, "POST", path+"/attributes", `{"name":"prio","description":"How urgent","data_type":"list","list_items":"High,Low"}`)
	c.do(200, "POST", path+"/attributes", `{"name":"source","description":"The old number","data_type":"string","visible_to_contacts":false}`)
	c.do(400, "POST", path+"/attributes", `{"name":"x","description":"y","data_type":"relationship"}`)
	c.do(200, "PUT", path+"/attributes/"+id(prio), `{"list_items":"High,Low,Medium"}`)
	c.do(404, "PUT", path+"/attributes/1", `{"description":"x"}`)
	c.do(200, "GET", path, "")
	c.do(404, "GET", "/ticket_types/1", "")
	c.do(200, "GET", "/ticket_types", "")
}

// tickets calls what there is to call on tickets of two types, for the contact and with the tag.
func (c *contract) tickets(clock *stillClock, contact, tag string) {
	typ := c.do(200, "POST", "/ticket_types", `{"name":"Incident","category":"Customer"}`)
	office := c.do(200, "POST", "/ticket_types", `{"name":"Change","category":"Back-office"}`)
	key := c.do(200, "POST", "/ticket_types/"+id(typ)+"/attributes", `{"name":"number","description":"The old number","data_type":"string"}`)
	var states []map[string]any
	for _, st := range list(c.do(200, "GET", "/ticket_states", ""), "data") {
		if st["archived"] == false {
			states = append(states, st)
		}
	}
	last := id(states[3])

	made := c.do(200, "POST", "/tickets", `{"ticket_type_id":"%s","contacts":[{"id":"%s"}],"ticket_attributes":{"_default_title_":"Printer","_default_description_":"It does not print.","number":"SR-1"},"created_at":1767600000,"assignment":{"admin_assignee_id":"11","team_assignee_id":"21"},"skip_notifications":true}`, id(typ), contact)
	path := "/tickets/" + id(made)
	change := c.do(200, "POST", "/tickets", `{"ticket_type_id":"%s","contacts":[{"external_id":"e2"}],"conversation_to_link_id":"%s","skip_notifications":true}`, id(office), id(made))
	c.do(400, "POST", "/tickets", `{"ticket_type_id":"%s","contacts":[],"skip_notifications":true}`, id(typ))
	c.do(404, "POST", "/tickets", `{"ticket_type_id":"%s","contacts":[{"id":"65aa00000000000000000099"}]}`, id(typ))
	c.do(200, "GET", path, "")
	c.do(404, "GET", "/tickets/99", "")
	c.do(200, "POST", path+"/reply", `{"message_type":"comment","type":"user","intercom_user_id":"%s","body":"Still not.","created_at":1767600060,"skip_notifications":true}`, contact)
	c.do(200, "POST", path+"/reply", `{"message_type":"comment","type":"admin","admin_id":"11","body":"<p>On my way.</p>","created_at":1767600120,"skip_notifications":true,"attachment_files":[{"content_type":"text/plain","name":"a.txt","data":"YQ=="}]}`)
	c.do(200, "POST", path+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"<p>The drum.</p>","skip_notifications":true}`)
	c.do(400, "POST", "/tickets/"+id(change)+"/reply", `{"message_type":"comment","type":"user","intercom_user_id":"%s","body":"x","skip_notifications":true}`, contact)
	c.do(404, "POST", "/tickets/99/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"x"}`)
	c.do(200, "POST", path+"/tags", `{"id":"%s","admin_id":"11"}`, tag)
	c.do(404, "POST", "/tickets/99/tags", `{"id":"%s","admin_id":"11"}`, tag)
	c.do(200, "DELETE", path+"/tags/"+tag, `{"admin_id":"11"}`)
	c.do(404, "DELETE", path+"/tags/"+tag, `{"admin_id":"11"}`)
	c.do(200, "PUT", path, `{"ticket_state_id":"%s","open":false,"admin_id":11,"ticket_attributes":{"number":"SR-2"},"skip_notifications":true}`, last)
	c.do(400, "PUT", path, `{"ticket_state_id":"%s","skip_notifications":true}`, last)
	c.do(404, "PUT", path, `{"assignee_id":"99","skip_notifications":true}`)
	c.do(200, "PUT", path, `{"company_id":null,"skip_notifications":true}`)
	c.do(200, "PUT", path, `{"assignee_id":"12","snoozed_until":1999999999,"skip_notifications":true}`)
	c.do(200, "POST", "/tickets/search", `{"query":{"operator":"AND","value":[{"field":"ticket_attribute.%s","operator":"=","value":"SR-2"}]},"pagination":{"per_page":5}}`, id(key))
	c.do(200, "GET", "/conversations/"+id(made), "")

	job := c.do(200, "POST", "/tickets/enqueue", `{"ticket_type_id":"%s","contacts":[{"id":"%s"}],"skip_notifications":true}`, id(typ), contact)
	c.do(400, "POST", "/tickets/enqueue", `{"ticket_type_id":"%s","contacts":[{"id":"%s"}],"ticket_attributes":{"nobody":1}}`, id(typ), contact)
	c.do(200, "GET", "/jobs/status/"+id(job), "")
	clock.now = clock.now.Add(10e9)
	c.do(200, "GET", "/jobs/status/"+id(job), "")
	c.do(404, "GET", "/jobs/status/99", "")

	conv := c.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"A request."}`, contact)
	thread := "/conversations/" + conv["conversation_id"].(string)
	c.do(400, "POST", thread+"/convert", `{"ticket_type_id":"%s"}`, id(office))
	c.do(200, "POST", thread+"/convert", `{"ticket_type_id":"%s","ticket_state_id":"%s","attributes":{"number":"SR-3"}}`, id(typ), last)
	c.do(200, "DELETE", path, "")
	c.do(404, "DELETE", path, "")
}
