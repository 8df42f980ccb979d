# A start: employees become contacts, incidents become conversations with their comments and files. Edit it, then run
# `deskform validate`. The reference page of the language: `deskform docs`.

deskform {
  required_version = "~> 0.1"
  state "sqlite" { path = "deskform.db" }
}

variable "itsm365_url" {
  type        = string
  default     = "https://example.itsm365.com/sd/services/rest"
  description = "REST root of the tenant"
}

variable "itsm365_rate" {
  type        = number
  default     = 2
  description = "Calls a second that the tenant is asked for"
}

variable "intercom_endpoint" {
  type        = string
  default     = "https://api.eu.intercom.io"
  description = "The address of the workspace's region: api.intercom.io, api.eu.intercom.io or api.au.intercom.io"
}

variable "actor" {
  type        = string
  default     = "migration@example.com"
  description = "The teammate who speaks for those without a seat, by e-mail"
}

provider "itsm365" {
  url        = var.itsm365_url
  access_key = env("ITSM365_ACCESS_KEY")
  time_zone  = "Europe/Moscow" # of the server: dates come without a zone
  rate       = var.itsm365_rate
}

provider "intercom" {
  endpoint = var.intercom_endpoint
  token    = env("INTERCOM_TOKEN")
  actor    = var.actor
  # workspace = "abc123"           # deskform check shows it; then any other is refused
}

data "itsm365" "employees" { class = "employee" }
data "itsm365" "incidents" { class = "serviceCall$serviceCall" }
data "itsm365" "comments" {
  class = "comment"
  of    = [data.itsm365.incidents]
  by    = "source"
}

attribute "contact" "itsm_id" { data_type = "string" }
attribute "contact" "itsm_migrated" { data_type = "boolean" } # what checklist.hcl tells migrated ones by
attribute "conversation" "itsm_migrated" { data_type = "boolean" }
attribute "conversation" "itsm_ticket_id" { data_type = "string" }
attribute "conversation" "itsm_priority" {
  data_type = "list"
  options   = ["Critical", "High", "Medium", "Low"]
}

value_map "priority" {
  from      = { critical = "Critical", high = "High", medium = "Medium", normal = "Low" }
  otherwise = error("no Intercom priority for this")
}

value_map "state" {
  from      = { closed = "closed", resolved = "closed" }
  otherwise = "open"
}

# Employees and outside contacts. «Служебный» is the mail robot's placeholder and no person.
records "contact" "requesters" {
  from  = data.itsm365.employees
  where = each.lastName != "Служебный"
  key   = each.UUID

  match    = { email = each.removed ? null : lower(each.email) } # adopt who is already there
  on_adopt = "fill"

  email      = each.removed ? null : lower(each.email) # a leaver without e-mail can be sent nothing
  name       = trimspace("${each.firstName} ${each.lastName}")
  attributes = { itsm_id = each.UUID, itsm_migrated = true }
}

# Senders of mail who are in no directory: only their address is known.
records "contact" "by_mail" {
  from       = data.itsm365.incidents
  where      = each.clientEmail != null && (each.clientEmployee == null || row(data.itsm365.employees, each.clientEmployee).lastName == "Служебный")
  key        = lower(each.clientEmail)
  duplicates = "first"

  match    = { email = lower(each.clientEmail) }
  on_adopt = "fill"

  email      = lower(each.clientEmail)
  name       = each.clientName
  attributes = { itsm_migrated = true }
}

# For tickets whose client is a department or a team, and for those that name nobody.
records "contact" "stand_ins" {
  rows       = { nobody = { name = "ITSM 365: no person named" } }
  key        = each.key
  name       = each.name
  attributes = { itsm_migrated = true }
}

records "conversation" "incidents" {
  from = data.itsm365.incidents
  key  = each.UUID

  contact    = ref([contact.requesters, contact.by_mail], each.clientEmployee, lower(each.clientEmail))
  on_missing = { contact = "stand_in" }
  stand_in   = { contact = ref(contact.stand_ins, "nobody") }

  created_at = each.registrationDate
  number     = "${each.number}"
  title      = "${substr(each.shortDescr, 0, 240)} (#${each.number})" # the old number finds it
  # There are three descriptions; the first that shows something is taken.
  body = coalesce(text(each.descriptionRTF), text(each.descriptionInRTF), text(each.description), each.shortDescr, "(no text)")
  attributes = {
    itsm_ticket_id = "${each.number}"
    itsm_priority  = map(value_map.priority, each.priority.code)
    itsm_migrated  = true
  }
  state = map(value_map.state, each.state)

  part "comments" {
    for_each   = rows(data.itsm365.comments, each.UUID)
    private    = part.private
    author     = person(coalesce(part.author, mail_sender(part.text)), row(data.itsm365.employees, part.author).email)
    created_at = part.creationDate
    body       = html(without_mail_tail(part.text)) # mail comments end with the sender's address
    files      = part.files
  }

  # Files of the ticket itself. A first message by API carries none, so they follow in a note.
  part "files" {
    for_each   = length(each.files) == 0 ? [] : [each]
    key        = "files"
    private    = true
    created_at = part.registrationDate
    body       = "Files of the request"
    files      = part.files
  }
}
