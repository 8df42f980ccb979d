records "contact" "unmatched" {
  from        = data.src.people
  key         = each.UUID
  on_archived = "restore"
  email       = each.email
}

records "contact" "undeclared" {
  from        = data.src.people
  key         = each.UUID
  match       = { "attributes.itsm_idd" = each.UUID }
  on_archived = "set_aside"
  email       = each.email
}

records "contact" "whole" {
  from  = data.src.people
  key   = each.UUID
  match = { attributes = each.UUID }
  email = each.email
}

records "company" "companies" {
  from        = data.src.people
  key         = each.UUID
  on_archived = "restore"
  company_id  = each.UUID
}
