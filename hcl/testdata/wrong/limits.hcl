limits {
  update  = { max = -1 }
  create  = { max = 1.5, share = 3 }
  archive = { maxx = 0 }
  adopt   = {}
  append  = 5
  delete  = { max = 1 }
}
limits {}
moved {
  from = contact.old
  to   = company.new
}
moved {
  from = contact.old
  to   = contact.nobody
}
moved {
  from = tag.old
  to   = tag.hihg
}
