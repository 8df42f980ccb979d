package sandbox

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// A route is one operation of the API by its method, its path and its operationId.
type route struct {
	method, op, template string
	path                 *regexp.Regexp
	do                   func(*call) (any, error)
}

var (
	routes []route
	once   sync.Once
)

// all is the table, made at the first call: its entries refer to methods that look into it.
func all() []route {
	once.Do(func() { routes = table() })
	return routes
}

func on(method, path, op string, do func(*call) (any, error)) route {
	p := regexp.QuoteMeta(path)
	p = regexp.MustCompile(`\\\{[a-z_]+\\\}`).ReplaceAllString(p, `([^/]+)`)
	return route{method, op, path, regexp.MustCompile("^" + p + "$"), do}
}

// The order matters: fixed paths stand before those with a parameter.
func table() []route {
	return []route{
		on("GET", "/me", "identifyAdmin", (*call).me),
		on("GET", "/admins", "listAdmins", (*call).listAdmins),
		on("GET", "/admins/{id}", "retrieveAdmin", (*call).getAdmin),
		on("GET", "/teams", "listTeams", (*call).listTeams),
		on("GET", "/teams/{id}", "retrieveTeam", (*call).getTeam),
		on("GET", "/data_attributes", "lisDataAttributes", (*call).listDataAttributes),
		on("POST", "/data_attributes", "createDataAttribute", (*call).createDataAttribute),
		on("PUT", "/data_attributes/{id}", "updateDataAttribute", (*call).updateDataAttribute),
		on("GET", "/conversations/attributes", "listConversationAttributes", (*call).listConvAttributes),
		on("POST", "/conversations/attributes", "createConversationAttribute", (*call).createConvAttribute),
		on("GET", "/conversations/attributes/{id}", "getConversationAttribute", (*call).getConvAttribute),
		on("PUT", "/conversations/attributes/{id}", "updateConversationAttribute", (*call).updateConvAttribute),
		on("DELETE", "/conversations/attributes/{id}", "deleteConversationAttribute", (*call).deleteConvAttribute),
		on("POST", "/conversations/attributes/{id}/options", "createConversationAttributeOption", (*call).addOption),
		on("PUT", "/conversations/attributes/{id}/options/{option}", "updateConversationAttributeOption", (*call).renameOption),
		on("DELETE", "/conversations/attributes/{id}/options/{option}", "deleteConversationAttributeOption", (*call).deleteOption),
		on("GET", "/tags", "listTags", (*call).listTags),
		on("POST", "/tags", "createTag", (*call).createTag),
		on("GET", "/tags/{id}", "findTag", (*call).getTag),
		on("DELETE", "/tags/{id}", "deleteTag", (*call).deleteTag),
		on("POST", "/contacts", "CreateContact", (*call).createContact),
		on("GET", "/contacts", "ListContacts", (*call).listContacts),
		on("POST", "/contacts/search", "SearchContacts", (*call).searchContacts),
		on("POST", "/contacts/merge", "MergeContact", (*call).mergeContacts),
		on("GET", "/contacts/find_by_external_id/{id}", "ShowContactByExternalId", (*call).contactByExternalID),
		on("GET", "/contacts/{id}", "ShowContact", (*call).getContact),
		on("PUT", "/contacts/{id}", "UpdateContact", (*call).updateContact),
		on("DELETE", "/contacts/{id}", "DeleteContact", (*call).deleteContact),
		on("POST", "/contacts/{id}/archive", "ArchiveContact", (*call).archiveContact),
		on("POST", "/contacts/{id}/unarchive", "UnarchiveContact", (*call).unarchiveContact),
		on("GET", "/contacts/{id}/tags", "listTagsForAContact", (*call).contactTags),
		on("POST", "/contacts/{id}/tags", "attachTagToContact", (*call).tagContact),
		on("DELETE", "/contacts/{id}/tags/{tag}", "detachTagFromContact", (*call).untagContact),
		on("GET", "/contacts/{id}/companies", "listCompaniesForAContact", (*call).contactCompanies),
		on("POST", "/contacts/{id}/companies", "attachContactToACompany", (*call).attachCompany),
		on("DELETE", "/contacts/{id}/companies/{company}", "detachContactFromACompany", (*call).detachCompany),
		on("POST", "/companies", "createOrUpdateCompany", (*call).upsertCompany),
		on("GET", "/companies", "retrieveCompany", (*call).findCompany),
		on("POST", "/companies/list", "listAllCompanies", (*call).listCompanies),
		on("GET", "/companies/scroll", "scrollOverAllCompanies", (*call).scrollCompanies),
		on("GET", "/companies/{id}", "RetrieveACompanyById", (*call).getCompany),
		on("PUT", "/companies/{id}", "UpdateCompany", (*call).updateCompany),
		on("DELETE", "/companies/{id}", "deleteCompany", (*call).deleteCompany),
		on("GET", "/companies/{id}/contacts", "ListAttachedContacts", (*call).companyContacts),
		on("POST", "/conversations", "createConversation", (*call).createConversation),
		on("GET", "/conversations", "listConversations", (*call).listConversations),
		on("POST", "/conversations/search", "searchConversations", (*call).searchConversations),
		on("GET", "/conversations/deleted", "listDeletedConversationIds", (*call).listDeleted),
		on("POST", "/conversations/redact", "redactConversation", (*call).redact),
		on("GET", "/conversations/{id}", "retrieveConversation", (*call).getConversation),
		on("PUT", "/conversations/{id}", "updateConversation", (*call).updateConversation),
		on("DELETE", "/conversations/{id}", "deleteConversation", (*call).deleteConversation),
		on("POST", "/conversations/{id}/reply", "replyConversation", (*call).reply),
		on("POST", "/conversations/{id}/parts", "manageConversation", (*call).manage),
		on("POST", "/conversations/{id}/tags", "attachTagToConversation", (*call).tagConversation),
		on("DELETE", "/conversations/{id}/tags/{tag}", "detachTagFromConversation", (*call).untagConversation),
		on("POST", "/tickets", "createTicket", (*call).createTicket),
		on("POST", "/tickets/enqueue", "enqueueCreateTicket", (*call).enqueueTicket),
		on("GET", "/jobs/status/{id}", "jobsStatus", (*call).jobStatus),
		on("POST", "/tickets/search", "searchTickets", (*call).searchTickets),
		on("GET", "/tickets/{id}", "getTicket", (*call).getTicket),
		on("PUT", "/tickets/{id}", "updateTicket", (*call).updateTicket),
		on("DELETE", "/tickets/{id}", "deleteTicket", (*call).deleteTicket),
		on("POST", "/tickets/{id}/reply", "replyTicket", (*call).replyTicket),
		on("POST", "/tickets/{id}/tags", "attachTagToTicket", (*call).tagTicket),
		on("DELETE", "/tickets/{id}/tags/{tag}", "detachTagFromTicket", (*call).untagTicket),
		on("POST", "/conversations/{id}/convert", "convertConversationToTicket", (*call).convert),
		on("POST", "/custom_object_instances/{type}", "createCustomObjectInstances", (*call).upsertInstance),
		on("GET", "/custom_object_instances/{type}", "listCustomObjectInstances", (*call).listInstances),
		on("DELETE", "/custom_object_instances/{type}", "deleteCustomObjectInstancesById", (*call).deleteInstance),
		on("GET", "/custom_object_instances/{type}/{id}", "getCustomObjectInstancesById", (*call).getInstance),
		on("DELETE", "/custom_object_instances/{type}/{id}", "deleteCustomObjectInstancesByExternalId", (*call).deleteInstance),
		on("POST", "/conversations/{id}/customers", "attachContactToConversation", (*call).addParticipant),
		on("DELETE", "/conversations/{id}/customers/{contact}", "detachContactFromConversation", (*call).removeParticipant),
		on("GET", "/contacts/{id}/notes", "listNotes", (*call).contactNotes),
		on("POST", "/contacts/{id}/notes", "createNote", (*call).addContactNote),
		on("GET", "/companies/{id}/notes", "listCompanyNotes", (*call).companyNotes),
		on("POST", "/companies/{id}/notes", "createCompanyNote", (*call).addCompanyNote),
		on("GET", "/notes/{id}", "retrieveNote", (*call).getNote),
		on("GET", "/brands", "listBrands", (*call).listBrands),
		on("GET", "/brands/{id}", "retrieveBrand", (*call).getBrand),
		on("GET", "/ticket_states", "listTicketStates", (*call).listTicketStates),
		on("GET", "/ticket_types", "listTicketTypes", (*call).listTicketTypes),
		on("POST", "/ticket_types", "createTicketType", (*call).createTicketType),
		on("GET", "/ticket_types/{id}", "getTicketType", (*call).getTicketType),
		on("PUT", "/ticket_types/{id}", "updateTicketType", (*call).updateTicketType),
		on("POST", "/ticket_types/{id}/attributes", "createTicketTypeAttribute", (*call).createTicketAttribute),
		on("PUT", "/ticket_types/{id}/attributes/{attribute}", "updateTicketTypeAttribute", (*call).updateTicketAttribute),
	}
}

// Operations are the operationIds of what the sandbox serves.
func Operations() []string {
	out := make([]string, 0, len(all()))
	for _, r := range all() {
		out = append(out, r.op)
	}
	return out
}

// Routes are the method and path of what the sandbox serves: "GET /tags/{id}".
func Routes() []string {
	out := make([]string, 0, len(all()))
	for _, r := range all() {
		out = append(out, r.method+" "+r.template)
	}
	return out
}

// known are first segments of the real API, whose other operations this sandbox does not do.
var known = regexp.MustCompile(`^/(contacts|companies|conversations|tickets|ticket_types|ticket_states|custom_object_instances|notes|segments|subscription_types|brands|macros|office_hours_schedules|export|jobs|messages|events|visitors|articles|help_center|news|phone_call_redirects|calls|ai|emails)(/|$)`)

// operation is the operationId of a call, for counts and faults.
func operation(method, path string) string {
	for _, r := range all() {
		if r.method == method && r.path.MatchString(path) {
			return r.op
		}
	}
	return method + " " + strings.SplitN(strings.TrimPrefix(path, "/"), "/", 2)[0]
}

func (c *call) route(string) (any, error) {
	for _, r := range all() {
		if r.method == c.r.Method && r.path.MatchString(c.r.URL.Path) {
			return r.do(c)
		}
	}
	if known.MatchString(c.r.URL.Path) {
		return nil, refuse(http.StatusNotImplemented, "unsupported", "the sandbox does not do %s %s yet", c.r.Method, c.r.URL.Path)
	}
	return nil, refuse(http.StatusNotFound, "not_found", "Resource Not Found")
}
