records "contact" "people" {
  from = data.src.people
  key  = each.UUID
}
removed { from = contact.old }
removed { from = contact.old }
removed { from = contact.people["e$1"] }
removed { form = contact.older }
removed { from = contcat.old }
removed { from = tag.high }
removed { from = "contact.old" }
moved {
  from = contact.gone
  to   = contact.people
}
removed { from = contact.gone }
