//! What statements find, and in which form.

use serde_json::json;

use super::org::sales;
use crate::schema::standard;

/// Each statement with the names it finds in order.
fn check(cases: &[(&str, &[&str])]) {
    let mut org = sales();
    for indexed in [true, false] {
        org.indexed = indexed;
        for (statement, names) in cases {
            assert_eq!(org.column(statement), *names, "{statement}, with indexes: {indexed}");
        }
    }
}

#[test]
fn text_is_compared_without_regard_to_case_and_empty_is_null() {
    check(&[
        ("SELECT Name FROM Account WHERE name = 'ACME'", &["Acme"]),
        ("SELECT Name FROM Contact WHERE Email = 'ben@ACME.example'", &["Ben Person"]),
        (
            "SELECT Name FROM Contact WHERE Email IN ('amy@acme.example','CY@zeta.example')",
            &["Amy Person", "Cy Person"],
        ),
        ("SELECT Name FROM Contact WHERE Email = ''", &["Nobody"]),
        ("SELECT Name FROM Contact WHERE Email = null", &["Nobody"]),
        ("SELECT Name FROM Contact WHERE Email IN ('cy@zeta.example', null)", &["Cy Person", "Nobody"]),
        ("SELECT Name FROM Contact WHERE Email != null", &["Amy Person", "Ben Person", "Cy Person"]),
        ("SELECT Name FROM Account WHERE Name = 'O\\'Neil 50%'", &["O'Neil 50%"]),
        ("SELECT Name FROM Account WHERE Name > 'm'", &["zeta", "O'Neil 50%"]),
    ]);
}

#[test]
fn unequal_and_not_in_find_records_without_the_value() {
    check(&[
        ("SELECT Name FROM Account WHERE Type != 'other'", &["zeta", "O'Neil 50%"]),
        ("SELECT Name FROM Account WHERE Type NOT IN ('Other')", &["zeta", "O'Neil 50%"]),
        ("SELECT Name FROM Account WHERE (NOT Type = 'Other')", &["zeta", "O'Neil 50%"]),
        ("SELECT Name FROM Account WHERE RecordType.DeveloperName NOT IN ('Partner')", &["zeta", "O'Neil 50%"]),
        ("SELECT Name FROM Account WHERE NumberOfEmployees < 1000", &["Acme", "zeta"]),
        ("SELECT Name FROM Account WHERE NumberOfEmployees >= 40", &["Acme"]),
    ]);
}

#[test]
fn a_missing_parent_makes_its_fields_null() {
    check(&[
        ("SELECT Name FROM Contact WHERE Account.Name = null", &["Nobody"]),
        ("SELECT Name FROM Contact WHERE Account.Parent.Name = 'acme'", &["Cy Person"]),
        ("SELECT Name FROM Contact WHERE Account.Owner.Email = 'ann@own.example'", &["Amy Person", "Ben Person"]),
        ("SELECT c.Name FROM Contact c, c.Account a WHERE a.Name = 'zeta'", &["Cy Person"]),
        ("SELECT Contact.Name FROM Contact WHERE Contact.Account.Name = 'zeta'", &["Cy Person"]),
    ]);
}

#[test]
fn an_unset_checkbox_is_false() {
    check(&[
        ("SELECT Name FROM User WHERE IsActive = false", &["Bob Busy"]),
        ("SELECT Name FROM User WHERE IsActive = null", &["Bob Busy"]),
        ("SELECT Name FROM User WHERE IsActive != true", &["Bob Busy"]),
        ("SELECT IsActive FROM User ORDER BY IsActive", &["false", "true"]),
    ]);
}

#[test]
fn like_fits_whole_values() {
    check(&[
        ("SELECT Name FROM Account WHERE Website LIKE '%acme.example%'", &["Acme"]),
        ("SELECT Name FROM Account WHERE Name LIKE 'ac_e'", &["Acme"]),
        ("SELECT Name FROM Account WHERE Name LIKE '%50\\%'", &["O'Neil 50%"]),
        ("SELECT Name FROM Account WHERE Name LIKE '%'", &["Acme", "zeta", "O'Neil 50%"]),
        ("SELECT Name FROM Account WHERE (NOT Website LIKE '%acme%')", &["zeta", "O'Neil 50%"]),
    ]);
}

#[test]
fn multi_select_picklists_are_asked_for_sets() {
    check(&[
        ("SELECT Name FROM Contact WHERE Interests__c INCLUDES ('golf')", &["Amy Person"]),
        ("SELECT Name FROM Contact WHERE Interests__c INCLUDES ('Golf;Chess','Chess')", &["Ben Person"]),
        ("SELECT Name FROM Contact WHERE Interests__c EXCLUDES ('Golf')", &["Ben Person", "Cy Person", "Nobody"]),
    ]);
}

#[test]
fn days_are_those_of_the_user_and_instants_have_a_zone() {
    // It is the evening of 24 November in New York.
    check(&[
        ("SELECT Name FROM Account WHERE CreatedDate = TODAY", &["zeta"]),
        ("SELECT Name FROM Account WHERE CreatedDate = LAST_N_DAYS:10", &["Acme", "zeta"]),
        ("SELECT Name FROM Account WHERE CreatedDate < THIS_YEAR", &["O'Neil 50%"]),
        ("SELECT Name FROM Account WHERE CreatedDate != THIS_MONTH", &["O'Neil 50%"]),
        ("SELECT Name FROM Account WHERE CreatedDate > 2026-11-25T02:30:00+01:00", &["zeta"]),
        ("SELECT Name FROM Account WHERE CreatedDate >= 2026-11-25T03:00:00+0100", &["zeta"]),
        ("SELECT Name FROM Opportunity WHERE CloseDate <= TODAY", &["Closed Won", "Prospecting"]),
        ("SELECT Name FROM Opportunity WHERE CloseDate = 2027-02-01", &["Qualification"]),
        ("SELECT Name FROM Opportunity WHERE CALENDAR_QUARTER(CloseDate) = 1", &["Closed Won", "Qualification"]),
    ]);
}

#[test]
fn order_puts_null_first_and_picklists_in_their_own_order() {
    check(&[
        ("SELECT Name FROM Account ORDER BY Name", &["Acme", "O'Neil 50%", "zeta"]),
        ("SELECT Name FROM Account ORDER BY Type", &["O'Neil 50%", "zeta", "Acme"]),
        ("SELECT Name FROM Account ORDER BY NumberOfEmployees DESC NULLS LAST", &["Acme", "zeta", "O'Neil 50%"]),
        ("SELECT Name FROM Account ORDER BY NumberOfEmployees NULLS LAST", &["zeta", "Acme", "O'Neil 50%"]),
        (
            "SELECT Name FROM Contact ORDER BY AccountId NULLS LAST, Name DESC",
            &["Nobody", "Ben Person", "Amy Person", "Cy Person"],
        ),
        (
            "SELECT Name FROM Contact ORDER BY Account.Name DESC NULLS LAST, Name",
            &["Cy Person", "Amy Person", "Ben Person", "Nobody"],
        ),
        ("SELECT Name FROM Account ORDER BY Name LIMIT 1 OFFSET 1", &["O'Neil 50%"]),
        ("SELECT Name FROM Account LIMIT 0", &[]),
    ]);
}

#[test]
fn semi_joins_ask_for_the_values_of_another_query() {
    check(&[
        ("SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Email LIKE '%@acme%')", &["Acme"]),
        ("SELECT Name FROM Account WHERE Id NOT IN (SELECT AccountId FROM Opportunity)", &["O'Neil 50%"]),
        ("SELECT Name FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Name = 'zeta')", &["Cy Person"]),
        ("SELECT Name FROM Account USING SCOPE mine", &["Acme"]),
    ]);
}

#[test]
fn ids_are_found_in_both_lengths() {
    let org = sales();
    let id = &org.column("SELECT Id FROM Account WHERE Name = 'zeta'")[0];
    for id in [id.as_str(), &id[..15]] {
        let answer = org.query(&format!("SELECT Name FROM Account WHERE Id = '{id}'")).expect("a good statement");
        assert_eq!((answer.total, answer.rows_scanned), (1, 1), "{id} needed more than one record");
        assert_eq!(answer.index_used.as_deref(), Some("Account.Id"));
    }
}

#[test]
fn an_index_saves_the_scan() {
    let mut org = sales();
    let statement = "SELECT Id FROM Contact WHERE LastName = 'Person' AND Email = 'amy@acme.example'";
    let answer = org.query(statement).expect("a good statement");
    assert_eq!((answer.rows_scanned, answer.index_used.as_deref()), (1, Some("Contact.Email")));
    let either = "SELECT Id FROM Contact WHERE Email = 'amy@acme.example' OR Email IN ('cy@zeta.example')";
    assert_eq!(org.query(either).expect("a good statement").rows_scanned, 2);
    let scan = "SELECT Id FROM Contact WHERE Email = 'amy@acme.example' OR LastName = 'Nobody'";
    let answer = org.query(scan).expect("a good statement");
    assert_eq!((answer.total, answer.rows_scanned, answer.index_used), (2, 4, None));
    org.indexed = false;
    assert_eq!(org.query(statement).expect("a good statement").rows_scanned, 4);
    assert_eq!(org.query("SELECT Id FROM Contact LIMIT 2").expect("a good statement").rows_scanned, 2);
    let first = "SELECT Id FROM Contact ORDER BY Id, LastName LIMIT 1 OFFSET 1";
    assert_eq!(
        org.query(first).expect("a good statement").rows_scanned,
        2,
        "records are kept in the order of their ids"
    );
    let last = org.query("SELECT Id FROM Contact ORDER BY Id DESC LIMIT 1").expect("a good statement");
    assert_eq!(last.rows_scanned, 4);
}

#[test]
fn records_have_canonical_names_in_the_order_of_the_statement() {
    let org = sales();
    let answer = org.query(
        "select NAME, account.name, ID, account.OWNER.email, email from contact where email = 'cy@zeta.example'",
    );
    let answer = answer.expect("a good statement");
    let id = org.column("SELECT Id FROM Contact WHERE Email = 'cy@zeta.example'")[0].clone();
    let account = org.column("SELECT Id FROM Account WHERE Name = 'zeta'")[0].clone();
    let owner = org.column("SELECT Id FROM User WHERE Name LIKE 'Bob%'")[0].clone();
    let url = |object: &str, id: &str| format!("/services/data/v66.0/sobjects/{object}/{id}");
    let expected = json!({
        "attributes": {"type": "Contact", "url": url("Contact", &id)},
        "Name": "Cy Person",
        "Account": {
            "attributes": {"type": "Account", "url": url("Account", &account)},
            "Name": "zeta",
            "Owner": {"attributes": {"type": "User", "url": url("User", &owner)}, "Email": "bob@own.example"},
        },
        "Id": id,
        "Email": "cy@zeta.example",
    });
    assert_eq!(answer.records[0].to_string(), expected.to_string());
    let none =
        org.query("SELECT Account.Name, FirstName FROM Contact WHERE Name = 'Nobody'").expect("a good statement");
    assert_eq!(none.records[0]["Account"], json!(null));
    assert_eq!(none.records[0]["FirstName"], json!(null));
}

#[test]
fn values_have_the_form_of_the_wire() {
    let org = sales();
    let statement =
        "SELECT AnnualRevenue, NumberOfEmployees, CreatedDate, BillingAddress, IsDeleted FROM Account LIMIT 1";
    let record = &org.query(statement).expect("a good statement").records[0];
    assert_eq!(record["AnnualRevenue"], json!(1500.5));
    assert_eq!(record["NumberOfEmployees"], json!(40));
    assert_eq!(record["CreatedDate"], "2026-11-20T10:00:00.000+0000");
    assert_eq!(record["BillingAddress"]["city"], "Oslo");
    assert_eq!(record["IsDeleted"], false);
}

#[test]
fn children_come_as_a_result_of_their_own_or_null() {
    let org = sales();
    let statement =
        "SELECT Name, (SELECT FirstName FROM Contacts WHERE FirstName != 'Ben' ORDER BY FirstName) FROM Account";
    let answer = org.query(statement).expect("a good statement");
    let acme = &answer.records[0]["Contacts"];
    assert_eq!((&acme["totalSize"], &acme["done"]), (&json!(1), &json!(true)));
    assert_eq!(acme["records"][0]["FirstName"], "Amy");
    assert_eq!(acme["records"][0]["attributes"]["type"], "Contact");
    assert_eq!(answer.records[2]["Contacts"], json!(null), "no children are null, not an empty list");
    let deep = "SELECT Id, (SELECT Id, (SELECT Id FROM Contacts) FROM ChildAccounts) FROM Account WHERE Name = 'Acme'";
    let answer = org.query(deep).expect("child queries nest since version 58");
    assert_eq!(answer.records[0]["ChildAccounts"]["records"][0]["Contacts"]["totalSize"], 1);
    assert!(crate::soql::query(deep, &org, "57.0").is_err(), "child queries nested before version 58");
}

#[test]
fn a_polymorphic_parent_shows_what_every_object_has() {
    let org = sales();
    let answer =
        org.query("SELECT Who.Name, Who.Type, Who.Email FROM Event ORDER BY Subject").expect("a good statement");
    assert_eq!(answer.records[0]["Who"], json!(null));
    let who = &answer.records[1]["Who"];
    assert_eq!((&who["Name"], &who["Type"]), (&json!("Amy Person"), &json!("Contact")));
    assert_eq!(who["Email"], json!(null), "the mail of a Name is that of users and queues");
    assert_eq!(who["attributes"]["type"], "Name");
    check(&[
        ("SELECT Subject FROM Event WHERE Who.Type = 'lead'", &["With Lee"]),
        ("SELECT Subject FROM Event WHERE Who.Type IN ('Contact','Lead') AND Who.Name LIKE 'Amy%'", &["With Amy"]),
        ("SELECT Subject FROM Event WHERE What.Name = 'Acme'", &["With Amy"]),
        ("SELECT Name FROM Lead WHERE Owner.Name = 'Inbound' AND Owner.Type = 'Group'", &["Lee"]),
        ("SELECT Subject FROM Event WHERE Owner.Profile.Name = 'system administrator' AND WhoId = null", &["Alone"]),
    ]);
}

#[test]
fn a_path_goes_on_behind_a_polymorphic_parent() {
    let org = sales();
    let answer = org.query("SELECT Owner.Profile.Name FROM Event LIMIT 1").expect("a good statement");
    assert_eq!(answer.records[0]["Owner"]["Profile"]["Name"], "System Administrator");
    let queue = org.query("SELECT Owner.Profile.Name FROM Lead").expect("a good statement");
    assert_eq!(queue.records[0]["Owner"]["Profile"], json!(null), "a queue has no profile");
}

#[test]
fn typeof_shows_each_object_in_its_own_way() {
    let org = sales();
    let statement = "SELECT Subject, TYPEOF Who WHEN Contact THEN Email, FirstName WHEN Lead THEN Company ELSE Name END \
                     FROM Event ORDER BY Subject";
    let answer = org.query(statement).expect("a good statement");
    assert_eq!(answer.records[0]["Who"], json!(null));
    assert_eq!(answer.records[1]["Who"]["Email"], "amy@acme.example");
    assert_eq!(answer.records[1]["Who"]["attributes"]["type"], "Contact");
    assert_eq!(answer.records[2]["Who"]["Company"], "Lee Ltd");
}

#[test]
fn counts_and_groups_have_salesforces_keys() {
    let org = sales();
    let count = org.query("SELECT COUNT() FROM Contact WHERE AccountId != null").expect("a good statement");
    assert_eq!((count.total, count.records.len()), (3, 0));
    let grouped = "SELECT AccountId, Account.Name, COUNT(Id), MAX(Email) last FROM Contact GROUP BY AccountId, Account.Name \
                   ORDER BY COUNT(Id) DESC, AccountId";
    let answer = org.query(grouped).expect("a good statement");
    assert!(answer.aggregate);
    let acme = org.column("SELECT Id FROM Account WHERE Name = 'Acme'")[0].clone();
    let expected = json!({
        "attributes": {"type": "AggregateResult"},
        "AccountId": acme, "Name": "Acme", "expr0": 2, "last": "BEN@acme.example",
    });
    assert_eq!(answer.records[0].to_string(), expected.to_string());
    assert_eq!(answer.records[1]["AccountId"], json!(null), "records without the field are a group of their own");
}

#[test]
fn aggregates_leave_nulls_out() {
    let org = sales();
    let all = "SELECT COUNT(Id), COUNT(NumberOfEmployees), SUM(NumberOfEmployees), AVG(NumberOfEmployees), \
               MIN(NumberOfEmployees), COUNT_DISTINCT(Type), MAX(CreatedDate) FROM Account";
    let record = &org.query(all).expect("a good statement").records[0];
    for (key, value) in [
        ("expr0", json!(3)),
        ("expr1", json!(2)),
        ("expr2", json!(47.0)),
        ("expr3", json!(23.5)),
        ("expr4", json!(7)),
        ("expr5", json!(2)),
        ("expr6", json!("2026-11-25T02:00:00.000+0000")),
    ] {
        assert_eq!(record[key], value, "{key}");
    }
    let none = &org.query("SELECT COUNT(Id), SUM(Amount) FROM Opportunity WHERE Amount > 1000").expect("good").records;
    assert_eq!((none.len(), &none[0]["expr0"], &none[0]["expr1"]), (1, &json!(0), &json!(null)));
}

#[test]
fn having_and_rollup_work_on_groups() {
    let org = sales();
    let having = "SELECT AccountId, COUNT(Id) n FROM Opportunity GROUP BY AccountId HAVING COUNT(Id) > 1";
    let answer = org.query(having).expect("a good statement");
    assert_eq!((answer.total, &answer.records[0]["n"]), (1, &json!(2)));
    let rollup = "SELECT Account.Name, GROUPING(Account.Name) total, SUM(Amount) FROM Opportunity \
                  GROUP BY ROLLUP(Account.Name) ORDER BY GROUPING(Account.Name), Account.Name";
    let records = org.query(rollup).expect("a good statement").records;
    let rows: Vec<_> = records.iter().map(|r| (r["Name"].clone(), r["total"].clone(), r["expr0"].clone())).collect();
    assert_eq!(
        rows,
        [
            (json!("Acme"), json!(0), json!(150.5)),
            (json!("zeta"), json!(0), json!(10.0)),
            (json!(null), json!(1), json!(160.5)),
        ]
    );
    let years = "SELECT CALENDAR_YEAR(CloseDate) y, COUNT(Id) n FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)";
    assert_eq!(org.query(years).expect("a good statement").records[0]["y"], 2026);
}

#[test]
fn more_groups_than_one_answer_holds_are_refused() {
    let mut org = super::org::Org::new(standard());
    for number in 0..2001 {
        org.add("Contact", &[("LastName", &format!("Person {number}"))]);
    }
    let statement = "SELECT LastName, COUNT(Id) FROM Contact GROUP BY LastName";
    let error = org.error(statement);
    assert_eq!(error.code, "EXCEEDED_ID_LIMIT");
    assert!(error.message.contains("does not support queryMore()"), "{}", error.message);
    let limited = org.query(&format!("{statement} ORDER BY COUNT(Id) DESC LIMIT 2000")).expect("LIMIT makes it fit");
    assert_eq!(limited.total, 2000);
}

#[test]
fn labels_and_formats_are_for_people() {
    let org = sales();
    let record = &org.query("SELECT toLabel(ShowAs), ShowAs raw FROM Event").err();
    assert!(record.is_some(), "a plain field took an alias");
    assert_eq!(org.column("SELECT toLabel(ShowAs) FROM Event LIMIT 1"), ["Out of Office"]);
    let answer = org.query("SELECT toLabel(ShowAs) shown, FORMAT(StartDateTime) at FROM Event LIMIT 1").expect("good");
    assert_eq!(answer.records[0]["shown"], "Out of Office");
    assert_eq!(org.column("SELECT FORMAT(AnnualRevenue) money FROM Account LIMIT 1"), ["$1,500"]);
    assert_eq!(org.column("SELECT FORMAT(CreatedDate) at FROM Account LIMIT 1"), ["11/20/2026, 5:00 AM"]);
}

#[test]
fn fields_stand_for_all_of_a_kind() {
    let org = sales();
    let all = &org.query("SELECT FIELDS(ALL) FROM Contact LIMIT 1").expect("a good statement").records[0];
    let standard = &org.query("SELECT FIELDS(STANDARD) FROM Contact").expect("a good statement").records[0];
    let custom = &org.query("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 200").expect("a good statement").records[0];
    let keys = |record: &serde_json::Value| record.as_object().expect("an object").len() - 1;
    assert_eq!(keys(all), keys(standard) + keys(custom));
    assert_eq!((keys(custom), &custom["Interests__c"]), (1, &json!("Golf;Wine")));
}

#[test]
fn what_the_user_may_not_see_does_not_exist() {
    let mut org = sales();
    org.hidden = vec!["Contact.Email", "Opportunity"];
    assert_eq!(org.error("SELECT Email FROM Contact").code, "INVALID_FIELD");
    assert_eq!(org.error("SELECT Id FROM Contact WHERE Email = 'x'").code, "INVALID_FIELD");
    assert_eq!(org.error("SELECT Id FROM Opportunity").code, "INVALID_TYPE");
    assert_eq!(org.error("SELECT Id, (SELECT Id FROM Opportunities) FROM Account").code, "INVALID_TYPE");
    let all = &org.query("SELECT FIELDS(STANDARD) FROM Contact").expect("a good statement").records[0];
    assert!(all.get("Email").is_none(), "FIELDS() showed a hidden field");
}

#[test]
fn columns_say_what_a_table_of_the_answer_needs() {
    let org = sales();
    let statement = "SELECT id, account.name, (SELECT Id FROM Cases) FROM contact";
    let columns = crate::soql::columns(statement, &org, "66.0").expect("a good statement");
    let id = json!({
        "aggregate": false, "apexType": "Id", "booleanType": false, "columnName": "Id", "custom": false,
        "displayName": "Id", "foreignKeyName": null, "insertable": true, "joinColumns": [], "numberType": false,
        "textType": false, "updatable": false,
    });
    assert_eq!(columns["columnMetadata"][0], id);
    assert_eq!(columns["columnMetadata"][1]["joinColumns"][0]["columnName"], "Name");
    assert_eq!(columns["columnMetadata"][2]["columnName"], "Cases");
    assert_eq!((&columns["entityName"], &columns["idSelected"]), (&json!("Contact"), &json!(true)));
    let grouped = crate::soql::columns("SELECT AccountId, COUNT(Id) n FROM Contact GROUP BY AccountId", &org, "66.0");
    let grouped = grouped.expect("a good statement");
    assert_eq!(grouped["groupBy"], true);
    assert_eq!(grouped["columnMetadata"][1]["aggregate"], true);
}
