# no preamble
provider "src" {
  url        = 5
  access_key = "tops3cret-${local.half}"
}
provider "desk" { token = var.open }
locals { half = error("tops3cret") }
variable "open" { type = string }
variable "marked" {
  type      = string
  sensitive = true
  default   = ["tops3cret"]
}
