# no preamble
provider "srcc" {}
provider "src" {
  url        = 5
  acces_key  = "x"
  access_key = env("NO_SUCH_VARIABLE")
}
provider "desk" { region = "mars" }
data "srx" "a" {}
data "src" "people" {
  key        = "UUIDD"
  duplicates = "frist"
  page { sise = 1 }
}
data "src" "comments" {
  class = "comment"
  of    = data.src.people
}
data "src" "tickets" {
  class = "c"
  of    = [data.src.nothing]
  group {
    by     = ["nubmer"]
    record = "best"
  }
}
data "src" "tickets" { class = "d" }
records "contact" "people" {
  from = data.src.people
  key  = each.UUID
  name = rows(data.src.people, each.UUID)[0].title
}
