package sandbox_test

// objects calls what there is to call on custom objects, which the data file has.
func (c *contract) objects(contact string) {
	problem := c.do(200, "POST", "/custom_object_instances/Problem", `{"external_id":"itsm:p1","external_created_at":1767600000,"custom_attributes":{"cause":"The drum"}}`)
	change := c.do(200, "POST", "/custom_object_instances/Change", `{"external_id":"itsm:c1","external_updated_at":1767600000,"custom_attributes":{"title":"New drum","risk":"Low","when":1767600000,"hours":1.5,"count":2,"known":true,"asked_by":"%s","problems":["%s"]}}`, contact, id(problem))
	c.do(200, "POST", "/custom_object_instances/Change", `{"external_id":"itsm:c2","external_created_at":"some day"}`)
	c.do(404, "POST", "/custom_object_instances/change", `{"external_id":"itsm:c1"}`)
	c.do(200, "GET", "/custom_object_instances/Change?per_page=5", "")
	c.do(200, "GET", "/custom_object_instances/Change?references_contact_id="+contact, "")
	c.do(404, "GET", "/custom_object_instances/Nothing", "")
	c.do(200, "GET", "/custom_object_instances/Change?external_id=itsm:c1", "")
	c.do(200, "GET", "/custom_object_instances/Change/"+id(change), "")
	c.do(404, "GET", "/custom_object_instances/Change/99", "")
	c.do(200, "PUT", "/contacts/"+contact, `{"custom_attributes":{"their_changes":["%s"]}}`, id(change))

	attr := c.do(200, "POST", "/conversations/attributes", `{"name":"changes","data_type":"relationship","reference":{"type":"many","object_type_id":"Change"}}`)
	c.do(422, "POST", "/conversations/attributes", `{"name":"nothing","data_type":"relationship","reference":{"type":"many","object_type_id":"Nothing"}}`)
	c.do(200, "POST", "/conversations/attributes", `{"name":"scans","data_type":"files"}`)
	c.do(200, "GET", "/conversations/attributes/"+number(attr), "")
	conv := c.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"When?"}`, contact)["conversation_id"].(string)
	c.do(200, "PUT", "/conversations/"+conv, `{"custom_attributes":{"changes":["%s"]}}`, id(change))
	c.do(200, "GET", "/conversations/"+conv, "")
	c.do(200, "GET", "/custom_object_instances/Change?references_conversation_id="+conv, "")
	c.do(200, "DELETE", "/custom_object_instances/Change?external_id=itsm:c2", "")
	c.do(404, "DELETE", "/custom_object_instances/Change?external_id=itsm:c2", "")
	c.do(200, "DELETE", "/custom_object_instances/Change/"+id(change), "")
	c.do(404, "DELETE", "/custom_object_instances/Change/itsm:c1", "")
}
