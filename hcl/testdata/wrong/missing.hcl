records "contact" "people" {
  name = "x"
}
records "contact" "stand_ins" {
  rows = { unknown = { name = "Unknown" } }
  key  = each.key
  name = each.nam
}
records "contact" "two" {
  rows = { unknown = { name = "Unknown" } }
  key  = each.key
  name = each.name
}
records "conversation" "tickets" {
  from       = data.src.tickets
  key        = each.UUID
  on_missing = { contact = "stand_in", links = "null" }
}
records "conversation" "more" {
  from       = data.src.tickets
  key        = each.UUID
  contact    = ref(contact.two, each.client)
  on_missing = { contact = "stand_in" }
  stand_in   = { contact = ref(contact.two, "unknwon") }
  title      = person(contact.two["unkown"])
}
