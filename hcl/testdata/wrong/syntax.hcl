records "contact" "people" {
  from = data.src.people
  key  = each.UUID
  name = "${each.firstName"
}
