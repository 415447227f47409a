use super::examples::{at, booking, email, org, person_row, record, wanted};
use super::*;
use crate::account_resolution::LookupSettings;
use crate::ask::PersonRow;
use crate::booking::{ChangeKind, Marks, NoShow};
use crate::org_shape::PEOPLE_FIELD;
use crate::salesforce_settings::AttendeeRecordType;
use crate::sync_outcome::{ErrorClass, Missing, Refusal, UnclearPerson, Verdict, WriteResult, before_sending};
use crate::sync_refusals::RefusedGuests;

const NOW: &str = "2026-05-04T09:31:00Z";

fn run(wanted: &RecordedBooking, synced: &Synced, org: &OrgShape, known: &Known) -> (Next<Plan>, Vec<Note>) {
    run_with(&SalesforceSettings::default(), &RefusedGuests::new(), wanted, synced, org, known)
}

fn run_with(
    settings: &SalesforceSettings,
    refused_guests: &RefusedGuests,
    wanted: &RecordedBooking,
    synced: &Synced,
    org: &OrgShape,
    known: &Known,
) -> (Next<Plan>, Vec<Note>) {
    let id = BookingId("bkg_1".into());
    let hosts = [email("ann@seller.example")];
    let mut refusals = Refusals::default();
    refusals.guests.clone_from(refused_guests);
    let (event_type, url, now) = ("Discovery Call", None, at(NOW));
    let planned = plan(
        PlanInput {
            id: &id,
            wanted,
            settings,
            lookup: &LookupSettings::default(),
            hosts: &hosts,
            routed_account: None,
            event_type,
            url,
            assignment_reason: None,
            refusals: &refusals,
            synced,
            org,
            now,
        },
        known,
    );
    (planned.next, planned.notes)
}

fn absorb(sent: &Synced, writes: &[Write], results: &[WriteResult], attendee: &EmailAddress) -> Synced {
    crate::sync_outcome::absorb(sent, writes, results, attendee, &sent.person_state)
}

fn refusals(writes: &[Write], results: &[WriteResult], attendee: &EmailAddress) -> (Refusals, BTreeSet<usize>) {
    let mut refusals = Refusals::default();
    let mended = refusals.take(writes, results, attendee, |_| BTreeSet::new());
    (refusals, mended)
}

fn verdict(writes: &[Write], results: &[WriteResult], attendee: &EmailAddress) -> Verdict {
    crate::sync_outcome::verdict(writes, results, &refusals(writes, results, attendee).1)
}

fn contacts_ask<const N: usize>(emails: [EmailAddress; N]) -> Ask {
    Ask::Contacts { emails: emails.into(), fields: BTreeSet::new() }
}

fn leads_ask<const N: usize>(emails: [EmailAddress; N]) -> Ask {
    Ask::Leads { emails: emails.into(), fields: BTreeSet::new() }
}

fn writes(next: Next<Plan>) -> Vec<Write> {
    match next {
        Next::Done(Plan::Write { writes, .. }) => writes,
        other => panic!("expected something to write, got {other:?}"),
    }
}

fn jane() -> EmailAddress {
    email("jane@acme.example")
}

fn nobody_known() -> Known {
    contacts(&["jane@acme.example"], &[])
}

fn jane_known() -> Known {
    contacts(&["jane@acme.example"], &[("003J", "jane@acme.example")])
}

/// An answer to who of these people has a Contact.
fn contacts(asked: &[&str], found: &[(&str, &str)]) -> Known {
    let row = |(id, email): &(&str, &str)| person_row(id, email);
    let ask = Ask::Contacts { emails: asked.iter().map(|text| email(text)).collect(), fields: BTreeSet::new() };
    Known::from([(ask, Ok(Answer::People(found.iter().map(row).collect())))])
}

fn text(fields: &Fields, name: &str) -> String {
    match fields.get(name) {
        Some(FieldValue::Text(text)) => text.clone(),
        other => panic!("{name} should be text, is {other:?}"),
    }
}

/// The state after the booking was synced once.
fn booked() -> Synced {
    let wanted = wanted(booking());
    let writes = writes(run(&wanted, &Synced::default(), &org(), &nobody_known()).0);
    let sent = before_sending(&Synced::default(), vec![], &writes, &email("jane@acme.example"), at(NOW));
    let results = [WriteResult::Done(Some(record("003N"))), WriteResult::Done(Some(record("00UN")))];
    absorb(&sent, &writes, &results, &email("jane@acme.example"))
}

fn refusal(class: ErrorClass) -> Refusal {
    Refusal::new(class, "X", "x", "y")
}

#[test]
fn people_are_asked_for_before_anything_is_written() {
    let (next, _) = run(&wanted(booking()), &Synced::default(), &org(), &Known::new());
    assert_eq!(next, Next::Ask([contacts_ask([jane()])].into()));
}

#[test]
fn an_unknown_organizer_is_asked_for_in_the_same_request() {
    let org = OrgShape { users: [].into(), ..org() };
    let (next, _) = run(&wanted(booking()), &Synced::default(), &org, &Known::new());
    let asks = [contacts_ask([jane()]), Ask::Users(email("ann@seller.example"))];
    assert_eq!(next, Next::Ask(asks.into()));
}

#[test]
fn a_new_person_becomes_a_contact_and_an_event_in_one_request() {
    let (next, notes) = run(&wanted(booking()), &Synced::default(), &org(), &nobody_known());
    let writes = writes(next);
    let [Write::CreatePerson { fields: contact, .. }, Write::CreateEvent { fields: event }] = writes.as_slice() else {
        panic!("expected a Contact and an Event, got {writes:?}");
    };
    assert_eq!((text(contact, "FirstName"), text(contact, "LastName")), ("Jane".into(), "Roe".into()));
    assert_eq!(contact.get("OwnerId"), Some(&FieldValue::Record(record("005A"))), "the organizer owns new records");
    assert_eq!(event.get("WhoId"), Some(&FieldValue::NewPerson(jane())));
    assert_eq!(event.get("OwnerId"), Some(&FieldValue::Record(record("005A"))));
    assert_eq!(text(event, BOOKING_ID_FIELD), "bkg_1", "every Event carries the booking id");
    assert_eq!(notes, vec![]);
}

#[test]
fn a_known_person_is_used_and_not_created_again() {
    let (next, _) = run(&wanted(booking()), &Synced::default(), &org(), &jane_known());
    let writes = writes(next);
    let [Write::CreateEvent { fields }] = writes.as_slice() else { panic!("expected one Event, got {writes:?}") };
    assert_eq!(fields.get("WhoId"), Some(&FieldValue::Record(record("003J"))));
}

#[test]
fn a_lookup_error_is_never_read_as_not_found() {
    let failure =
        LookupFailure { class: ErrorClass::Limit, code: "REQUEST_LIMIT_EXCEEDED".into(), message: "no".into() };
    let known = Known::from([(contacts_ask([jane()]), Err(failure.clone()))]);
    let (next, _) = run(&wanted(booking()), &Synced::default(), &org(), &known);
    assert_eq!(next, Next::Done(Plan::Failed(failure)));
}

#[test]
fn what_was_written_is_not_written_again() {
    let (next, notes) = run(&wanted(booking()), &booked(), &org(), &Known::new());
    assert_eq!((next, notes), (Next::Done(Plan::InStep), vec![]));
}

#[test]
fn a_reschedule_moves_the_same_event_without_asking_anything() {
    let later = Booking { start: at("2026-05-07T09:30:00Z"), end: at("2026-05-07T10:00:00Z"), ..booking() };
    let writes = writes(run(&wanted(later.clone()), &booked(), &org(), &Known::new()).0);
    let fields = Fields::from([
        ("StartDateTime".into(), FieldValue::Instant(later.start)),
        ("EndDateTime".into(), FieldValue::Instant(later.end)),
    ]);
    assert_eq!(writes, vec![Write::UpdateEvent { event: record("00UN"), fields }]);
}

#[test]
fn a_changed_description_is_left_as_it_is() {
    let changed = Booking { notes: Some("Other notes".into()), ..booking() };
    assert_eq!(run(&wanted(changed), &booked(), &org(), &Known::new()).0, Next::Done(Plan::InStep));
}

#[test]
fn a_removed_location_is_emptied() {
    let writes = writes(run(&wanted(Booking { location: None, ..booking() }), &booked(), &org(), &Known::new()).0);
    let fields = Fields::from([("Location".into(), FieldValue::Null)]);
    assert_eq!(writes, vec![Write::UpdateEvent { event: record("00UN"), fields }]);
}

#[test]
fn a_new_subject_is_written_only_over_our_own() {
    let retitled = wanted(Booking { title: "Demo".into(), ..booking() });
    let ask = Ask::EventNow { event: record("00UN"), fields: BTreeSet::new() };
    assert_eq!(run(&retitled, &booked(), &org(), &Known::new()).0, Next::Ask([ask.clone()].into()));
    let now = |subject: &str| {
        let row = EventRow {
            id: record("00UN"),
            deleted: false,
            subject: Some(subject.into()),
            who: None,
            filled: [].into(),
        };
        Known::from([(ask.clone(), Ok(Answer::Events(vec![row])))])
    };
    let writes = writes(run(&retitled, &booked(), &org(), &now(&booking().title)).0);
    assert!(
        matches!(&writes[..], [Write::UpdateEvent { fields, .. }] if text(fields, "Subject") == "Demo"),
        "{writes:?}"
    );
    let kept = run(&retitled, &booked(), &org(), &now("Renamed by Ann"));
    assert_eq!(kept, (Next::Done(Plan::InStep), vec![Note::SubjectKept]));
}

#[test]
fn an_event_deleted_in_salesforce_is_written_anew() {
    let later = wanted(Booking { start: at("2026-05-06T09:45:00Z"), ..booking() });
    let writes_sent = writes(run(&later, &booked(), &org(), &Known::new()).0);
    let gone = WriteResult::Refused(Refusal { missing: Missing::Deleted, ..refusal(ErrorClass::Data) });
    assert_eq!(verdict(&writes_sent, std::slice::from_ref(&gone), &jane()), Verdict::PlanAgain);
    let after = absorb(&booked(), &writes_sent, &[gone], &email("jane@acme.example"));
    let (next, notes) = run(&later, &after, &org(), &Known::new());
    assert_eq!(notes, vec![Note::EventWrittenAnew]);
    let writes = writes(next);
    assert!(
        matches!(&writes[..], [Write::CreateEvent { fields }] if fields["WhoId"] == FieldValue::Record(record("003N")))
    );
}

#[test]
fn a_cancel_deletes_the_event_and_then_nothing_is_left_to_do() {
    let cancelled = wanted(Booking { status: BookingStatus::Cancelled, ..booking() });
    let writes_sent = writes(run(&cancelled, &booked(), &org(), &Known::new()).0);
    assert_eq!(writes_sent, vec![Write::DeleteEvent { event: record("00UN") }]);
    for answer in [
        WriteResult::Done(None),
        WriteResult::Refused(Refusal { missing: Missing::Deleted, ..refusal(ErrorClass::Data) }),
    ] {
        let after = absorb(&booked(), &writes_sent, &[answer], &email("jane@acme.example"));
        assert_eq!(run(&cancelled, &after, &org(), &Known::new()).0, Next::Done(Plan::InStep));
    }
}

#[test]
fn a_meeting_that_had_ended_keeps_its_event_when_cancelled() {
    let cancelled = RecordedBooking {
        changed_at: at("2026-05-06T10:00:00Z"),
        changed_by: ChangeKind::Cancelled,
        ..wanted(Booking { status: BookingStatus::Cancelled, ..booking() })
    };
    let (next, notes) = run(&cancelled, &booked(), &org(), &Known::new());
    assert_eq!((next, notes), (Next::Done(Plan::InStep), vec![Note::EndedEventKept]));
}

#[test]
fn cancelled_before_any_sync_makes_the_person_but_no_event() {
    let cancelled = wanted(Booking { status: BookingStatus::Cancelled, ..booking() });
    let writes = writes(run(&cancelled, &Synced::default(), &org(), &nobody_known()).0);
    assert!(matches!(&writes[..], [Write::CreatePerson { .. }]), "{writes:?}");
    assert_eq!(run(&cancelled, &Synced::default(), &org(), &jane_known()).0, Next::Done(Plan::InStep));
}

#[test]
fn a_booking_taken_up_again_after_its_cancel_gets_a_new_event() {
    let after = Synced { event: SyncedEvent::Deleted, ..booked() };
    let writes = writes(run(&wanted(booking()), &after, &org(), &Known::new()).0);
    assert!(matches!(&writes[..], [Write::CreateEvent { .. }]), "{writes:?}");
}

#[test]
fn another_attendee_gets_their_own_record_on_the_same_event() {
    let mut other = booking();
    other.attendee.email = email("joe@acme.example");
    let known = Known::from([(contacts_ask([email("joe@acme.example")]), Ok(Answer::People(vec![])))]);
    let writes = writes(run(&wanted(other), &booked(), &org(), &known).0);
    let [Write::CreatePerson { .. }, Write::UpdateEvent { fields, .. }] = writes.as_slice() else {
        panic!("expected a Contact and a change, got {writes:?}");
    };
    assert_eq!(fields, &Fields::from([("WhoId".into(), FieldValue::NewPerson(email("joe@acme.example")))]));
}

#[test]
fn an_organizer_without_a_user_leaves_the_event_with_the_connections_user() {
    let org = OrgShape { users: [(email("ann@seller.example"), None)].into(), ..org() };
    let (next, notes) = run(&wanted(booking()), &Synced::default(), &org, &jane_known());
    let writes = writes(next);
    assert!(
        matches!(&writes[..], [Write::CreateEvent { fields }] if fields["OwnerId"] == FieldValue::Record(record("005C")))
    );
    assert_eq!(notes, vec![Note::OrganizerWithoutUser { email: email("ann@seller.example") }]);
}

#[test]
fn fields_this_user_cannot_write_are_left_out_and_named() {
    let mut org = org();
    org.event.fields.remove("Location");
    let (next, notes) = run(&wanted(booking()), &Synced::default(), &org, &jane_known());
    assert!(matches!(&writes(next)[..], [Write::CreateEvent { fields }] if !fields.contains_key("Location")));
    assert_eq!(notes, vec![Note::LeftOut { object: "Event".into(), field: "Location".into() }]);
}

#[test]
fn texts_are_cut_at_a_character_to_what_the_field_holds() {
    let long = Booking { title: "é".repeat(300), ..booking() };
    let (next, notes) = run(&wanted(long), &Synced::default(), &org(), &jane_known());
    assert!(matches!(&writes(next)[..], [Write::CreateEvent { fields }] if text(fields, "Subject") == "é".repeat(255)));
    assert_eq!(notes, vec![Note::Cut { object: "Event".into(), field: "Subject".into(), length: 255 }]);
}

#[test]
fn of_several_contacts_one_is_chosen_and_the_rest_are_told_of() {
    let row = |id: &str, account: Option<&str>| PersonRow {
        account: account.map(record),
        ..person_row(id, "jane@acme.example")
    };
    let rows = vec![row("003A", None), row("003B", Some("001X"))];
    let known = Known::from([(contacts_ask([jane()]), Ok(Answer::People(rows)))]);
    let (next, notes) = run(&wanted(booking()), &Synced::default(), &org(), &known);
    assert!(
        matches!(&writes(next)[..], [Write::CreateEvent { fields }] if fields["WhoId"] == FieldValue::Record(record("003B")))
    );
    let several = Note::SeveralRecords { kind: PersonKind::Contact, email: jane(), count: 2, chosen: record("003B") };
    assert_eq!(notes, vec![several]);
}

/// Sent at `NOW` minus `minutes`, no answer came.
fn unanswered(minutes: i64) -> Synced {
    let planned = writes(run(&wanted(booking()), &Synced::default(), &org(), &nobody_known()).0);
    let sent = before_sending(
        &Synced::default(),
        vec![],
        &planned,
        &email("jane@acme.example"),
        at(NOW) - SignedDuration::from_mins(minutes),
    );
    absorb(&sent, &planned, &[WriteResult::Unclear, WriteResult::Unclear], &email("jane@acme.example"))
}

fn looked_for(event: Option<EventRow>, mut known: Known) -> Known {
    known.insert(Ask::EventOf(BookingId("bkg_1".into())), Ok(Answer::Events(event.into_iter().collect())));
    known
}

#[test]
fn a_lost_answer_is_looked_for_before_anything_is_sent_again() {
    let (next, _) = run(&wanted(booking()), &unanswered(0), &org(), &Known::new());
    assert_eq!(next, Next::Ask([Ask::EventOf(BookingId("bkg_1".into()))].into()));
}

#[test]
fn a_lost_create_that_took_effect_is_taken_as_done() {
    let row =
        EventRow { id: record("00UF"), deleted: false, subject: None, who: Some(record("003F")), filled: [].into() };
    let (next, _) = run(&wanted(booking()), &unanswered(0), &org(), &looked_for(Some(row), jane_known()));
    let Next::Done(Plan::Adopt(adopted)) = next else { panic!("expected the found Event to be taken, got {next:?}") };
    assert_eq!(run(&wanted(booking()), &adopted, &org(), &Known::new()).0, Next::Done(Plan::InStep));
}

#[test]
fn a_lost_create_found_in_the_bin_stays_deleted_until_the_booking_moves() {
    let row =
        EventRow { id: record("00UF"), deleted: true, subject: None, who: Some(record("003F")), filled: [].into() };
    let (next, notes) = run(&wanted(booking()), &unanswered(0), &org(), &looked_for(Some(row), jane_known()));
    assert_eq!(notes, vec![Note::EventDeletedByOthers]);
    let Next::Done(Plan::Adopt(adopted)) = next else { panic!("expected the found Event to be taken, got {next:?}") };
    assert_eq!(run(&wanted(booking()), &adopted, &org(), &Known::new()).0, Next::Done(Plan::InStep));
    let later = wanted(Booking { end: at("2026-05-06T11:00:00Z"), ..booking() });
    assert_eq!(run(&later, &adopted, &org(), &Known::new()).1, vec![Note::EventWrittenAnew]);
}

#[test]
fn a_lost_create_not_found_is_written_again_only_after_ten_minutes() {
    let known = looked_for(None, nobody_known());
    let waits = |minutes| run(&wanted(booking()), &unanswered(minutes), &org(), &known).0;
    assert_eq!(waits(0), Next::Done(Plan::Wait { until: at("2026-05-04T09:31:15Z") }));
    assert_eq!(waits(4), Next::Done(Plan::Wait { until: at("2026-05-04T09:35:00Z") }));
    assert_eq!(waits(9), Next::Done(Plan::Wait { until: at("2026-05-04T09:32:00Z") }));
    assert_eq!(writes(waits(10)).len(), 2, "after ten minutes both are written again");
}

#[test]
fn a_lost_create_without_the_booking_id_is_looked_for_by_what_it_is() {
    let mut bare = org();
    bare.event.fields.remove(BOOKING_ID_FIELD);
    let planned = writes(run(&wanted(booking()), &Synced::default(), &bare, &nobody_known()).0);
    let sent = before_sending(&Synced::default(), vec![], &planned, &email("jane@acme.example"), at(NOW));
    let lost = absorb(&sent, &planned, &[WriteResult::Unclear, WriteResult::Unclear], &email("jane@acme.example"));
    // The field was added meanwhile: the lost Event does not carry it all the same.
    let (next, _) = run(&wanted(booking()), &lost, &org(), &jane_known());
    let ask =
        Ask::EventLike { who: record("003J"), start: booking().start, since: at(NOW) - SignedDuration::from_mins(5) };
    assert_eq!(next, Next::Ask([ask].into()));
}

#[test]
fn where_the_booking_id_is_a_unique_external_id_a_lost_event_is_upserted_again_at_once() {
    let mut org = org();
    let key = org.event.fields.get_mut(BOOKING_ID_FIELD).expect("the example has it");
    key.unique_external_id = true;
    let planned = writes(run(&wanted(booking()), &Synced::default(), &org, &jane_known()).0);
    assert!(matches!(&planned[..], [Write::UpsertEvent { .. }]), "{planned:?}");
    let sent = before_sending(&Synced::default(), vec![], &planned, &email("jane@acme.example"), at(NOW));
    let lost = absorb(&sent, &planned, &[WriteResult::Unclear], &email("jane@acme.example"));
    assert!(matches!(verdict(&planned, &[WriteResult::Unclear], &jane()), Verdict::Retry(_)));
    assert_eq!(writes(run(&wanted(booking()), &lost, &org, &jane_known()).0), planned, "no look and no wait");
}

/// An org whose booking id field is a unique external id, and a booking whose upsert got no answer `minutes` ago.
fn upserted_without_answer(minutes: i64) -> (OrgShape, Synced) {
    let mut org = org();
    org.event.fields.get_mut(BOOKING_ID_FIELD).expect("the example has it").unique_external_id = true;
    let planned = writes(run(&wanted(booking()), &Synced::default(), &org, &jane_known()).0);
    let then = at(NOW) - SignedDuration::from_mins(minutes);
    let sent = before_sending(&Synced::default(), vec![], &planned, &email("jane@acme.example"), then);
    (org, absorb(&sent, &planned, &[WriteResult::Unclear], &email("jane@acme.example")))
}

#[test]
fn a_lost_upsert_of_a_booking_cancelled_or_moved_since_is_looked_for_first() {
    let (org, lost) = upserted_without_answer(1);
    let ask = Next::Ask([Ask::EventOf(BookingId("bkg_1".into()))].into());
    let cancelled = wanted(Booking { status: BookingStatus::Cancelled, ..booking() });
    let moved = wanted(Booking { start: at("2026-05-06T09:45:00Z"), ..booking() });
    for changed in [&cancelled, &moved] {
        assert_eq!(run(changed, &lost, &org, &jane_known()).0, ask);
        let not_there = looked_for(None, jane_known());
        assert!(matches!(run(changed, &lost, &org, &not_there).0, Next::Done(Plan::Wait { .. })));
    }
}

#[test]
fn an_event_upserted_twice_is_deleted_only_when_the_first_can_no_longer_come() {
    let (org, lost) = upserted_without_answer(1);
    let again = writes(run(&wanted(booking()), &lost, &org, &jane_known()).0);
    let sent = before_sending(&lost, vec![], &again, &email("jane@acme.example"), at(NOW));
    let done = absorb(&sent, &again, &[WriteResult::Done(Some(record("00UN")))], &email("jane@acme.example"));
    let cancelled = wanted(Booking { status: BookingStatus::Cancelled, ..booking() });
    let next = run(&cancelled, &done, &org, &Known::new()).0;
    assert_eq!(next, Next::Done(Plan::Wait { until: at("2026-05-04T09:40:00Z") }));
}

#[test]
fn a_lost_event_is_found_by_its_booking_id_though_its_contact_was_deleted_since() {
    let (next, _) = run(&wanted(booking()), &unanswered(0), &org(), &nobody_known());
    assert_eq!(next, Next::Ask([Ask::EventOf(BookingId("bkg_1".into()))].into()));
}

#[test]
fn the_gravest_refusal_decides_and_consequences_do_not_count() {
    let refused = |class| WriteResult::Refused(refusal(class));
    let halted = WriteResult::Refused(Refusal { halted: true, ..refusal(ErrorClass::Data) });
    let two = writes(run(&wanted(booking()), &Synced::default(), &org(), &nobody_known()).0);
    assert!(matches!(verdict(&two, &[refused(ErrorClass::Passing), halted.clone()], &jane()), Verdict::Retry(_)));
    assert!(matches!(
        verdict(&two, &[refused(ErrorClass::Passing), refused(ErrorClass::Data)], &jane()),
        Verdict::Hold(_)
    ));
    assert_eq!(verdict(&two, &[WriteResult::Done(None), WriteResult::Unclear], &jane()), Verdict::PlanAgain);
}

#[test]
fn a_change_without_an_answer_is_tried_again_later_and_not_at_once() {
    let delete = [Write::DeleteEvent { event: record("00UN") }];
    assert!(
        matches!(verdict(&delete, &[WriteResult::Unclear], &jane()), Verdict::Retry(r) if r.class == ErrorClass::Passing)
    );
}

#[test]
fn an_event_that_is_only_not_found_may_be_hidden_and_is_never_written_twice() {
    let later = wanted(Booking { start: at("2026-05-06T09:45:00Z"), ..booking() });
    let sent = writes(run(&later, &booked(), &org(), &Known::new()).0);
    let hidden = [WriteResult::Refused(Refusal { missing: Missing::NotFound, ..refusal(ErrorClass::Data) })];
    assert!(matches!(verdict(&sent, &hidden, &jane()), Verdict::Hold(_)));
    assert_eq!(absorb(&booked(), &sent, &hidden, &email("jane@acme.example")).event, booked().event);
}

#[test]
fn a_dead_person_on_record_is_looked_up_again() {
    let lost = Synced { event: SyncedEvent::Missing, ..booked() };
    let sent = writes(run(&wanted(booking()), &lost, &org(), &Known::new()).0);
    let dead = [WriteResult::Refused(Refusal { missing: Missing::NotFound, ..refusal(ErrorClass::Data) })];
    assert_eq!(verdict(&sent, &dead, &jane()), Verdict::PlanAgain);
    let after = absorb(&lost, &sent, &dead, &email("jane@acme.example"));
    assert_eq!(run(&wanted(booking()), &after, &org(), &Known::new()).0, Next::Ask([contacts_ask([jane()])].into()));
}

/// Booked, then moved to `start` at `NOW` minus `minutes`, without an answer.
fn moved_without_answer(start: &str, minutes: i64) -> Synced {
    let moved = wanted(Booking { start: at(start), ..booking() });
    let sent = writes(run(&moved, &booked(), &org(), &Known::new()).0);
    let then = at(NOW) - SignedDuration::from_mins(minutes);
    let state = before_sending(&booked(), vec![], &sent, &email("jane@acme.example"), then);
    absorb(&state, &sent, &[WriteResult::Unclear], &email("jane@acme.example"))
}

#[test]
fn a_late_change_never_wins_over_a_newer_one() {
    let (first, second) = ("2026-05-06T09:40:00Z", "2026-05-06T09:45:00Z");
    let wants = |start: &str| wanted(Booking { start: at(start), ..booking() });
    let same = writes(run(&wants(first), &moved_without_answer(first, 1), &org(), &Known::new()).0);
    assert_eq!(same.len(), 1, "the same change may go out again at once");
    let newer = run(&wants(second), &moved_without_answer(first, 1), &org(), &Known::new()).0;
    assert_eq!(newer, Next::Done(Plan::Wait { until: at("2026-05-04T09:40:00Z") }));
    for start in [second, "2026-05-06T09:30:00Z"] {
        let settled = writes(run(&wants(start), &moved_without_answer(first, 10), &org(), &Known::new()).0);
        let fields = Fields::from([("StartDateTime".into(), FieldValue::Instant(at(start)))]);
        assert_eq!(
            settled,
            vec![Write::UpdateEvent { event: record("00UN"), fields }],
            "wanted values are written once more"
        );
    }
}

#[test]
fn a_found_event_belongs_to_the_person_it_was_written_for() {
    let row =
        EventRow { id: record("00UF"), deleted: false, subject: None, who: Some(record("003F")), filled: [].into() };
    let known = looked_for(Some(row), jane_known());
    let mut other = booking();
    other.attendee.email = email("joe@acme.example");
    let (next, _) = run(&wanted(other.clone()), &unanswered(0), &org(), &known);
    let Next::Done(Plan::Adopt(adopted)) = next else { panic!("expected the found Event to be taken, got {next:?}") };
    let (next, _) = run(&wanted(other), &adopted, &org(), &Known::new());
    assert_eq!(
        next,
        Next::Ask([contacts_ask([email("joe@acme.example")])].into()),
        "the new attendee is somebody else"
    );
}

#[test]
fn a_reference_in_a_text_is_written_and_remembered_harmless() {
    let hostile = Booking { title: "@{p0.id}".into(), ..booking() };
    let sent = writes(run(&wanted(hostile), &Synced::default(), &org(), &jane_known()).0);
    assert!(matches!(&sent[..], [Write::CreateEvent { fields }] if text(fields, "Subject") == "@ {p0.id}"));
}

/// An org where an Event can be with several people.
fn shared_activities() -> OrgShape {
    let mut org = org();
    let list = org.event.fields["WhoId"].clone();
    org.event.fields.insert(PEOPLE_FIELD.into(), list);
    org
}

/// Jane's booking with guests, written by these texts.
fn with_guests(guests: &[&str]) -> RecordedBooking {
    wanted(Booking { guests: guests.iter().map(|text| email(text)).collect(), ..booking() })
}

fn created(writes: &[Write]) -> Vec<&str> {
    let email = |write: &'_ Write| match write {
        Write::CreatePerson { email, .. } => Some(email.clone()),
        _ => None,
    };
    let emails: Vec<EmailAddress> = writes.iter().filter_map(email).collect();
    ["jane@acme.example", "gil@acme.example", "ida@acme.example"]
        .into_iter()
        .filter(|text| emails.iter().any(|email| email.as_written() == *text))
        .collect()
}

#[test]
fn guests_become_contacts_on_the_event_beside_the_attendee() {
    let wanted = with_guests(&["gil@acme.example", "Jane@acme.example", "ann@seller.example", "bo@seller.example"]);
    let known = contacts(&["jane@acme.example", "gil@acme.example"], &[("003J", "jane@acme.example")]);
    let (next, _) = run(&wanted, &Synced::default(), &shared_activities(), &known);
    let writes = writes(next);
    assert_eq!(
        created(&writes),
        ["gil@acme.example"],
        "neither the attendee again, nor a host, nor a host's colleague"
    );
    let Some(Write::CreateEvent { fields }) = writes.last() else { panic!("the Event comes last: {writes:?}") };
    let gil = FieldValue::NewPerson(email("gil@acme.example"));
    assert_eq!(fields[PEOPLE_FIELD], FieldValue::List(vec![FieldValue::Record(record("003J")), gil]));
    assert!(!text(fields, "Description").contains("Guests"), "the Event is with them");
}

#[test]
fn where_an_event_is_with_one_person_guests_get_records_and_a_line_in_the_description() {
    let known = contacts(&["jane@acme.example", "gil@acme.example"], &[]);
    let (next, _) = run(&with_guests(&["gil@acme.example"]), &Synced::default(), &org(), &known);
    let writes = writes(next);
    assert_eq!(created(&writes), ["jane@acme.example", "gil@acme.example"]);
    let Some(Write::CreateEvent { fields }) = writes.last() else { panic!("the Event comes last: {writes:?}") };
    assert!(text(fields, "Description").contains("Guests: gil@acme.example"));
    assert!(!fields.contains_key(PEOPLE_FIELD));
}

#[test]
fn ignored_guests_leave_no_trace() {
    let settings = SalesforceSettings { ignore_guests: true, ..SalesforceSettings::default() };
    let wanted = with_guests(&["gil@acme.example"]);
    let org = shared_activities();
    let (next, _) = run_with(&settings, &RefusedGuests::new(), &wanted, &Synced::default(), &org, &jane_known());
    let writes = writes(next);
    let [Write::CreateEvent { fields }] = &writes[..] else { panic!("expected one Event, got {writes:?}") };
    assert!(!text(fields, "Description").contains("gil"));
}

/// What was written for Jane and Gil, and the answers to it.
fn written_with_gil(results: [WriteResult; 3]) -> (Vec<Write>, Synced) {
    let known = contacts(&["jane@acme.example", "gil@acme.example"], &[]);
    let (next, _) = run(&with_guests(&["gil@acme.example"]), &Synced::default(), &shared_activities(), &known);
    let planned = writes(next);
    let sent = before_sending(&Synced::default(), vec![], &planned, &jane(), at(NOW));
    let after = absorb(&sent, &planned, &results, &jane());
    (planned, after)
}

#[test]
fn a_refused_guest_never_costs_the_event() {
    let halted = WriteResult::Refused(Refusal { halted: true, ..refusal(ErrorClass::Data) });
    let results = [WriteResult::Done(Some(record("003N"))), WriteResult::Refused(refusal(ErrorClass::Data)), halted];
    let (sent, after) = written_with_gil(results.clone());
    assert_eq!(verdict(&sent, &results, &jane()), Verdict::PlanAgain);
    let refused = refusals(&sent, &results, &jane()).0.guests;
    let known = contacts(&["jane@acme.example", "gil@acme.example"], &[("003N", "jane@acme.example")]);
    let settings = SalesforceSettings::default();
    let wanted = with_guests(&["gil@acme.example"]);
    let (next, notes) = run_with(&settings, &refused, &wanted, &after, &shared_activities(), &known);
    let writes = writes(next);
    let [Write::CreateEvent { fields }] = &writes[..] else { panic!("expected the Event alone, got {writes:?}") };
    assert!(text(fields, "Description").contains("Guests: gil@acme.example"));
    assert!(matches!(&notes[..], [Note::GuestRefused { .. }]), "{notes:?}");
}

#[test]
fn a_guest_whose_create_is_unclear_is_not_created_again_before_ten_minutes() {
    let (_, after) = written_with_gil([
        WriteResult::Done(Some(record("003N"))),
        WriteResult::Unclear,
        WriteResult::Refused(Refusal { halted: true, ..refusal(ErrorClass::Data) }),
    ]);
    let until = at(NOW) + SALESFORCE_CALL_LIMIT;
    assert_eq!(after.unclear_people, [UnclearPerson { email: email("gil@acme.example"), until }]);
    let known = contacts(&["jane@acme.example", "gil@acme.example"], &[("003N", "jane@acme.example")]);
    let (next, _) = run(&with_guests(&["gil@acme.example"]), &after, &shared_activities(), &known);
    assert!(matches!(next, Next::Done(Plan::Wait { .. })), "{next:?}");
    let (next, _) = run(&with_guests(&[]), &after, &shared_activities(), &Known::new());
    assert_eq!(created(&writes(next)), Vec::<&str>::new(), "without that guest nothing waits");
}

#[test]
fn guests_who_join_or_leave_are_looked_up_afresh_and_the_list_is_written() {
    let done = ["003N", "003G", "00UN"].map(|id| WriteResult::Done(Some(record(id))));
    let (_, after) = written_with_gil(done);
    let org = shared_activities();
    assert_eq!(run(&with_guests(&["gil@acme.example"]), &after, &org, &Known::new()).0, Next::Done(Plan::InStep));
    let known = contacts(&["jane@acme.example", "ida@acme.example"], &[("003N", "jane@acme.example")]);
    let joined = writes(run(&with_guests(&["ida@acme.example"]), &after, &org, &known).0);
    assert_eq!(created(&joined), ["ida@acme.example"]);
    let left = writes(
        run(&with_guests(&[]), &after, &org, &contacts(&["jane@acme.example"], &[("003N", "jane@acme.example")])).0,
    );
    let list = FieldValue::List(vec![FieldValue::Record(record("003N"))]);
    assert_eq!(left, [Write::UpdateEvent { event: record("00UN"), fields: [(PEOPLE_FIELD.into(), list)].into() }]);
}

#[test]
fn more_people_than_one_request_holds_come_in_several() {
    let guests: Vec<String> = (0..60).map(|n| format!("g{n}@acme.example")).collect();
    let texts: Vec<&str> = guests.iter().map(String::as_str).collect();
    let asked: Vec<&str> = ["jane@acme.example"].into_iter().chain(texts[..49].iter().copied()).collect();
    let (next, notes) = run(&with_guests(&texts), &Synced::default(), &shared_activities(), &contacts(&asked, &[]));
    let writes = writes(next);
    assert_eq!(writes.len(), 25);
    assert!(writes.iter().all(|write| matches!(write, Write::CreatePerson { .. })), "the Event waits for its people");
    assert_eq!(notes, [Note::GuestsBeyond { count: 11 }]);
}

#[test]
fn a_lead_is_found_or_created_and_its_guests_are_only_named() {
    let settings = SalesforceSettings {
        attendee_record_type: AttendeeRecordType::Lead,
        check_for_existing_contact: false,
        ..SalesforceSettings::default()
    };
    let wanted = with_guests(&["gil@acme.example"]);
    let org = OrgShape { lead: org().contact, ..shared_activities() };
    let plan = |known: &Known| run_with(&settings, &RefusedGuests::new(), &wanted, &Synced::default(), &org, known).0;
    let ask = leads_ask([jane()]);
    assert_eq!(plan(&Known::new()), Next::Ask([ask.clone()].into()));
    let writes = writes(plan(&Known::from([(ask, Ok(Answer::People(vec![])))])));
    let [Write::CreatePerson { kind: PersonKind::Lead, fields: lead, .. }, Write::CreateEvent { fields }] = &writes[..]
    else {
        panic!("expected a Lead and an Event, got {writes:?}");
    };
    assert_eq!(text(lead, "Company"), "Acme Ltd", "as the booker said");
    assert!(text(fields, "Description").contains("Guests: gil@acme.example"));
    assert!(!fields.contains_key(PEOPLE_FIELD), "a Lead is alone on its Event");
}

#[test]
fn a_leads_company_is_what_the_booker_says_else_the_domains_label_else_not_provided() {
    let company = |address: &str, answer: &str| {
        let settings = SalesforceSettings {
            attendee_record_type: AttendeeRecordType::Lead,
            check_for_existing_contact: false,
            ..SalesforceSettings::default()
        };
        let mut asked = booking();
        asked.attendee.email = email(address);
        asked.answers[0].value = answer.into();
        let known = Known::from([(leads_ask([email(address)]), Ok(Answer::People(vec![])))]);
        let org = OrgShape { lead: org().contact, ..org() };
        let none = RefusedGuests::new();
        let plan = run_with(&settings, &none, &wanted(asked), &Synced::default(), &org, &known).0;
        match &writes(plan)[..] {
            [Write::CreatePerson { fields, .. }, ..] => text(fields, "Company"),
            other => panic!("expected a Lead, got {other:?}"),
        }
    };
    assert_eq!(company("jane@acme.co.uk", "Acme Ltd"), "Acme Ltd");
    assert_eq!(company("jane@mail.acme.co.uk", "  "), "Acme");
    assert_eq!(company("jane.acme@gmail.com", ""), "Not provided");
}

#[test]
fn without_access_to_leads_the_booking_is_held_with_what_to_do() {
    let settings = SalesforceSettings {
        attendee_record_type: AttendeeRecordType::Lead,
        check_for_existing_contact: false,
        ..SalesforceSettings::default()
    };
    let known = Known::from([(leads_ask([jane()]), Ok(Answer::People(vec![])))]);
    let none = RefusedGuests::new();
    let (next, _) = run_with(&settings, &none, &wanted(booking()), &Synced::default(), &org(), &known);
    assert!(matches!(&next, Next::Done(Plan::Hold { reason }) if reason.contains("object Lead")), "{next:?}");
}

/// Jane was marked as a no-show, or that was taken back.
fn marked(absent: bool, status: BookingStatus) -> RecordedBooking {
    let mark = NoShow { marked_at: at(NOW), absent };
    let marks = Marks { confirmed: true, no_shows: [(jane(), mark)].into(), ..Marks::default() };
    RecordedBooking { marks, ..wanted(Booking { status, ..booking() }) }
}

#[test]
fn a_no_show_is_one_field_of_the_event_and_is_taken_back() {
    let settings = SalesforceSettings { no_show_field: Some("No_Show__c".into()), ..SalesforceSettings::default() };
    let mut org = org();
    org.event.fields.insert("No_Show__c".into(), org.event.fields["WhoId"].clone());
    let none = RefusedGuests::new();
    let run =
        |wanted: &RecordedBooking, synced: &Synced| run_with(&settings, &none, wanted, synced, &org, &Known::new()).0;
    assert_eq!(run(&wanted(booking()), &booked()), Next::Done(Plan::InStep), "nobody has said so");
    let sent = writes(run(&marked(true, BookingStatus::Accepted), &booked()));
    let fields = Fields::from([("No_Show__c".into(), FieldValue::Checkbox(true))]);
    assert_eq!(sent, [Write::UpdateEvent { event: record("00UN"), fields }]);
    let after = absorb(&booked(), &sent, &[WriteResult::Done(None)], &jane());
    assert_eq!(run(&marked(true, BookingStatus::Accepted), &after), Next::Done(Plan::InStep));
    let back = writes(run(&marked(false, BookingStatus::Accepted), &after));
    let fields = Fields::from([("No_Show__c".into(), FieldValue::Checkbox(false))]);
    assert_eq!(back, [Write::UpdateEvent { event: record("00UN"), fields }]);
}

#[test]
fn an_event_that_somebody_deleted_is_not_written_anew_to_say_who_came() {
    let settings = SalesforceSettings { no_show_field: Some("No_Show__c".into()), ..SalesforceSettings::default() };
    let mut org = org();
    org.event.fields.insert("No_Show__c".into(), org.event.fields["WhoId"].clone());
    let none = RefusedGuests::new();
    let run =
        |wanted: &RecordedBooking, synced: &Synced| run_with(&settings, &none, wanted, synced, &org, &Known::new()).0;
    let sent = writes(run(&marked(true, BookingStatus::Accepted), &booked()));
    let gone = WriteResult::Refused(Refusal { missing: Missing::Deleted, ..refusal(ErrorClass::Data) });
    let after = absorb(&booked(), &sent, &[gone], &jane());
    assert_eq!(run(&marked(true, BookingStatus::Accepted), &after), Next::Done(Plan::InStep));
}

#[test]
fn a_request_writes_nothing_and_a_rejection_takes_back_what_was_written() {
    let stands = |status, marks| RecordedBooking { marks, ..wanted(Booking { status, ..booking() }) };
    let asked = Marks { requested: true, ..Marks::default() };
    let confirmed = Marks { requested: true, confirmed: true, ..Marks::default() };
    let nothing = Next::Done(Plan::InStep);
    for status in [BookingStatus::Requested, BookingStatus::Rejected, BookingStatus::Cancelled] {
        let wanted = stands(status, asked.clone());
        assert_eq!(run(&wanted, &Synced::default(), &org(), &Known::new()).0, nothing, "{status:?}");
        assert!(is_idle(&wanted, &Synced::default()));
    }
    assert_eq!(run(&stands(BookingStatus::Requested, confirmed.clone()), &booked(), &org(), &Known::new()).0, nothing);
    let taken_back = writes(run(&stands(BookingStatus::Rejected, confirmed), &booked(), &org(), &Known::new()).0);
    assert_eq!(taken_back, [Write::DeleteEvent { event: record("00UN") }]);
}

#[test]
fn an_event_that_a_late_upsert_brought_back_goes_with_its_cancelled_booking() {
    let (org, lost) = upserted_without_answer(1);
    let again = writes(run(&wanted(booking()), &lost, &org, &jane_known()).0);
    let sent = before_sending(&lost, vec![], &again, &jane(), at(NOW));
    let done = absorb(&sent, &again, &[WriteResult::Done(Some(record("00UN")))], &jane());
    // Somebody deleted it, and the first upsert came after that.
    let missing = Synced { event: SyncedEvent::Missing, gone: vec![record("00UN")], ..done };
    let cancelled = wanted(Booking { status: BookingStatus::Cancelled, ..booking() });
    let waits = run(&cancelled, &missing, &org, &Known::new()).0;
    assert_eq!(waits, Next::Done(Plan::Wait { until: at("2026-05-04T09:40:00Z") }));
    let mut later = missing;
    later.late_updates.iter_mut().for_each(|late| late.until = at(NOW));
    let row = |id: &str, deleted| EventRow { id: record(id), deleted, subject: None, who: None, filled: [].into() };
    let rows = vec![row("00UN", true), row("00UB", false)];
    let known = Known::from([(Ask::EventOf(BookingId("bkg_1".into())), Ok(Answer::Events(rows)))]);
    assert_eq!(writes(run(&cancelled, &later, &org, &known).0), [Write::DeleteEvent { event: record("00UB") }]);
}
