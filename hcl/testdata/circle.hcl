records "company" "a" {
  from       = data.src.people
  key        = each.UUID
  company_id = each.UUID
  parent     = ref(company.b, each.parent)
}
records "company" "b" {
  from       = data.src.people
  key        = each.UUID
  company_id = each.UUID
  parent     = ref(company.a, each.parent)
}
