locals {
  a = lower()
  b = lower("a", "b")
  c = replace("a")
  d = parseint("x", 10)
  e = length(5...)
  f = tag.high.name
  g = data.src.people
  h = value_map.state
  i = each.UUID
  j = 1 / 0
  k = [for x in 5 : x]
  l = { a = 1, a = 2 }
  m = "${[1]}"
  n = contact.nobody
  o = row(data.src.people, "x").title
  p = env(1)
  q = error("x")
}
