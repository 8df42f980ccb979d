checklist "before" {
  item "assignment" {
    off        = "turn it off"
    who        = "the admin"
    why        = "people are disturbed"
    needed_for = [phase.histroy, contact.peple, tag]
  }
  item "assignment" {
    on         = ""
    who        = "the admin"
    why        = "people are disturbed"
    needed_for = []
  }
  item "webhooks" {
    of         = "turn it off"
    why        = "others see it"
    needed_for = phase.history
  }
  itm "typo" {}
}

checklist "before" {}
checklist "after" {}
checklist "no name" {}

phase "history" { sets = [contact.people] }
records "contact" "people" {
  from = data.src.people
  key  = each.UUID
}
