// # Traps
//
// What answers each trap of section 7 of the reference, and what shows it; TestTraps holds this list against the tests.
//
//  1. No date filter, no sort, no count in find. A filter is equality and nothing else; what changed is found by comparing
//     a list of dates with what was read before, and what is counted was read. Shown by TestFilterAndOwner, TestPullAgain.
//  2. Rights silently shrink object sets and attributes. A class that shrank stops the pull, a number read off the screen is
//     held against what was read, and a column that is not shown any more is named. Shown by TestKeyLosesRights,
//     TestExpect, TestHiddenAttributes.
//  3. get may deny what find shows. Rows are read by their place in the list; where get is denied, lists of files say whose
//     a picture is. Shown by TestPictureWithoutGet, TestAcceptance.
//  4. Date strings have no zone. The block's time_zone is theirs. Shown by TestZones, TestDates, TestAcceptance.
//  5. title is not number. Both are columns of their own; number is a number, and a title stays a text. Shown by TestTraps,
//     TestShapes.
//  6. Three description fields. All three are read, and the mapping takes the first that has something:
//     coalesce(text(each.descriptionRTF), text(each.descriptionInRTF), text(each.description)). Shown by TestTraps,
//     TestAcceptance.
//  7. Misspelt codes are real. Names are taken as they come. Shown by TestTraps.
//  8. Urgency counts downwards and impact upwards. No code is read as a number or compared; a value_map names each of
//     them, and one that it does not list is noticed. Shown by TestUrgencyAndImpact.
//  9. A closed vote is a rejected one, and the type serviceCall$serviceCall is an incident. States and types come as they
//     are; a value_map and the mapping say what they mean. Shown by TestClosedVoteAndIncident.
//  10. Archived objects appear in lists. They are read, with removed, unless the block says otherwise. Shown by TestArchived.
//  11. Back-link collections blow up answers without attrs. Lists ask for attributes; whole objects are asked for one by one.
//     Shown by TestNoBackLinks, TestDescribe.
//  12. An auth error is a 500. Errors are told apart by their text before anything is tried again. Shown by TestErrorTexts,
//     TestWrongKeyStopsAtOnce, FuzzErrorTexts.
//  13. Writes are reachable by GET. Five methods may be called, and nothing that a name holds leads to another. Shown by
//     TestAllowed, TestNothingIsWritten, TestNamesThatLeadElsewhere, TestTypesThatLeadElsewhere.
//  14. Comments and files have no modification date. Comments are read again with their ticket, when they are older than
//     max_age, or always in bulk; files by their list. Who has no author has none. Shown by TestMaxAge, TestBulk,
//     TestFilesOfTheList, TestCommentsOfOwners.
//  15. Intervals and timers have more than one shape. Each is read as it came, and a column that has several is any. Shown by
//     TestOtherForms, TestDescribeForms, FuzzValues.
//  16. Rich text embeds images only reachable with the key. They are fetched by get-file, and move with the text that shows
//     them. Shown by TestPictures, TestOpenPicture, TestInlineImages.
//  17. Unregistered clients are only a name, an address and a phone. These are columns, and a missing link is null. Shown by
//     TestTraps.
//  18. Empty sets are [] or null. Shown by TestOtherForms, TestTraps.
//  19. Catalogs have folders, and removed items are still referenced. A link has code and title itself; folder and removed are
//     columns. Shown by TestTraps.
//  20. Comments are copied between mass tickets. isCopy and copiedToFrom are columns, which for_each of a part can filter by.
//     Shown by TestTraps.
//  21. Offsets shift when objects are deleted during a read. What slipped is found by a second look at the list, and rows are
//     taken by their UUID and not their place. Shown by TestListChangesWhileItIsRead, TestFetchAfterAShift, TestAcceptance.
//  22. The UUID's prefix is the class. The type is read from metaClass. Shown by TestTypesOfAClass, TestExpect.
//  23. The filter {} must be percent-encoded in a path. It is, and so is what its values hold. Shown by TestSettings,
//     TestFilterInThePathIsEscaped.
//  24. Keys leak in logs. URLs are kept nowhere, and keys are redacted everywhere. Shown by TestKeyInNoErrorAndNoLog,
//     TestParamsAreRedacted, TestAcceptance.
//  25. Live one-click links stand inside ticket texts. No address in a text is opened but the file of a picture, by its
//     number, and a migrated text has no key. Shown by TestPictures, TestAcceptance, TestHostile.
//  26. Mail comments end with the sender's address. mail_sender and without_mail_tail read it. Shown by TestMailTail,
//     TestMailComment.
//  27. The placeholder «Служебный» is no client. `where` of a record set leaves the placeholder out, as fixtures/acme
//     and the start that init writes do, and whose address the ticket has is its contact. Shown by TestPlaceholderClient.
//  28. commentAuthorAlias is what clients see. It is a column of employees, for the mapping to take. Shown by TestTraps.
package itsm365
