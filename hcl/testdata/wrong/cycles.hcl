locals {
  a = local.b
  b = "${local.c}!"
  c = upper(local.a)
}
data "src" "x" {
  class = "x"
  of    = [data.src.y]
  by    = "a"
}
data "src" "y" {
  class = "y"
  of    = [data.src.x]
  by    = "a"
}
records "company" "orgs" {
  from       = data.src.people
  key        = each.UUID
  company_id = each.UUID
  owner      = ref(contact.people, each.UUID)
}
records "contact" "people" {
  from      = data.src.people
  key       = each.UUID
  companies = [ref(company.orgs, each.parent)]
}
phase "one" {
  sets  = [company.orgs]
  after = [phase.two]
}
phase "two" {
  sets  = []
  after = [phase.one]
}
