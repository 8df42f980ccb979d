records "company" "orgs" {
  from       = data.src.people
  key        = each.UUID
  company_id = each.UUID
}
records "contact" "people" {
  from      = data.src.people
  key       = each.UUID
  companies = [ref(company.orgs, each.parent)]
}
phase "people" { sets = [contact.people, tag, contact.nobody] }
phase "orgs" {
  sets  = [company.orgs, contact.people]
  after = [phase.people, phase.peple]
}
