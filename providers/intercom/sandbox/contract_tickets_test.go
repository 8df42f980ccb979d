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
