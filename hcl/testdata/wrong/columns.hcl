records "contact" "people" {
  from  = data.src.people
  where = each.remved
  key   = each.UUID
  email = lower(each.emial)
  name  = each.parent.titel
  phone = each.parent
  vip   = each.age
}
records "conversation" "tickets" {
  from       = data.src.tickets
  key        = each.UUID
  contact    = ref(contact.people, each.client)
  title      = row(data.src.people, each.client).fistName
  created_at = each.shortDescr
  part "comments" {
    for_each   = rows(data.src.comments, each.UUID)
    created_at = part.creationDat
    body       = part.text.length
    author     = person(part.author, row(data.src.people, part.author).mail)
  }
  part "log" {
    for_each   = [for c in rows(data.src.comments, each.UUID) : c if c.privat]
    created_at = rows(data.src.comments, each.UUID)[0].created
  }
}
