use domain::booking::{BookingStatus, ChangeKind};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Page, Shown};
use super::*;

const CREATED: &str = include_str!("../../../tests/data/calcom/created.json");
const RESCHEDULED: &str = include_str!("../../../tests/data/calcom/rescheduled.json");
const CANCELLED: &str = include_str!("../../../tests/data/calcom/cancelled.json");
const FLAT_IN_LIST: &str = include_str!("../../../tests/data/calcom/flat_in_list.json");
const NO_SHOW: &str = include_str!("../../../tests/data/calcom/no_show.json");
const MEETING_ENDED: &str = include_str!("../../../tests/data/calcom/meeting_ended.json");
const ALL: [&str; 6] = [CREATED, RESCHEDULED, CANCELLED, FLAT_IN_LIST, NO_SHOW, MEETING_ENDED];

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn received() -> Timestamp {
    time("2026-07-01T00:00:00Z")
}

fn read_text(body: &str) -> Result<Delivery, Unreadable> {
    read(body.as_bytes(), received())
}

fn change(body: &str) -> SourceChange {
    match read_text(body).expect("the sample can be read").content {
        Content::Change(change) => *change,
        other => panic!("the sample is no change: {other:?}"),
    }
}

/// The created sample with one place set to something else.
fn created_with(pointer: &str, value: Value) -> String {
    let mut json: Value = serde_json::from_str(CREATED).expect("JSON");
    *json.pointer_mut(pointer).expect("the sample has this place") = value;
    json.to_string()
}

fn created_without(parent: &str, key: &str) -> String {
    let mut json: Value = serde_json::from_str(CREATED).expect("JSON");
    let parent = json.pointer_mut(parent).and_then(Value::as_object_mut).expect("the sample has this place");
    parent.remove(key).expect("the sample has this key");
    json.to_string()
}

fn signed(body: &[u8], secret: &str) -> HeaderMap {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(body);
    header(&hex::encode(mac.finalize().into_bytes()))
}

fn header(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(
        http::HeaderName::from_static(SIGNATURE_HEADER),
        HeaderValue::from_str(value).expect("a header value"),
    )])
}

#[test]
fn a_decisions_id_is_read_if_it_looks_like_ours() {
    let id = format!("rtd_{}", "0123456789abcdef".repeat(2));
    let read = |value: Value| change(&created_with("/payload/metadata", value)).decision;
    assert_eq!(read(json!({"matchbook_decision": id})), Some(id.clone()));
    let others = [
        id.to_uppercase(),
        format!("{id}0"),
        id.replace("rtd", "bkg"),
        "rtd_".into(),
        format!("rtd_{}", "\'".repeat(32)),
    ];
    for other in others.map(|id| json!({"matchbook_decision": id})) {
        assert_eq!(read(other.clone()), None, "{other}");
    }
    for metadata in [json!(null), json!([id]), json!({"matchbook_decision": [id]}), json!({"matchbook_decision": 7})] {
        assert_eq!(read(metadata.clone()), None, "{metadata}");
    }
}

#[test]
fn a_right_signature_is_believed() {
    let secret = SecretString::from("shared with Cal.com");
    assert_eq!(verify(&signed(b"body", "shared with Cal.com"), b"body", &secret), Ok(()));
}

#[test]
fn the_signature_is_hmac_sha256_in_hex() {
    // Test case 2 of RFC 4231.
    let signature = header("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_eq!(verify(&signature, b"what do ya want for nothing?", &SecretString::from("Jefe")), Ok(()));
}

#[test]
fn a_bad_signature_is_refused_in_words_and_without_the_secret() {
    let secret = SecretString::from("hunter2hunter2");
    let right = signed(b"body", "hunter2hunter2");
    let cases = [
        (HeaderMap::new(), &b"body"[..], "is missing"),
        (header("no-secret-provided"), b"body", "has no secret"),
        (header("5bdc"), b"body", "not 64 hexadecimal digits"),
        (header(&"x".repeat(64)), b"body", "not 64 hexadecimal digits"),
        (header(&"0".repeat(64)), b"body", "does not fit the body"),
        (right, b"body ", "does not fit the body"),
    ];
    for (headers, body, expected) in cases {
        let refused = verify(&headers, body, &secret).expect_err("must be refused").to_string();
        assert!(refused.contains(expected) && !refused.contains("hunter2"), "{refused}");
    }
}

#[test]
fn an_empty_secret_lets_nobody_in() {
    let refused = verify(&signed(b"body", ""), b"body", &SecretString::from("")).expect_err("must be refused");
    assert!(refused.to_string().contains("secret is empty"), "{refused}");
}

#[test]
fn a_created_booking_is_read_whole() {
    let SourceChange { identity, event_type_slug, change, .. } = change(CREATED);
    assert_eq!(identity.uid, "tourA1b2C3d4E5f6G7h8i9");
    assert_eq!(identity.ical_uid.as_deref(), Some("tourA1b2C3d4E5f6G7h8i9@Cal.com"));
    assert_eq!(identity.previous_uid, None);
    assert_eq!(event_type_slug, "product-tour");
    assert_eq!((change.kind, change.occurred_at), (ChangeKind::Created, time("2026-06-08T13:05:11.204Z")));
    insta::assert_json_snapshot!("created", change.booking);
}

#[test]
fn a_reschedule_names_the_booking_it_moves() {
    let SourceChange { identity, change, .. } = change(RESCHEDULED);
    assert_eq!(identity.previous_uid.as_deref(), Some("tourA1b2C3d4E5f6G7h8i9"));
    assert_eq!(change.kind, ChangeKind::Rescheduled);
    assert_eq!(change.booking.start, time("2026-06-12T10:15:00Z"));
    assert_eq!(change.booking.location.as_deref(), Some("Google Meet"));
    assert_eq!(change.booking.notes.as_deref(), Some("Later is better."));
    let [phone] = &change.booking.answers[..] else { panic!("only the phone number: {:?}", change.booking.answers) };
    assert_eq!((phone.label.as_str(), phone.value.as_str()), ("Phone", "+31 20 555 0100"));
}

#[test]
fn a_cancellation_carries_its_reason_and_reads_times_with_offsets() {
    let booking = change(CANCELLED).change.booking;
    assert_eq!(booking.status, BookingStatus::Cancelled);
    assert_eq!(booking.cancel_reason.as_deref(), Some("Found another supplier"));
    assert_eq!((booking.start, booking.end), (time("2026-06-12T10:15:00Z"), time("2026-06-12T11:00:00Z")));
    assert_eq!(booking.location.as_deref(), Some("Havenweg 12, Rotterdam"));
}

#[test]
fn the_flat_form_in_a_list_of_one_is_read_the_same() {
    let SourceChange { identity, event_type_slug, change, .. } = change(FLAT_IN_LIST);
    assert_eq!((identity.uid.as_str(), identity.ical_uid, event_type_slug.as_str()), ("introQ1w2E3r4", None, "intro"));
    assert_eq!(change.booking.title, "Intro call");
    assert_eq!(change.booking.location.as_deref(), Some("+47 22 55 01 00"));
    assert_eq!(change.booking.attendee.last_name.as_deref(), Some("Lind"));
    assert_eq!(change.booking.organizer.time_zone, None, "Mars/Olympus is no time zone");
}

#[test]
fn the_flat_form_is_read_without_its_list() {
    let list: Value = serde_json::from_str(FLAT_IN_LIST).expect("JSON");
    assert_eq!(change(&list[0].to_string()), change(FLAT_IN_LIST));
}

#[test]
fn a_delivery_without_a_time_counts_as_happening_when_it_arrives() {
    assert_eq!(change(&created_without("", "createdAt")).change.occurred_at, received());
    assert_eq!(change(&created_with("/createdAt", Value::Null)).change.occurred_at, received());
}

#[test]
fn a_repeat_has_the_same_key_and_another_delivery_another() {
    let key = |body: &str| match read_text(body) {
        Ok(delivery) => delivery.idempotency_key,
        Err(unreadable) => unreadable.idempotency_key,
    };
    assert_eq!(key(CREATED), "BOOKING_CREATED:tourA1b2C3d4E5f6G7h8i9:2026-06-08T13:05:11.204Z");
    let broken = created_without("/payload", "startTime");
    assert_ne!(key(&broken), key(CREATED), "a mended delivery is another one");
    assert_eq!(key(&broken), key(&broken));
    for body in [&broken, "not JSON", "[]", MEETING_ENDED, &created_without("", "createdAt")] {
        assert!(key(body).starts_with("sha256:") && key(body).len() == 71, "{}", key(body));
    }
}

#[test]
fn what_says_nothing_about_salesforce_is_ignored_with_a_reason() {
    for (trigger, expected) in [("MEETING_ENDED", "when the meeting ends"), ("SOMETHING_NEW", "not about a booking")] {
        let body = created_with("/triggerEvent", json!(trigger));
        let Ok(Delivery { content: Content::Ignored { reason }, .. }) = read_text(&body) else {
            panic!("{trigger} must be ignored");
        };
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn each_trigger_says_where_the_booking_stands() {
    use BookingStatus::{Accepted, Rejected, Requested};
    let cases = [
        ("BOOKING_REQUESTED", "PENDING", ChangeKind::Requested, Requested),
        ("BOOKING_PAYMENT_INITIATED", "ACCEPTED", ChangeKind::Requested, Requested),
        ("BOOKING_PAID", "ACCEPTED", ChangeKind::Created, Accepted),
        ("BOOKING_REJECTED", "REJECTED", ChangeKind::Rejected, Rejected),
        ("BOOKING_RESCHEDULED", "PENDING", ChangeKind::Rescheduled, Requested),
    ];
    for (trigger, status, kind, stands) in cases {
        let body = created_with("/triggerEvent", json!(trigger));
        let mut json: Value = serde_json::from_str(&body).expect("JSON");
        json["payload"]["status"] = json!(status);
        json["payload"]["rejectionReason"] = json!("Out of office");
        let change = change(&json.to_string()).change;
        assert_eq!((change.kind, change.booking.status), (kind, stands), "{trigger}");
        assert_eq!(change.booking.cancel_reason.is_some(), stands == Rejected, "{trigger}");
    }
}

#[test]
fn a_no_show_names_the_booking_and_who_did_not_come() {
    let Ok(Delivery { content: Content::Partial(partial), idempotency_key, .. }) = read_text(NO_SHOW) else {
        panic!("a no-show says little more than which booking");
    };
    assert_eq!(partial.identity.uid, "tourZ9y8X7w6V5u4T3s2r1");
    assert!(idempotency_key.starts_with("BOOKING_NO_SHOW_UPDATED:tourZ9y8X7w6V5u4T3s2r1:"), "{idempotency_key}");
    let PartialChange::NoShows(change) = partial.change else { panic!("it is a no-show") };
    let piet = "piet@havenlogistiek.example".parse().expect("an email");
    assert_eq!((change.occurred_at, change.absent), (time("2026-06-12T10:30:00Z"), [(piet, true)].into()));
}

#[test]
fn a_no_show_that_names_nobody_is_kept_with_what_was_expected() {
    let mut json: Value = serde_json::from_str(NO_SHOW).expect("JSON");
    let mut told = |pointer: &str, value: Value| {
        *json.pointer_mut(pointer).expect("is there") = value;
        read_text(&json.to_string()).expect_err("must be kept").message
    };
    let unknown = told("/payload/attendees/0/noShow", json!("yes"));
    assert!(unknown.starts_with("The field payload.attendees[0].noShow is a text; expected"), "{unknown}");
    let nobody = told("/payload/attendees", json!([]));
    assert!(nobody.starts_with("The field payload.attendees names nobody; expected who did not come"), "{nobody}");
}

#[test]
fn a_trigger_about_bookings_that_is_not_known_needs_attention_and_says_so() {
    let kept = read_text(&created_with("/triggerEvent", json!("BOOKING_SOMETHING"))).expect_err("must be kept");
    assert_eq!(kept.trigger.as_deref(), Some("BOOKING_SOMETHING"));
    assert!(kept.message.contains("that Matchbook does not know"), "{kept}");
}

#[test]
fn what_a_booking_cannot_do_without_is_named_with_what_was_expected() {
    let long = "u".repeat(256);
    let cases = [
        ("not JSON".to_owned(), "The delivery is not JSON"),
        (CREATED[..CREATED.len() / 2].to_owned(), "The delivery is not JSON"),
        ("[]".to_owned(), "The delivery is a list; expected a JSON object"),
        ("\"hello\"".to_owned(), "The delivery is a text; expected a JSON object"),
        ("{}".to_owned(), "The field triggerEvent is missing; expected a trigger"),
        (created_with("/triggerEvent", json!(5)), "The field triggerEvent is a number; expected a trigger"),
        (created_with("/createdAt", json!("yesterday")), "The field createdAt is not a time with an offset"),
        (created_with("/payload", json!([])), "The field payload is a list; expected the booking as an object"),
        (created_without("/payload", "uid"), "The field payload.uid is missing"),
        (created_with("/payload/uid", json!(long)), "The field payload.uid is longer than 255 characters"),
        (created_with("/payload/uid", json!("\u{0} ")), "The field payload.uid is empty"),
        (created_without("/payload", "type"), "The field payload.type is missing; expected the event type's slug"),
        (
            created_with("/payload/startTime", json!("2026-06-11")),
            "The field payload.startTime is not a time with an offset",
        ),
        (created_with("/payload/startTime", json!("12026-06-11T09:00:00Z")), "The field payload.startTime is"),
        (
            created_with("/payload/startTime", json!("9999-12-31T23:00:00Z")),
            "The field payload.startTime is out of range",
        ),
        (
            created_with("/payload/status", json!("REJECTED")),
            "The field payload.status is REJECTED; expected a booking",
        ),
        (
            created_with("/payload/status", json!("cancelled")),
            "The field payload.status is cancelled; expected a booking",
        ),
        (
            created_with("/payload/endTime", json!("2026-06-01T00:00:00Z")),
            "The field payload.endTime is before the start",
        ),
        (created_without("/payload", "organizer"), "The field payload.organizer.email is missing"),
        (created_with("/payload/organizer", json!("noor")), "The field payload.organizer.email is missing"),
        (created_with("/payload/attendees", json!([])), "The field payload.attendees[0].email is missing"),
        (created_with("/payload/attendees/0/email", json!("")), "The field payload.attendees[0].email is empty"),
        (
            created_with("/payload/attendees/0/email", json!("piet")),
            "The field payload.attendees[0].email is not an email address",
        ),
        (
            created_with("/payload/attendees/0/email", json!("31205550100@sms.cal.com")),
            "The field payload.attendees[0].email is an address that Cal.com made up from a phone number",
        ),
    ];
    for (body, expected) in cases {
        let message = read_text(&body).expect_err(expected).to_string();
        assert!(message.starts_with(expected), "expected: {expected}\n     got: {message}");
        assert!(message.ends_with('.'), "it should be a sentence: {message}");
    }
}

#[test]
fn a_cancel_without_its_booking_still_says_which() {
    let mut json: Value = serde_json::from_str(CANCELLED).expect("JSON");
    json["payload"] = json!({"uid": "tour2", "iCalUID": "tour@Cal.com", "cancellationReason": "Ill"});
    let partial = |json: &Value| match read_text(&json.to_string()) {
        Ok(Delivery { content: Content::Partial(partial), .. }) => partial,
        other => panic!("a cancel needs no more than a uid: {other:?}"),
    };
    let cancelled = partial(&json);
    let PartialChange::Cancelled { reason, .. } = &cancelled.change else { panic!("it is a cancel: {cancelled:?}") };
    assert_eq!((cancelled.identity.uid.as_str(), reason.as_deref()), ("tour2", Some("Ill")));
    assert!(cancelled.missing.starts_with("The field payload.type is missing"), "{}", cancelled.missing);
    json["createdAt"] = json!("yesterday");
    let undated = partial(&json).change;
    assert!(
        matches!(undated, PartialChange::Cancelled { occurred_at, .. } if occurred_at == received()),
        "a broken time does not matter either"
    );
    json["payload"] = json!({"type": "product-tour"});
    assert!(read_text(&json.to_string()).is_err(), "without a uid nobody knows which booking");
}

#[test]
fn nothing_happens_later_than_it_arrives() {
    let change = change(&created_with("/createdAt", json!("2199-01-01T00:00:00Z"))).change;
    assert_eq!(change.occurred_at, received());
}

#[test]
fn half_an_emoji_and_numbers_nobody_reads_do_not_matter() {
    let body = created_with("/payload/title", json!("TITLE")).replace("TITLE", r"Tour \ud83c");
    let body = body.replacen('{', r#"{"price": 1e999999, "#, 1);
    assert_eq!(change(&body).change.booking.title, "Tour \u{fffd}");
}

#[test]
fn what_a_booking_can_do_without_may_have_any_shape() {
    let mut json: Value = serde_json::from_str(CREATED).expect("JSON");
    let payload = json["payload"].as_object_mut().expect("object");
    for key in payload.keys().cloned().collect::<Vec<_>>() {
        if !["type", "uid", "startTime", "endTime", "organizer", "attendees"].contains(&key.as_str()) {
            payload.insert(key, json!([{"odd": 1}, null, 2.5]));
        }
    }
    payload.remove("organizer").and_then(|o| o.get("email").cloned()).map(|email| {
        payload.insert("organizer".into(), json!({"email": email, "name": 7, "timeZone": [], "language": null}))
    });
    let booking = change(&json.to_string()).change.booking;
    assert_eq!((booking.title.as_str(), booking.location, booking.notes), ("product-tour", None, None));
}

#[test]
fn long_texts_are_cut_and_nul_is_dropped() {
    let title =
        change(&created_with("/payload/title", json!(format!("A\u{0}B{}", "é".repeat(5_000))))).change.booking.title;
    assert!(title.starts_with("ABé") && title.chars().count() == MAX_LINE, "{} characters", title.chars().count());
}

#[test]
fn a_place_is_a_link_else_words_else_the_service() {
    let without_link = created_with("/payload/metadata", json!({"videoCallUrl": "javascript:alert(1)"}));
    assert_eq!(change(&without_link).change.booking.location.as_deref(), Some("Zoom"));
    for (location, expected) in [
        ("https://meet.example/abc", "https://meet.example/abc"),
        ("integrations:office365_video", "Microsoft Teams"),
        ("integrations:sylaps_video", "Video call (sylaps)"),
        ("inPerson", "In person"),
        ("Dam 1, Amsterdam", "Dam 1, Amsterdam"),
    ] {
        let mut json: Value = serde_json::from_str(&without_link).expect("JSON");
        json["payload"]["location"] = json!(location);
        assert_eq!(change(&json.to_string()).change.booking.location.as_deref(), Some(expected));
    }
}

/// Any JSON, to be put anywhere.
const PAGE: &str = include_str!("../../../tests/data/calcom/shown.json");

fn page(body: &str) -> Page {
    (KIND.polling.read)(body.as_bytes()).expect("the page can be read")
}

fn shown(body: &[u8]) -> Shown {
    match read(body, received()).expect("it can be read").content {
        Content::Shown(shown) => *shown,
        other => panic!("it is not shown: {other:?}"),
    }
}

#[test]
fn a_page_asks_for_every_status_and_the_latest_changed_first() {
    assert_eq!(
        (KIND.polling.path)(time("2026-06-08T13:05:11.204567Z"), 200),
        "/v2/bookings?status=upcoming,recurring,past,cancelled,unconfirmed&afterUpdatedAt=2026-06-08T13:05:11.204Z\
         &sortUpdatedAt=desc&take=100&skip=200"
    );
}

#[test]
fn a_booking_that_is_shown_is_read_whole() {
    let page = page(PAGE);
    assert_eq!((page.bookings.len(), page.more), (2, false));
    assert_eq!(page.bookings.iter().map(|shown| shown.moved).collect::<Vec<_>>(), [false, true]);
    assert_eq!(page.bookings[0].updated_at, Some(time("2026-06-09T10:00:02.417Z")));
    let shown = shown(&page.bookings[0].body);
    insta::assert_debug_snapshot!("a_booking_that_is_shown", shown);
    let told = change(CREATED);
    assert_eq!(shown.change.identity.ical_uid, told.identity.ical_uid, "webhook and API name one calendar id");
    assert_eq!(shown.change.change.booking.attendee.email, told.change.booking.attendee.email);
    let moved = read(&page.bookings[1].body, received()).expect("it can be read");
    assert!(matches!(moved.content, Content::Ignored { .. }), "its successor tells the rest: {moved:?}");
}

#[test]
fn each_status_that_is_shown_says_where_the_booking_stands() {
    let first = |status: &str| {
        let mut json: Value = serde_json::from_str(PAGE).expect("JSON");
        json["data"][0]["status"] = status.into();
        page(&json.to_string()).bookings.remove(0).body
    };
    for (word, status, kind) in [
        ("accepted", BookingStatus::Accepted, ChangeKind::Rescheduled),
        ("pending", BookingStatus::Requested, ChangeKind::Requested),
        ("cancelled", BookingStatus::Cancelled, ChangeKind::Cancelled),
        ("rejected", BookingStatus::Rejected, ChangeKind::Rejected),
    ] {
        let change = shown(&first(word)).change.change;
        assert_eq!((change.booking.status, change.kind), (status, kind), "{word}");
    }
    let unknown = read(&first("dreamt"), received()).expect_err("nobody knows what that means");
    assert_eq!(
        unknown.message,
        "The field payload.status is another word; expected accepted, pending, cancelled or rejected."
    );
}

#[test]
fn a_page_that_is_none_says_what_is_wrong() {
    let error = |body: &str| (KIND.polling.read)(body.as_bytes()).expect_err("it is no page");
    assert!(error("<html>").starts_with("it is not JSON"));
    assert_eq!(error(r#"{"status":"error"}"#), "it has no list \"data\"");
    let full = json!({"data": vec![json!({}); 100]}).to_string();
    assert!(page(&full).more, "where nothing tells, a full page may have another after it");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("\u{0}")),
        Just(json!("-009999-01-01T00:00:00Z")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts `new` at the `at`-th place of the document, counted depth first.
fn replace_at(value: &mut Value, at: &mut usize, new: &Value) -> bool {
    if *at == 0 {
        *value = new.clone();
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| replace_at(item, at, new)),
        Value::Object(members) => members.values_mut().any(|member| replace_at(member, at, new)),
        _ => false,
    }
}

/// No text of a delivery holds a NUL, which the databases refuse.
fn assert_storable(result: Result<Delivery, Unreadable>) {
    let texts = match result {
        Err(unreadable) => json!([unreadable.trigger, unreadable.idempotency_key, unreadable.message]),
        Ok(Delivery { trigger, idempotency_key, content: Content::Ignored { reason } }) => {
            json!([trigger, idempotency_key, reason])
        }
        Ok(Delivery { trigger, idempotency_key, content: Content::Partial(partial) }) => {
            let BookingIdentity { uid, ical_uid, previous_uid } = partial.identity;
            json!([trigger, idempotency_key, uid, ical_uid, previous_uid, partial.change, partial.missing])
        }
        Ok(Delivery { trigger, idempotency_key, content: Content::Change(change) }) => {
            json!([trigger, idempotency_key, texts_of(&change)])
        }
        Ok(Delivery { trigger, idempotency_key, content: Content::Shown(shown) }) => {
            json!([trigger, idempotency_key, texts_of(&shown.change), shown.absent])
        }
    };
    assert!(!holds_nul(&texts), "NUL left in {texts}");
}

fn texts_of(change: &SourceChange) -> Value {
    let BookingIdentity { uid, ical_uid, previous_uid } = &change.identity;
    json!([uid, ical_uid, previous_uid, change.event_type_slug, change.change.booking])
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

proptest! {
    #[test]
    fn any_value_anywhere_never_panics(sample in 0..ALL.len(), mut at in 0..90_usize, new in any_json()) {
        let mut json: Value = serde_json::from_str(ALL[sample]).expect("JSON");
        replace_at(&mut json, &mut at, &new);
        assert_storable(read_text(&json.to_string()));
    }

    #[test]
    fn a_delivery_cut_off_or_with_a_wrong_byte_never_panics(sample in 0..ALL.len(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = ALL[sample].as_bytes().to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        assert_storable(read(&body, received()));
        body.truncate(at);
        assert_storable(read(&body, received()));
    }

    #[test]
    fn any_value_anywhere_of_a_page_never_panics(mut at in 0..120_usize, new in any_json()) {
        let mut json: Value = serde_json::from_str(PAGE).expect("JSON");
        replace_at(&mut json, &mut at, &new);
        if let Ok(page) = (KIND.polling.read)(json.to_string().as_bytes()) {
            page.bookings.iter().for_each(|shown| assert_storable(read(&shown.body, received())));
        }
    }

    #[test]
    fn any_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_storable(read(&body, received()));
    }
}
