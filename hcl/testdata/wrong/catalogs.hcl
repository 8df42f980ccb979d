value_map "short" {
  from      = { high = "High", hihg = "x" }
  otherwise = error("no")
}
records "contact" "people" {
  from = data.src.people
  key  = each.UUID
}
records "conversation" "tickets" {
  from    = data.src.tickets
  where   = each.priority.code == "hgih" || each.priority == "high"
  key     = each.UUID
  contact = ref(contact.people, each.client)
  title   = map(value_map.short, each.priority.code)
}
