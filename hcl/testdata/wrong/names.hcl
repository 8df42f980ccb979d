records "contcat" "x" {
  from = data.src.people
  key  = each.UUID
}
records "tag" "x" {
  from = data.src.people
  key  = each.UUID
}
records "contact" "people" {
  from       = data.src.peolpe
  key        = each.UUID
  nmae       = "x"
  match      = { name = each.title }
  companies  = [ref(company.all, each.parent)]
  tags       = [tag.hihg]
  attributes = { depp = each.title }
  on_drift   = { nam = "keep", default = "alway" }
  on_missing = { nane = "null", email = "null" }
}
records "conversation" "tickets" {
  from    = data.src.tickets
  key     = each.UUID
  contact = ref(contact.peple, each.client)
  state   = map(value_map.stat, each.state)
  title   = lowr(each.shortDescr)
  body    = eahc.shortDescr
  score   = var.nothing + local.none
  assign  = { taem = team.desk, teammate = contact.people["x"] }
}
records "conversation" "tickets" {
  from = data.src.tickets
}
