//! What `salesforce/` puts into an org: the field and the permission sets, read from their files.

use std::fs;
use std::path::Path;

use domain::org_shape::BOOKING_ID_FIELD;
use domain::preflight::{Finding, Severity};
use jiff::SignedDuration;
use matchbook::check::check;
use serde_json::{Map, Value, json};

use crate::support::{Delivery, Engine, TestApp, configuration_with};

const USER: &str = "integration@northwind.example";

/// Settings that use everything that the permission set grants.
const ALL_USED: &str = "attendee_record_type: contact_under_account, relate_event_to: opportunity";

const FIELD: &str = "force-app/main/default/objects/Activity/fields/Matchbook_Booking_Id__c.field-meta.xml";

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../salesforce").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn permission_set(name: &str) -> String {
    file(&format!("force-app/main/default/permissionsets/{name}.permissionset-meta.xml"))
}

/// What stands in every element of a name, in order.
fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let inner = xml.split(open.as_str()).skip(1).filter_map(|rest| rest.split_once(close.as_str()));
    inner.map(|(text, _)| text.trim()).collect()
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let all = elements(xml, name);
    assert_eq!(all.len(), 1, "one {name} in {xml}");
    all[0]
}

/// One permission that a set grants.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Permission {
    /// By its name.
    User(String),
    /// An object, and the element that says true.
    Object(String, &'static str),
    /// A field, and the element that says true.
    Field(String, &'static str),
}

const OBJECT_RIGHTS: [(&str, &str); 6] = [
    ("allowCreate", "create"),
    ("allowRead", "read"),
    ("allowEdit", "edit"),
    ("allowDelete", "delete"),
    ("viewAllRecords", "view_all"),
    ("modifyAllRecords", "modify_all"),
];

/// Every permission of a set.
fn granted(xml: &str) -> Vec<Permission> {
    let mut all = Vec::new();
    for one in elements(xml, "userPermissions") {
        assert_eq!(element(one, "enabled"), "true");
        all.push(Permission::User(element(one, "name").to_owned()));
    }
    for one in elements(xml, "objectPermissions") {
        let rights = OBJECT_RIGHTS.iter().filter(|(right, _)| element(one, right) == "true");
        all.extend(rights.map(|(right, _)| Permission::Object(element(one, "object").to_owned(), right)));
    }
    for one in elements(xml, "fieldPermissions") {
        let rights = ["readable", "editable"].into_iter().filter(|right| element(one, right) == "true");
        all.extend(rights.map(|right| Permission::Field(element(one, "field").to_owned(), right)));
    }
    assert_eq!(all.len(), xml.matches(">true<").count(), "the file grants what this test does not read");
    all
}

/// A user with these permissions and no other, as the simulator takes it. Fields that field-level security cannot restrict
/// are open, all that can be are hidden.
async fn give(test: &TestApp, restrictable: &[String], permissions: &[Permission]) {
    let has = |permission: Permission| permissions.contains(&permission);
    let user = |name: &str| has(Permission::User(name.to_owned()));
    let mut objects = Map::new();
    let mut fields = Map::new();
    for object in ["Account", "Contact", "Lead", "Opportunity"] {
        let rights =
            OBJECT_RIGHTS.map(|(right, word)| (word.to_owned(), has(Permission::Object(object.into(), right)).into()));
        objects.insert(object.to_owned(), Map::from_iter(rights).into());
    }
    for path in restrictable {
        let access = match () {
            () if !has(Permission::Field(path.clone(), "readable")) => "hidden",
            () if !has(Permission::Field(path.clone(), "editable")) => "read",
            () => "write",
        };
        fields.insert(path.clone(), access.into());
    }
    let users = ["ApiEnabled", "ActivitiesAccess", "EditEvent"].map(|name| (name.to_owned(), Value::from(user(name))));
    let access = json!({"permissions": Map::from_iter(users), "objects": objects, "fields": fields});
    test.org.control("POST", "permissions", json!({"users": {USER: access}})).await;
}

/// The fields that field-level security can restrict, as describe tells an administrator.
async fn restrictable(test: &TestApp) -> Vec<String> {
    let mut all = Vec::new();
    for object in ["Account", "Contact", "Event", "Lead", "Opportunity"] {
        let describe = test.org.describe(object).await;
        let fields = describe["fields"].as_array().expect("fields").clone();
        let permissionable = fields.into_iter().filter(|field| field["permissionable"] == true);
        all.extend(permissionable.map(|field| format!("{object}.{}", field["name"].as_str().expect("a name"))));
    }
    all
}

/// An installation on an org with the field of the bundle, and records of Ann's.
async fn installed() -> TestApp {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always here");
    test.apply(&configuration_with(&test.org.url, ALL_USED)).await.expect("the configuration is sound");
    let ann = test.org.only_user("ann@seller.example").await;
    let records = json!({
        "Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example", "OwnerId": ann}],
        "Opportunity": [{"@ref": "deal", "Name": "Deal", "StageName": "New", "CloseDate": "2026-09-01", "AccountId": "@acme", "OwnerId": ann}],
        "Contact": [{"@ref": "known", "LastName": "Known", "Email": "known@other.example", "AccountId": "@acme", "OwnerId": ann}],
        "Lead": [{"LastName": "Lead", "Company": "L", "OwnerId": ann}],
        "Event": [{"Subject": "Hers", "WhoId": "@known", "StartDateTime": "2026-05-06T09:30:00Z", "EndDateTime": "2026-05-06T10:00:00Z", "OwnerId": ann}],
    });
    test.org.load(records).await;
    test
}

/// What a test of the connection finds.
async fn findings(test: &TestApp) -> Vec<Finding> {
    let now = test.app.clock.now();
    let report =
        check(&test.app.store, &test.app.engine, SignedDuration::from_hours(24 * 7), now).await.expect("checked");
    report.findings.into_iter().filter(|found| found.about == "connections.main").map(|found| found.finding).collect()
}

/// Whether a booking by a new person whose Account is known and one by a person without any are in step.
async fn all_done(test: &TestApp, at: usize) -> bool {
    let store = &test.app.store;
    store.forget_org(&store.connections().await.expect("a list")[0].id).await.expect("forgotten");
    let emails = ["acme.example", "nobody.example"].map(|domain| format!("new-{at}@{domain}"));
    for email in &emails {
        let delivery = Delivery::created().by(email, "New One", email);
        assert_eq!(test.deliver(&delivery.json()).await.status, 200);
    }
    test.sync().await;
    let listed = test.get("/api/v1/bookings").await.body;
    let bookings = listed["bookings"].as_array().expect("a list").iter();
    let its = bookings.filter(|booking| emails.iter().any(|email| booking["attendee"]["email"] == *email.as_str()));
    let states: Vec<&Value> = its.map(|booking| &booking["sync"]["state"]).collect();
    assert_eq!(states.len(), 2, "{listed:#}");
    states.iter().all(|state| **state == "done")
}

/// What of a permission a finding must name, and what its fix must.
fn words(permission: &Permission) -> (String, String) {
    match permission {
        Permission::User(name) => match name.as_str() {
            "ApiEnabled" => ("API is disabled for this User".into(), "API Enabled".into()),
            "ActivitiesAccess" => ("The object Event does not exist".into(), "Access Activities".into()),
            "EditEvent" => ("may not create Events".into(), "Edit Events".into()),
            other => panic!("nobody knows what the lack of {other} breaks"),
        },
        Permission::Object(object, right) => match *right {
            "allowRead" => (format!("The object {object} does not exist"), format!("Read on {object}")),
            "allowCreate" => (format!("may not create {object}s"), format!("Create on {object}")),
            "allowEdit" => (format!("may not edit {object}s"), format!("Edit on {object}")),
            other => panic!("nobody knows what the lack of {other} breaks"),
        },
        Permission::Field(path, _) => {
            let field = path.split_once('.').expect("Object.Field").1;
            (if field == BOOKING_ID_FIELD { field.into() } else { path.clone() }, field.into())
        }
    }
}

#[tokio::test]
async fn each_permission_of_the_set_is_needed_and_its_lack_is_told_with_its_fix() {
    let test = installed().await;
    let all = granted(&permission_set("Matchbook"));
    let fields = restrictable(&test).await;
    give(&test, &fields, &all).await;
    let found = findings(&test).await;
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().all(|finding| finding.severity == Severity::Note), "{found:#?}");
    assert!(found.iter().any(|finding| finding.what.contains("is a plain field")), "{found:#?}");
    assert!(found.iter().any(|finding| finding.what.starts_with("No Contact without Account")), "{found:#?}");

    let mut tried = 0;
    for (at, permission) in all.iter().enumerate() {
        let mut others = all.clone();
        others.remove(at);
        give(&test, &fields, &others).await;
        let told = findings(&test).await;
        let (what, fix) = words(permission);
        let names = |finding: &&Finding| finding.what.contains(&what) && finding.fix.contains(&fix);
        let finding = told.iter().find(names).unwrap_or_else(|| panic!("without {permission:?}: {told:#?}"));
        assert_ne!(finding.severity, Severity::Note, "without {permission:?}: {finding:?}");
        assert!(!found.contains(finding), "without {permission:?} nothing new is told: {finding:?}");
        let done = all_done(&test, at).await;
        assert_eq!(done, finding.severity == Severity::Weakens, "without {permission:?}: {finding:?}");
        tried += 1;
    }
    assert_eq!(tried, permission_set("Matchbook").matches(">true<").count());
}

#[tokio::test]
async fn with_the_set_a_booking_is_synced_moved_and_cancelled() {
    let test = installed().await;
    give(&test, &restrictable(&test).await, &granted(&permission_set("Matchbook"))).await;
    let sync = async |delivery: Delivery| {
        assert_eq!(test.deliver(&delivery.json()).await.status, 200);
        test.sync().await;
        test.assert_all_synced().await;
    };
    sync(Delivery::created()).await;
    let contacts = test.org.records("Contact").await;
    let jane = contacts.iter().find(|contact| contact["Email"] == "jane@acme.example").expect("Jane's Contact");
    assert_eq!(jane["AccountId"], test.org.only("Account").await["Id"]);
    let hers = async || {
        let mut events = test.org.records("Event").await;
        events.retain(|event| event["WhoId"] == jane["Id"]);
        events
    };
    let events = hers().await;
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["WhatId"], test.org.only("Opportunity").await["Id"]);
    assert_eq!(events[0]["OwnerId"].as_str(), Some(test.org.only_user("ann@seller.example").await.as_str()));
    assert!(events[0][BOOKING_ID_FIELD].is_string(), "{events:#?}");
    assert!(events[0]["Description"].as_str().is_some_and(|text| text.contains("Wants pricing")), "{events:#?}");
    sync(Delivery::rescheduled()).await;
    assert_eq!(hers().await[0]["StartDateTime"], "2026-05-07T09:30:00.000+0000");
    sync(Delivery::cancelled()).await;
    assert_eq!(hers().await.len(), 0);

    // The second choice of "Contact under Account": nobody's Account, so a Lead.
    sync(Delivery::created().by("uid-9", "Lee Ray", "lee@nobody.example")).await;
    let leads = test.org.records("Lead").await;
    assert!(leads.iter().any(|lead| lead["Email"] == "lee@nobody.example"), "{leads:#?}");
    assert_eq!(test.get("/api/v1/sync-errors").await.body["sync_errors"], json!([]), "the set lacks something");
}

#[tokio::test]
async fn contacts_without_an_account_need_the_second_set() {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always here");
    let sharing = json!({"sharing": {"Contact": "parent", "Lead": "private", "Account": "private"}});
    let one = granted(&permission_set("Matchbook"));
    let mut both = one.clone();
    both.extend(granted(&permission_set("Matchbook_All_People")));
    let ann = test.org.only_user("ann@seller.example").await;
    let records = json!({
        "Contact": [{"@ref": "jane", "LastName": "Roe", "Email": "jane@acme.example", "OwnerId": ann}],
        "Lead": [{"LastName": "Lead", "Company": "L", "OwnerId": ann}],
        "Event": [{"Subject": "Hers", "WhoId": "@jane", "StartDateTime": "2026-05-04T09:30:00Z", "EndDateTime": "2026-05-04T10:00:00Z", "OwnerId": ann}],
    });
    test.org.load(records).await;
    let fields = restrictable(&test).await;
    let told = async |permissions: &[Permission]| {
        give(&test, &fields, permissions).await;
        test.org.control("POST", "permissions", sharing.clone()).await;
        findings(&test).await.into_iter().map(|finding| finding.what).collect::<Vec<_>>()
    };
    let hidden = told(&one).await;
    let starts = |all: &[String], words: &str| all.iter().any(|what| what.starts_with(words));
    for what in ["Contact", "Contact without Account", "Lead", "Event"] {
        assert!(starts(&hidden, &format!("No {what} of another owner was seen")), "{what}: {hidden:#?}");
    }
    let read_only: Vec<Permission> =
        both.iter().filter(|one| !matches!(one, Permission::Object(_, "modifyAllRecords"))).cloned().collect();
    let seen = told(&read_only).await;
    for what in ["This user sees Contacts of other owners but may not", "This user sees Contacts without Account"] {
        assert!(starts(&seen, what), "{what}: {seen:#?}");
    }
    assert!(starts(&seen, "This user sees Leads of other owners but may not change them"), "{seen:#?}");
    assert_eq!(told(&both).await.len(), 1, "the booking id's case alone: {:#?}", told(&both).await);

    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    test.org.only("Contact").await;
    let events = test.org.records("Event").await;
    assert_eq!(events.len(), 2, "{events:#?}");
}

#[tokio::test]
async fn without_the_second_set_contacts_without_an_account_are_made_again_and_their_bookings_held() {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always here");
    give(&test, &restrictable(&test).await, &granted(&permission_set("Matchbook"))).await;
    for uid in ["uid-1", "uid-2"] {
        test.deliver(&Delivery::created().by(uid, "Jane Roe", "jane@acme.example").json()).await;
        test.sync().await;
    }
    assert_eq!(test.org.records("Contact").await.len(), 2);
    let bookings = test.get("/api/v1/bookings").await.body;
    for at in 0..2 {
        assert_eq!(bookings["bookings"][at]["sync"]["state"], "held", "{bookings:#}");
    }
    let told = findings(&test).await;
    let names =
        |finding: &Finding| finding.what.contains("a new one is made") && finding.fix.contains("Matchbook_All_People");
    assert!(told.iter().any(names), "{told:#?}");
}

#[test]
fn the_field_is_the_one_that_is_written_and_its_variant_says_that_it_is_untested() {
    let (plain, variant) = (file(FIELD), file(&format!("external-id-variant/{FIELD}")));
    for field in [&plain, &variant] {
        assert_eq!(element(field, "fullName"), BOOKING_ID_FIELD);
        assert_eq!((element(field, "type"), element(field, "length")), ("Text", "64"));
        assert_eq!(element(field, "required"), "false");
        assert!(element(field, "description").chars().count() <= 1000);
    }
    assert_eq!((element(&plain, "externalId"), element(&plain, "unique")), ("false", "false"));
    assert_eq!((element(&variant, "externalId"), element(&variant, "unique")), ("true", "true"));
    let marked = element(&variant, "description").to_lowercase();
    assert!(marked.starts_with("untested on a real org"), "{marked}");
    assert!(file("external-id-variant/README.md").contains("untested on a real org"));
    for set in ["Matchbook", "Matchbook_All_People"] {
        // Salesforce takes no longer one.
        assert!(element(&permission_set(set), "description").chars().count() <= 255);
    }
}
