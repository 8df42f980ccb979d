data "src" "a" {
  class      = "ticket"
  expect     = "many"
  max_shrink = 5
  max_age    = "soon"
}
data "src" "b" {
  class   = "ticket"
  expect  = { "ticket$request" = 1.5 }
  max_age = "-1h"
}
data "src" "c" {
  class      = "ticket"
  expect     = { "ticket$request" = 120, "ticket$call" = 0 }
  max_shrink = 0
  max_age    = "7d"
}
