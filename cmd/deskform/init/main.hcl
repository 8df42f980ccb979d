# A start: employees become contacts, incidents become conversations with their comments. Edit it, then run
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

provider "itsm365" {
  url        = var.itsm365_url
  access_key = env("ITSM365_ACCESS_KEY")
  time_zone  = "Europe/Moscow" # of the server: dates come without a zone
}

provider "intercom" {
  region = "eu"
  token  = env("INTERCOM_TOKEN")
  actor  = "migration@example.com" # the teammate who speaks for those without a seat
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

records "contact" "requesters" {
  from = data.itsm365.employees
  key  = each.UUID

  match    = { email = lower(each.email) } # adopt who is already there
  on_adopt = "fill"

  email      = each.removed ? null : lower(each.email)
  name       = "${each.firstName} ${each.lastName}"
  attributes = { itsm_id = each.UUID }
}

records "conversation" "incidents" {
  from = data.itsm365.incidents
  key  = each.UUID

  contact    = ref(contact.requesters, each.client)
  created_at = each.registrationDate
  title      = each.shortDescr
  body       = text(coalesce(each.descriptionRTF, each.description))
  attributes = {
    itsm_ticket_id = "${each.number}"
    itsm_priority  = map(value_map.priority, each.priority.code)
  }
  state = map(value_map.state, each.state)

  part "comments" {
    for_each   = rows(data.itsm365.comments, each.UUID)
    private    = part.private
    author     = person(part.author, row(data.itsm365.employees, part.author).email)
    created_at = part.creationDate
    body       = html(part.text)
  }
}
