value_map "wrong" {
  from      = { closed = "close" }
  otherwise = "opne"
}
records "contact" "people" {
  from     = data.src.people
  key      = "constant"
  where    = each.title
  email    = each.age > "x" ? "a" : "b"
  name     = each.age == "5" ? "five" : null
  phone    = tag.high
  vip      = "yes"
  role     = "usr"
  on_adopt = "ovewrite"
  status   = "done"
}
records "conversation" "tickets" {
  from       = data.src.tickets
  key        = [each.UUID]
  contact    = ref(tag, each.client)
  created_at = "yesterday"
  title      = map(value_map.priority, each.priority)
  body       = "client: ${each.client}"
  tags       = [tag.high, "low"]
  state      = each.number == 1 ? map(value_map.wrong, each.state) : "don"
  score      = each.related + 1
  attributes = each.extra
  assign     = { team = teammate.ivan, teammate = 5 }
  links      = ref([conversation.tickets, conversation.tickets], 1, 2, 3)
  part "comments" {
    for_each = each.related
    files    = part.files
  }
}
