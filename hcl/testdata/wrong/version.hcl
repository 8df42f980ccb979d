# no preamble
deskform {
  required_version = "~> 2.0"
  state "sqlite" { path = var.path }
}
variable "path" {}
variable "count" {
  type    = number
  default = "many"
}
variable "count" {}
variable "bad name" {}
