// # Traps
//
// What answers each trap of section 6 of the reference, and what shows it; TestTraps holds this list against the tests.
//
//  1. No external id on conversations, tickets, parts, notes. A conversation has a token as the last word of its first
//     message, a ticket its row's key in an attribute, a note its token, a part its author, time and words; all ids are in
//     the state. Shown by TestOneSecond, TestTicketSettled, TestTicketReplySettled, TestNotes.
//  2. A deleted contact poisons its keys for seven days. Nothing here deletes one; who is being deleted is named with how
//     long that lasts. Shown by TestNotRestorable.
//  3. Archived contacts are invisible. The create meets them, and restores where the configuration says so. Shown by
//     TestRestore, TestRestoreCutOff.
//  4. Search lags minutes. Nothing that is not found is made again before the longest lag seen has passed, and what was made
//     again is looked for a day long. Shown by TestTicketSettled, TestLateIndex, TestSweep.
//  5. Contacts are searched by days of the workspace's zone. A changed sweep begins two days before. Shown by TestTraps.
//  6. 500 parts are shown. The ids of all parts are in the state; a longer thread is noted in the plan, or goes on in more
//     conversations, each found by a mark of its own, where that is declared. Shown by TestLongThread, TestMessagesOnce,
//     TestThreadLimit, TestContinue, TestLongThreads, TestLongThreadWithoutState, TestCrashThreads.
//  7. Only contacts open conversations, in plain text. The first message is the contact's and has no markup. Shown by
//     TestTraps, TestText.
//  8. POST /conversations answers with a message. Its conversation_id is taken. Shown by TestTraps.
//  9. skip_notifications exists in some calls. It is sent in each that has it, and the others are forecast. Shown by
//     TestStepPayloads, TestTicketSteps, TestTickets.
//  10. An unknown e-mail makes a contact. Tickets and participants are given by id. Shown by TestTraps.
//  11. POST /tags drops unknown people in silence. Whom its answer does not name is tagged alone: a contact by a call that
//     answers 404, and a company that is passed over again is set aside. Shown by TestBulkTagsPassedOver, TestTagMany.
//  12. Custom objects degrade in silence. What was written is compared with the answer. Shown by TestObjectDropped.
//  13. A relationship's array replaces the set. What is there is written along. Shown by TestTicketPayloads,
//     TestForecastOfKinds.
//  14. Contacts and companies share attribute names. The plan says whose a name is. Shown by TestAttributesInAWorkspace.
//  15. Data types are written as one thing and read as another. Both become the same here before they are compared. Shown by
//     TestAttributesInAWorkspace.
//  16. List values of tickets are GUIDs. Shown by TestListItems.
//  17. list_items is joined by commas. An option with one is refused by the plan. Shown by TestTicketNormalize.
//  18. A ticket's state is not settable on create, and an error when it is so already. It is written last, not at all where
//     the type begins with it, and the refusal is answered by the rest of the call. Shown by TestTicketSteps,
//     TestTicketPayloads, TestSameTicketState.
//  19. A ticket is open or not whatever its state. Both are fields, written in one call, and what an update reopens it closes
//     again. Shown by TestTicketSteps, TestTickets.
//  20. A reply after the close reopens. The close is last. Shown by TestSteps, TestTicketStepLaws.
//  21. DELETE with a body. It is sent. Shown by TestTraps.
//  22. GET /companies?company_id= answers with an object. Cannot occur: companies are found by listing and written by
//     company_id. One that nobody belongs to is in no list, and is written once more when the state is lost.
//  23. A deleted company is archived later. Cannot occur: no step deletes a company.
//  24. company_id is immutable. It is a field that is set when created; another one is frozen. Shown by TestTraps.
//  25. Conversation searches return tickets. They are left out. Shown by TestTraps.
//  26. Two conversation attributes with one name break every write. Attributes are listed before one is made, a lost answer
//     is looked for by the name, and two are refused by the plan. Shown by TestAttributesInAWorkspace, TestDefinitionSettled.
//  27. Nobody assigned is 0 or null, ids are text or numbers. Shown by TestTraps.
//  28. Another version behaves otherwise. Every request names the same. Shown by TestTraps.
//  29. Preview bulk hides item errors. Cannot occur: no call of Preview is used.
//  30. The window is ten seconds. The governor follows its headers. Shown by TestGovernor.
//  31. A 400 that is a rate limit. It is waited out. Shown by TestTraps, TestReplies.
//  32. Merged contacts answer 404 or 410. Both are understood, and the link is followed. Shown by TestMergedIsFollowed.
//  33. Leads are not deduplicated. They are neither adopted nor changed. Shown by TestLeads.
//  34. A user never becomes a lead. Cannot occur: user is the only role that a configuration can give.
//  35. Notes cannot be deleted, edited or back-dated. Author and date stand in the text, a changed one is frozen, and none is
//     written twice. Shown by TestNotes, TestNoteSteps.
//  36. attachment_urls are fetched by Intercom. Files are sent as data, and where a call takes none the actor sends them.
//     Shown by TestTraps, TestTicketPayloads.
//  37. A reply answers with the whole conversation. It is what the next comparison starts from, so that no GET is added; to a
//     ticket the part alone comes back. Shown by TestForecastEqualsCount.
//  38. One scroll an app. Pages are read, and scrolled only what pages do not show, beyond 10,000 companies; an open scroll of
//     somebody else ends the plan with that answer. Shown by TestTraps.
//  39. Bots as authors. Cannot occur: authors are teammates that are found by their e-mail address, and the actor.
//  40. A user without e-mail can be written nothing. Contacts without e-mail are made and found again. Shown by TestTraps.
//  41. Two shapes of one answer. Both are read. Shown by TestTraps.
//  42. The description leaves errors out. What an answer means is told by status and code, and one that nobody has heard of
//     is permanent below 500, open above. Shown by TestContract, FuzzAnswers.
//  43. Webhooks fire for API writes. They and connected apps are items of the checklist that init writes. Shown by TestTraps.
//  44. The header says Preview where pages say Unstable. Cannot occur: a numbered version is pinned.
package intercom
