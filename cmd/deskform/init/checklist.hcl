# What a person turns off before the move and on again after it, since no API can. Take out what the workspace does not
# have. `deskform checklist` lists the items, `deskform checklist confirm ITEM --by NAME` takes somebody's word; until then
# apply writes nothing to the sets in needed_for.

checklist "before_the_move" {
  item "assignment_preferences" {
    off        = "Settings > Inbox > Teammate notifications, before the first conversation: assignment and new-conversation mails and pushes, for every teammate"
    on         = "The same place, when the last phase is verified"
    who        = "the workspace admin"
    why        = "each conversation that is moved and assigned reaches a teammate, and no parameter prevents it (IC trap 9)"
    needed_for = [conversation.incidents]
  }

  item "balanced_assignment" {
    off        = "Settings > Inbox > Assignment: balanced and round-robin assignment of every team that conversations are moved to"
    on         = "The same place, when the last phase is verified"
    who        = "the workspace admin"
    why        = "Intercom hands open imported conversations to whoever is online, over the assignee they had"
    needed_for = [conversation.incidents]
  }

  item "workflows_and_fin" {
    off        = "Workflows and Fin: limit every trigger to conversations whose itsm_migrated is not true, or pause them"
    on         = "The same place, when the last phase is verified; keep the condition on itsm_migrated"
    who        = "the owner of Fin and the workflows"
    why        = "Fin may answer old tickets and bills every one it counts as resolved: at a list price of 0.99 USD, 10,000 of them cost 9,900 USD (IC 7 #1, #2)"
    needed_for = [conversation.incidents]
  }

  item "surveys" {
    off        = "Workflows > satisfaction surveys: CSAT questions on closing"
    on         = "The same place, when the last phase is verified"
    who        = "the workspace admin"
    why        = "customers are asked how they liked a ticket of two years ago when it is closed here"
    needed_for = [conversation.incidents]
  }

  item "user_email_notifications" {
    off        = "Settings > Channels > Email: notifications to users about replies"
    on         = "The same place, when the last phase is verified"
    who        = "the workspace admin"
    why        = "what reaches a contact with an e-mail address cannot be called back"
    needed_for = [conversation.incidents]
  }

  item "outbound_series" {
    off        = "Outbound > Series and messages: exclude new users whose itsm_migrated is true, or pause them"
    on         = "The same place; keep the exclusion"
    who        = "the owner of outbound messages"
    why        = "everybody who is moved counts as a new user and gets the welcome series"
    needed_for = [contact.requesters, contact.by_mail, contact.stand_ins, conversation.incidents]
  }

  item "auto_close" {
    off        = "Workflows and settings that close or snooze what is idle"
    on         = "The same place, when the last phase is verified"
    who        = "the workspace admin"
    why        = "open tickets with an old last message are closed at once, which the next plan shows as changed in Intercom"
    needed_for = [conversation.incidents]
  }

  item "webhooks_and_apps" {
    off        = "Developer Hub > Webhooks and Settings > Apps: everything that reads new contacts, conversations or replies"
    on         = "The same place, when the last phase is verified"
    who        = "the owner of the integrations"
    why        = "webhooks fire for API writes too, so that other systems see the whole history as new (IC trap 43)"
    needed_for = [contact.requesters, contact.by_mail, contact.stand_ins, conversation.incidents]
  }

  item "history_not_ai_content" {
    off        = "AI & Automation > Knowledge: conversations with itsm_migrated = true as a source of answers and suggestions"
    on         = "When somebody has reviewed what the old tickets say"
    who        = "the owner of the knowledge base"
    why        = "Fin and Copilot quote old answers, names and passwords in them to customers"
    needed_for = [conversation.incidents]
  }

  item "permissions" {
    on         = "Developer Hub > the app > Authentication: read and write custom objects, read and write tickets; they stay on"
    who        = "the owner of the app"
    why        = "without them calls are refused, and a search leaves tickets out without a word (IC 1.1, trap 25)"
    needed_for = [contact.requesters, contact.by_mail, contact.stand_ins, conversation.incidents]
  }
}
