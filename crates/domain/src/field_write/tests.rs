use proptest::prelude::*;

use super::*;
use crate::booking::{BookingStatus, ChangeKind};
use crate::org_shape::FieldKind;
use crate::sync_plan::examples::{at, booking, wanted};

fn resolve(text: &str, wanted: &RecordedBooking) -> Option<String> {
    let id = BookingId("bkg_1".into());
    let source = Source { id: &id, wanted, event_type: "Discovery Call", url: None, assignment_reason: None };
    Template::parse(text).expect("a template").resolve(&source)
}

fn row(field_type: FieldType, value: &str) -> WriteRow {
    WriteRow { field: "X__c".into(), field_type, value: value.into(), when: When::Always }
}

fn field(kind: FieldKind) -> FieldShape {
    FieldShape { kind, createable: true, updateable: true, ..FieldShape::default() }
}

fn outcome_for(field_type: FieldType, value: &str, field: FieldShape, wanted: &RecordedBooking) -> Outcome {
    let id = BookingId("bkg_1".into());
    let source = Source { id: &id, wanted, event_type: "Discovery Call", url: None, assignment_reason: None };
    let shape = ObjectShape { fields: [("X__c".to_owned(), field)].into(), record_types: vec![] };
    outcome(&row(field_type, value), &source, &shape, |field| field.createable)
}

fn write(field_type: FieldType, value: &str, kind: FieldKind) -> Outcome {
    outcome_for(field_type, value, field(kind), &wanted(booking()))
}

#[test]
fn tokens_stand_for_what_the_booking_says() {
    let mut said = booking();
    said.utm = [("source".to_owned(), "news".to_owned())].into();
    said.guests = vec!["gil@acme.example".parse().expect("an email"), "ida@acme.example".parse().expect("an email")];
    let said = wanted(said);
    let table = [
        ("{company}", "Acme Ltd"),
        ("{utm:source}", "news"),
        ("{attendee.name} <{attendee.email}>", "Jane Roe <jane@acme.example>"),
        ("{organizer.name}, {organizer.email}", "Ann Host, ann@seller.example"),
        ("{booking.id} {booking.title}", "bkg_1 Discovery Call between Ann Host and Jane Roe"),
        ("{event_type.title}", "Discovery Call"),
        ("{guests}", "gil@acme.example, ida@acme.example"),
        ("{{ {company|x} }}", "{ Acme Ltd }"),
        ("{phone|none given}", "none given"),
        ("a } b", "a } b"),
    ];
    for (text, expected) in table {
        assert_eq!(resolve(text, &said).as_deref(), Some(expected), "{text}");
    }
    for text in ["{phone}", "Call {attendee.phone}", "{form:size}", "{assignmentReason}", "{booking.cancel_reason}"] {
        assert_eq!(resolve(text, &said), None, "{text} has neither value nor default");
    }
}

#[test]
fn an_unknown_token_is_refused_with_what_was_probably_meant() {
    let refused = |text: &str| Template::parse(text).expect_err(text).to_string();
    assert_eq!(refused("{attendee.nam}"), "{attendee.nam} is not a token; did you mean {attendee.name}?");
    assert_eq!(refused("{utm:sources}"), "{utm:sources} is not a token; did you mean {utm:source}?");
    assert!(refused("{what is this}").contains("is not a token"), "{}", refused("{what is this}"));
    assert!(refused("Hello {company").contains("never closed"), "{}", refused("Hello {company"));
}

#[test]
fn the_orgs_type_decides_what_is_written() {
    use FieldValue::{Checkbox, Text};
    let text = |text: &str| Text(text.to_owned());
    let table = [
        (FieldType::Text, "abc", FieldKind::Text, text("abc")),
        (FieldType::Text, "https://a.example", FieldKind::Url, text("https://a.example")),
        (FieldType::Text, "7.5", FieldKind::Number, FieldValue::Number("7.5".parse().expect("a number"))),
        (FieldType::Checkbox, "true", FieldKind::Checkbox, Checkbox(true)),
        (FieldType::Custom, "false", FieldKind::Checkbox, Checkbox(false)),
        (
            FieldType::Date,
            "booking_start_date",
            FieldKind::Date,
            FieldValue::Date("2026-05-06".parse().expect("a day")),
        ),
        (
            FieldType::Datetime,
            "booking_start_date",
            FieldKind::Datetime,
            FieldValue::Instant(at("2026-05-06T09:30:00Z")),
        ),
        (FieldType::Text, "A; B", FieldKind::Multipicklist, text("A;B")),
    ];
    for (field_type, value, kind, expected) in table {
        assert_eq!(write(field_type, value, kind), Outcome::Write(expected, None), "{value} to {kind}");
    }
    for (field_type, value, kind) in [
        (FieldType::Text, "seven", FieldKind::Number),
        (FieldType::Custom, "yes", FieldKind::Checkbox),
        (FieldType::Text, "x", FieldKind::Other),
    ] {
        assert!(matches!(write(field_type, value, kind), Outcome::Drop(DropReason::WrongType(_))), "{value} to {kind}");
    }
}

#[test]
fn a_date_is_the_calendar_day_where_the_organizer_is() {
    let mut late = booking();
    late.start = at("2026-05-06T23:30:00Z");
    for (zone, day) in
        [("Europe/London", "2026-05-07"), ("America/New_York", "2026-05-06"), ("Asia/Tokyo", "2026-05-07")]
    {
        late.organizer.time_zone = Some(zone.into());
        let expected = Outcome::Write(FieldValue::Date(day.parse().expect("a day")), None);
        let found = outcome_for(FieldType::Date, "booking_start_date", field(FieldKind::Date), &wanted(late.clone()));
        assert_eq!(found, expected, "{zone}");
    }
}

#[test]
fn a_cancel_date_is_skipped_until_the_booking_is_cancelled() {
    let mut cancelled = wanted(booking());
    let found =
        |wanted: &RecordedBooking| outcome_for(FieldType::Date, "booking_cancel_date", field(FieldKind::Date), wanted);
    assert_eq!(found(&cancelled), Outcome::Skip(Skipped::NoDate));
    cancelled.booking.status = BookingStatus::Cancelled;
    cancelled.changed_by = ChangeKind::Cancelled;
    assert_eq!(found(&cancelled), Outcome::Write(FieldValue::Date("2026-05-04".parse().expect("a day")), None));
}

#[test]
fn only_string_and_text_area_are_cut_and_only_at_a_character() {
    let short = |kind| FieldShape { length: Some(3), ..field(kind) };
    let found = |kind| outcome_for(FieldType::Text, "a\u{1f600}\u{e9}x", short(kind), &wanted(booking()));
    for kind in [FieldKind::Text, FieldKind::LongText] {
        assert_eq!(found(kind), Outcome::Write(FieldValue::Text("a\u{1f600}\u{e9}".into()), Some(3)), "{kind}");
    }
    for kind in [FieldKind::Phone, FieldKind::Url, FieldKind::Email, FieldKind::Combobox] {
        assert_eq!(found(kind), Outcome::Drop(DropReason::TooLong(3)), "{kind}");
    }
}

#[test]
fn a_row_that_cannot_be_saved_says_which_part_and_how_to_mend_it() {
    let list = |rows: Vec<WriteRow>| WriteList { enabled: None, fields: rows };
    let errors = |kind, rows| -> Vec<String> {
        check_list(kind, &list(rows)).into_iter().map(|e| format!("{}.{}: {}", e.row, e.part, e.message)).collect()
    };
    let named = |name: &str, row: WriteRow| WriteRow { field: name.into(), ..row };
    let if_empty = |row: WriteRow| WriteRow { when: When::IfEmpty, ..row };
    assert_eq!(
        errors(
            ListKind::PersonOnBooking,
            vec![
                named("A__c", row(FieldType::Checkbox, "maybe")),
                named("B__c", row(FieldType::Date, "tomorrow")),
                named("a__C", row(FieldType::Text, "x")),
                named("OwnerId", row(FieldType::Text, "x")),
                named("D__c", row(FieldType::Text, "  ")),
                named("E__c", if_empty(row(FieldType::Checkbox, "true"))),
                named("F__c", row(FieldType::Text, "{nobody.name}")),
                named("G__c", row(FieldType::Custom, "anything {company}")),
            ],
        ),
        [
            "0.value: a checkbox takes true or false",
            "1.value: a date takes booking_start_date, booking_created_date or booking_cancel_date",
            "2.field: a__C stands in this list already; a field stands once",
            "3.field: Matchbook sets OwnerId itself; choose another field",
            "4.value: write what the field is to hold",
            "5.when: a checkbox is never empty; write it every time",
            "6.value: {nobody.name} is not a token; use an answer's slug, or one of the documented tokens",
        ]
    );
    assert_eq!(
        errors(ListKind::EventOnBooking, vec![if_empty(row(FieldType::Text, "x"))]),
        ["0.when: fields of the Event are written on every booking; leave this out"]
    );
}

#[test]
fn with_the_org_rows_are_held_against_its_fields() {
    let list = |rows: &[(&str, FieldType, &str)]| WriteList {
        enabled: None,
        fields: rows
            .iter()
            .map(|(name, kind, value)| WriteRow { field: (*name).into(), ..row(*kind, value) })
            .collect(),
    };
    let mut only = field(FieldKind::Picklist);
    only.only_values = Some(vec!["Demo".into()]);
    let read_only = FieldShape { createable: false, updateable: false, ..field(FieldKind::Text) };
    let fields = [("List__c", only), ("Plain__c", field(FieldKind::Text)), ("Read__c", read_only)];
    let shape =
        ObjectShape { fields: fields.map(|(name, field)| (name.to_owned(), field)).into(), record_types: vec![] };
    let rows = list(&[
        ("List__c", FieldType::Picklist, "Old"),
        ("Plain__c", FieldType::Date, "booking_start_date"),
        ("Read__c", FieldType::Text, "x"),
        ("Gone__c", FieldType::Text, "x"),
        ("Plain__c", FieldType::Text, "fine"),
    ]);
    let errors: Vec<String> = check_list_with_org(&rows, &[("Event", &shape)])
        .into_iter()
        .map(|e| format!("{}.{}: {}", e.row, e.part, e.message))
        .collect();
    assert_eq!(
        errors,
        [
            "0.value: \"Old\" is not an active value of its list",
            "1.type: Plain__c is of the org's type text; choose a field type that fits",
            "2.field: the connection's user cannot write Read__c",
            "3.field: Event has no field Gone__c that the connection's user can see",
        ]
    );
}

proptest! {
    /// Nothing that comes from outside is read as a token, cuts a character in two, or opens a reference.
    #[test]
    fn answers_are_text_and_nothing_else(answer in "\\PC{0,80}|[{}@|'\"%_\\\\]{0,40}", length in 1_usize..60) {
        let mut said = booking();
        said.answers[0].value = answer.clone();
        let said = wanted(said);
        let expected = if answer.trim().is_empty() { "-".to_owned() } else { answer.clone() };
        prop_assert_eq!(resolve("<{company|-}>", &said), Some(format!("<{expected}>")));
        let short = FieldShape { length: Some(length), ..field(FieldKind::Text) };
        match outcome_for(FieldType::Text, "{company|-}", short, &said) {
            Outcome::Write(FieldValue::Text(text), cut) => {
                prop_assert!(!text.contains("@{"), "{text}");
                prop_assert!(text.chars().count() <= length);
                let harmless = expected.replace("@{", "@ {");
                prop_assert!(harmless.starts_with(&text));
                prop_assert_eq!(cut.is_some(), harmless.chars().count() > length);
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// Whatever is typed as a value is either read or refused in words.
    #[test]
    fn no_text_upsets_the_reader(text in "\\PC{0,60}|[{}|:.a-z]{0,40}") {
        if let Ok(template) = Template::parse(&text) {
            let _ = resolve(&text, &wanted(booking()));
            if let Some(literal) = template.literal() {
                prop_assert_eq!(Template::parse(&literal.replace('{', "{{").replace('}', "}}")), Ok(template.clone()));
            }
        }
    }
}
