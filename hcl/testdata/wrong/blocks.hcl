# no preamble
x = 1
recrods "contact" "a" {}
records "contact" {}
deskform {}
deskform {
  requird_version = "~> 0.1"
  state "postgres" { path = "x" }
}
tag "a" "b" {}
attribute "contcat" "x" { data_type = "string" }
attribute "contact" "x" { data_type = "strin" }
contact "a" {}
phase "p" {
  sets  = []
  where = true
  gate {}
}
moved { from = contact.a }
