redact "cards" { pattern = "(" }
redact "cards" { pattern = "x+" }
redact "empty" { pattern = "x*" }
redact "behind" { pattern = "(?<=a)b" }
redact "none" {}
redact "sets" {
  pattern = "x+"
  in      = [contact.nobody, tag, contact.people]
}
redact "no_set" {
  pattern = "x+"
  in      = []
}
redact "other" {
  pattern = "x+"
  by      = "y"
}
redact "9" { pattern = "x" }
redact { pattern = each.name }
redact "row" { pattern = each.name }
