variable "off" {
  type    = bool
  default = true
}

ticket_type "incident" {
  attribute "prio" { data_type = "string" }
  attribute "prio" { data_type = "string" }
  attribute "of" {
    data_type = "string"
    of        = ticket_type.incident
  }
  field "x" {}
}

ticket_type "left_out" {
  enabled = !var.off
  attribute "prio" { data_type = "string" }
}

ticket_type "odd" {
  enabled = "perhaps"
}

attribute "ticket" "prio" { data_type = "string" }

ticket_attribute "prio" { data_type = "string" }

records "ticket" "undeclared" {
  from       = data.src.people
  key        = each.UUID
  type       = ticket_type.incident
  attributes = { prioo = each.email }
}

records "ticket" "by_row" {
  from       = data.src.people
  key        = each.UUID
  type       = each.removed ? ticket_type.incident : ticket_type.odd
  attributes = { prio = each.email }
}

records "ticket" "of_what_is_left_out" {
  from = data.src.people
  key  = each.UUID
  type = ticket_type.left_out
}

records "ticket" "left_out_alike" {
  enabled    = !var.off
  from       = data.src.people
  key        = each.UUID
  type       = ticket_type.left_out
  attributes = { prio = each.email }
}
