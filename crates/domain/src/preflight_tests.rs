use super::*;

fn writable() -> FieldShape {
    FieldShape { length: Some(255), createable: true, updateable: true, ..FieldShape::default() }
}

fn all_rights(object: &str) -> ObjectRights {
    let mut fields: BTreeMap<String, FieldShape> = FIELD_NEEDS
        .iter()
        .filter(|need| need.object == object)
        .map(|need| (need.field.to_owned(), writable()))
        .collect();
    if object == "Event" {
        fields.insert(BOOKING_ID_FIELD.into(), writable());
    }
    ObjectRights {
        query: true,
        create: true,
        edit: true,
        delete: true,
        shape: ObjectShape { fields, record_types: vec![] },
    }
}

fn fine() -> Preflight {
    let seen = OthersRecords::Seen { editable: Some(true) };
    Preflight {
        objects: OBJECTS.map(|object| (object.to_owned(), all_rights(object))).into(),
        others: SHARED_OBJECTS.into_iter().chain([CONTACTS_WITHOUT_ACCOUNT]).map(|of| (of.to_owned(), seen)).collect(),
        uses: [Use::Leads, Use::Accounts, Use::RelatedEvents, Use::Opportunities].into(),
        hosts: Some(vec![HostUsers { name: "Ann Host".into(), email: "ann@seller.example".into(), users: 1 }]),
    }
}

fn worst(asked: &Preflight) -> Finding {
    findings(asked).swap_remove(0)
}

fn change(object: &str, change: impl FnOnce(&mut ObjectRights)) -> Preflight {
    let mut asked = fine();
    change(asked.objects.get_mut(object).expect("it is there"));
    asked
}

#[test]
fn a_user_with_all_rights_has_only_the_case_of_the_booking_id_told() {
    let found = findings(&fine());
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].severity, Severity::Note);
    assert!(found[0].what.contains("is a plain field"), "{found:#?}");
}

#[test]
fn every_right_that_is_missing_is_told_with_what_it_breaks() {
    for need in &OBJECT_NEEDS {
        let asked = change(need.object, |rights| match need.right {
            "Read" => rights.query = false,
            "Create" => rights.create = false,
            "Edit" => rights.edit = false,
            _ => rights.delete = false,
        });
        let found = findings(&asked);
        assert!(found.iter().any(|f| f.what.contains(need.breaks) && f.severity == need.severity), "{found:#?}");
    }
    let asked = change("Event", |rights| rights.edit = false);
    assert_eq!(worst(&asked).what, "This user may not edit Events: moved bookings are held.");
}

#[test]
fn every_field_that_is_missing_is_told_with_what_it_breaks() {
    for need in &FIELD_NEEDS {
        let hidden = change(need.object, |rights| {
            rights.shape.fields.remove(need.field);
        });
        let found = findings(&hidden);
        let told = format!("{}.{} is hidden for this user: {}.", need.object, need.field, need.breaks);
        assert!(found.iter().any(|f| f.what == told), "{found:#?}");
    }
    let read_only = FieldShape { createable: false, updateable: false, ..writable() };
    let asked = change("Event", |rights| {
        rights.shape.fields.insert("WhoId".into(), read_only);
    });
    assert!(worst(&asked).what.starts_with("Event.WhoId is read-only for this user"));
}

#[test]
fn an_object_that_is_hidden_is_told_once() {
    let mut asked = fine();
    asked.objects.remove("Contact");
    let broken: Vec<Finding> = findings(&asked).into_iter().filter(|f| f.severity == Severity::Breaks).collect();
    assert_eq!(broken.len(), 1, "{broken:#?}");
    assert!(broken[0].what.contains("The object Contact does not exist for this user"));
}

#[test]
fn the_case_of_the_booking_id_is_told() {
    let with = |shape: Option<FieldShape>| {
        let asked = change("Event", |rights| {
            rights.shape.fields.remove(BOOKING_ID_FIELD);
            rights.shape.fields.extend(shape.map(|shape| (BOOKING_ID_FIELD.to_owned(), shape)));
        });
        worst(&asked)
    };
    assert!(with(None).what.contains("no field Matchbook_Booking_Id__c"));
    assert!(with(Some(FieldShape { createable: false, ..writable() })).what.contains("is read-only"));
    assert_eq!(with(Some(FieldShape { length: Some(20), ..writable() })).severity, Severity::Breaks);
    assert!(with(Some(FieldShape { unique_external_id: true, ..writable() })).what.contains("upserted by it"));
}

#[test]
fn events_of_hosts_that_cannot_be_changed_break_moves() {
    let mut asked = fine();
    asked.others.insert("Event".into(), OthersRecords::Seen { editable: Some(false) });
    let found = worst(&asked);
    assert_eq!(found.severity, Severity::Breaks);
    assert!(found.what.contains("held when they move"), "{found:?}");
    asked.others.insert("Event".into(), OthersRecords::NoneSeen);
    assert!(findings(&asked).iter().any(|f| f.what.starts_with("No Event of another owner was seen")));
}

#[test]
fn hosts_without_one_user_are_named() {
    let mut asked = fine();
    let host = |name: &str, users| HostUsers { name: name.into(), email: format!("{name}@x.example"), users };
    asked.hosts = Some(vec![host("ann", 1), host("ben", 0), host("cy", 2)]);
    let told: Vec<String> = findings(&asked).into_iter().map(|f| f.what).collect();
    assert!(told[0].starts_with("ben (ben@x.example) has no active standard user"), "{told:#?}");
    assert!(told[1].starts_with("2 active users have the email of cy"), "{told:#?}");
}

#[test]
fn what_no_event_type_does_is_only_worth_knowing() {
    let mut asked = fine();
    for object in ["Account", "Lead", "Opportunity"] {
        asked.objects.remove(object);
    }
    let broken = |asked: &Preflight| findings(asked).iter().filter(|f| f.severity == Severity::Breaks).count();
    assert_eq!(broken(&asked), 3);
    asked.uses.clear();
    assert_eq!(broken(&asked), 0);
    assert_eq!(findings(&asked).len(), 4, "each is told all the same");
}

#[test]
fn a_field_that_is_only_read_need_not_be_writable() {
    let read_only = FieldShape { createable: false, updateable: false, ..writable() };
    let asked = change("Account", |rights| {
        rights.create = false;
        rights.shape.fields.insert("Website".into(), read_only);
    });
    assert_eq!(findings(&asked), findings(&fine()));
}

#[test]
fn contacts_without_account_are_told_apart() {
    let mut asked = fine();
    asked.others.insert(CONTACTS_WITHOUT_ACCOUNT.into(), OthersRecords::NoneSeen);
    let told = findings(&asked);
    assert!(told.iter().any(|f| f.what.starts_with("No Contact without Account of another owner")), "{told:#?}");
    asked.others.insert(CONTACTS_WITHOUT_ACCOUNT.into(), OthersRecords::Seen { editable: Some(false) });
    let told = findings(&asked);
    assert!(told.iter().any(|f| f.fix.contains("View All and Modify All on Contact")), "{told:#?}");
}

#[test]
fn what_settings_do_says_what_they_need() {
    let plain = SalesforceSettings::default();
    assert_eq!(Use::of([&plain]), BTreeSet::new());
    let under = SalesforceSettings {
        attendee_record_type: AttendeeRecordType::ContactUnderAccount,
        relate_event_to: RelateTo::Account,
        ..SalesforceSettings::default()
    };
    assert_eq!(Use::of([&plain, &under]), [Use::Leads, Use::Accounts, Use::RelatedEvents].into());
}
