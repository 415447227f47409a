//! A booking and an org to plan with, for the tests of this crate.

use jiff::Timestamp;

use crate::ask::{PersonRow, RecordId};
use crate::booking::{Attendee, Booking, BookingAnswer, BookingStatus, ChangeKind, Marks, Organizer, RecordedBooking};
use crate::email_domain::EmailAddress;
use crate::geo::Geo;
use crate::org_shape::{BOOKING_ID_FIELD, FieldShape, ObjectShape, OrgShape};

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("a well-formed address")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn record(id: &str) -> RecordId {
    RecordId(id.to_owned())
}

pub(crate) fn booking() -> Booking {
    Booking {
        status: BookingStatus::Accepted,
        title: "Discovery Call between Ann Host and Jane Roe".into(),
        start: at("2026-05-06T09:30:00Z"),
        end: at("2026-05-06T10:00:00Z"),
        location: Some("https://video.example/1".into()),
        notes: Some("Wants pricing".into()),
        attendee: Attendee {
            email: email("jane@acme.example"),
            name: "Jane Roe".into(),
            first_name: None,
            last_name: None,
            time_zone: Some("America/New_York".into()),
            phone: None,
        },
        guests: vec![],
        organizer: Organizer {
            email: email("ann@seller.example"),
            name: "Ann Host".into(),
            time_zone: Some("Europe/London".into()),
        },
        answers: vec![BookingAnswer { slug: "company".into(), label: "Company".into(), value: "Acme Ltd".into() }],
        form_answers: vec![],
        utm: [].into(),
        place: Geo::default(),
        cancel_reason: None,
    }
}

/// A record of which nothing is known but its email.
pub(crate) fn person_row(id: &str, email: &str) -> PersonRow {
    PersonRow {
        id: record(id),
        email: email.to_owned(),
        account: None,
        owner: None,
        record_type: None,
        person_account: false,
        converted: None,
        values: [].into(),
        last_activity: None,
        created: at("2026-05-04T09:31:00Z"),
    }
}

pub(crate) fn wanted(booking: Booking) -> RecordedBooking {
    RecordedBooking {
        booking,
        changed_at: at("2026-05-04T09:30:00Z"),
        changed_by: ChangeKind::Created,
        marks: Marks::default(),
    }
}

fn object(fields: &[(&str, Option<usize>)]) -> ObjectShape {
    let shape = |length| FieldShape { length, createable: true, updateable: true, ..FieldShape::default() };
    let fields = fields.iter().map(|(name, length)| ((*name).to_owned(), shape(*length))).collect();
    ObjectShape { fields, record_types: vec![] }
}

pub(crate) fn org() -> OrgShape {
    OrgShape {
        contact: object(&[("FirstName", Some(40)), ("LastName", Some(80)), ("Email", Some(80)), ("OwnerId", None)]),
        lead: ObjectShape::default(),
        account: ObjectShape::default(),
        event: object(&[
            ("Subject", Some(255)),
            ("StartDateTime", None),
            ("EndDateTime", None),
            ("Location", Some(255)),
            ("Description", Some(32_000)),
            ("WhoId", None),
            ("OwnerId", None),
            (BOOKING_ID_FIELD, Some(64)),
        ]),
        users: [(email("ann@seller.example"), Some(record("005A")))].into(),
        inactive_users: [].into(),
        connection_user: Some(record("005C")),
    }
}
