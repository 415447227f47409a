//! What a refused statement is told, in Salesforce's words where they are known.

use super::org::{Org, sales};

fn check(org: &Org, cases: &[(&str, &str, &str)]) {
    for (statement, code, sentence) in cases {
        let error = org.error(statement);
        assert_eq!(error.code, *code, "{statement}: {}", error.message);
        assert!(error.message.ends_with(sentence), "{statement}\nsays {}\nnot {sentence}", error.message);
    }
}

const ADVICE: &str = "Please reference your WSDL or the describe call for the appropriate names.";

#[test]
fn unknown_names_are_pointed_at() {
    let org = sales();
    let error = org.error("SELECT Id, Fo__c FROM Contact");
    let expected = format!(
        "\nSELECT Id, Fo__c FROM Contact\n           ^\nERROR at Row:1:Column:12\nNo such column 'Fo__c' on entity \
         'Contact'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field \
         name. {ADVICE}"
    );
    assert_eq!((error.code, error.message), ("INVALID_FIELD", expected));
    let error = org.error("select count() from Planet");
    let expected = format!(
        "\nselect count() from Planet\n                    ^\nERROR at Row:1:Column:21\nsObject type 'Planet' is not \
         supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. \
         {ADVICE}"
    );
    assert_eq!((error.code, error.message), ("INVALID_TYPE", expected));
}

#[test]
fn unknown_relationships_say_which_way_they_were_looked_for() {
    let org = sales();
    for (statement, code, start) in [
        ("SELECT Boss.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Boss' in field path."),
        (
            "SELECT Account.Boss.Name FROM Contact",
            "INVALID_FIELD",
            "Didn't understand relationship 'Boss' in field path.",
        ),
        (
            "SELECT (SELECT Id FROM Pets) FROM Account",
            "INVALID_TYPE",
            "Didn't understand relationship 'Pets' in FROM part of query call.",
        ),
        ("SELECT Account.Planet FROM Contact", "INVALID_FIELD", "No such column 'Planet' on entity 'Account'."),
        ("SELECT Who.Company FROM Event", "INVALID_FIELD", "No such column 'Company' on entity 'Name'."),
        ("SELECT Id FROM Name", "INVALID_TYPE", "sObject type 'Name' is not supported."),
    ] {
        let error = org.error(statement);
        assert_eq!(error.code, code, "{statement}");
        assert!(error.message.contains(start), "{statement} says {}", error.message);
    }
}

#[test]
fn values_have_the_type_of_their_field() {
    let must = |field: &str, kind: &str, quotes: &str| {
        format!(
            "value of filter criterion for field '{field}' must be of type {kind} and {quotes} be enclosed in quotes"
        )
    };
    let org = sales();
    for (condition, sentence) in [
        ("CreatedDate > '2026-01-01'", must("CreatedDate", "dateTime", "should not")),
        ("CreatedDate > 2026-01-01", must("CreatedDate", "dateTime", "should not")),
        ("LastActivityDate = ''", must("LastActivityDate", "date", "should not")),
        ("AnnualRevenue = '5'", must("AnnualRevenue", "double", "should not")),
        ("NumberOfEmployees IN ('5')", must("NumberOfEmployees", "int", "should not")),
        ("IsDeleted = 'true'", must("IsDeleted", "boolean", "should not")),
        ("Name = 5", must("Name", "string", "should")),
        ("Name = TODAY", must("Name", "string", "should")),
        ("Name LIKE null", must("Name", "string", "should")),
        ("OwnerId = true", must("OwnerId", "string", "should")),
    ] {
        check(&org, &[(&format!("SELECT Id FROM Account WHERE {condition}"), "INVALID_FIELD", &sentence)]);
    }
}

#[test]
fn operators_fit_their_field() {
    check(
        &sales(),
        &[
            (
                "SELECT Id FROM Account WHERE OwnerId LIKE '005%'",
                "INVALID_QUERY_FILTER_OPERATOR",
                "invalid operator on reference field",
            ),
            (
                "SELECT Id FROM Account WHERE IsDeleted > false",
                "INVALID_QUERY_FILTER_OPERATOR",
                "invalid operator on boolean field",
            ),
            (
                "SELECT Id FROM Account WHERE Name INCLUDES ('x')",
                "INVALID_QUERY_FILTER_OPERATOR",
                "invalid operator on string field",
            ),
            ("SELECT Id FROM Account WHERE Id = 'acme'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: acme"),
            ("SELECT Id FROM Account WHERE Id = :id", "MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
        ],
    );
}

#[test]
fn fields_are_used_for_what_they_allow() {
    check(
        &sales(),
        &[
            (
                "SELECT Id FROM Account WHERE Description = 'x'",
                "INVALID_FIELD",
                "field 'Description' can not be filtered in a query call",
            ),
            (
                "SELECT Id FROM Account WHERE BillingAddress = null",
                "INVALID_FIELD",
                "field 'BillingAddress' can not be filtered in a query call",
            ),
            (
                "SELECT Id FROM Account ORDER BY Description",
                "MALFORMED_QUERY",
                "field 'Description' can not be sorted in a query call",
            ),
            (
                "SELECT CreatedDate FROM Account GROUP BY CreatedDate",
                "MALFORMED_QUERY",
                "field 'CreatedDate' can not be grouped in a query call",
            ),
            ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY", "field Name does not support aggregate operator SUM"),
            ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
            ("SELECT Name FROM Account GROUP BY Type", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
            (
                "SELECT Type FROM Account GROUP BY Type ORDER BY Name",
                "MALFORMED_QUERY",
                "Field must be grouped or aggregated: Name",
            ),
            ("SELECT Id nickname FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
            ("SELECT Id, Name, id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
            ("SELECT Type a, COUNT(Id) a FROM Account GROUP BY Type", "MALFORMED_QUERY", "duplicate alias: a"),
            (
                "SELECT COUNT(Id) FROM Account LIMIT 1",
                "MALFORMED_QUERY",
                "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
            ),
            (
                "SELECT TYPEOF Account WHEN Account THEN Name END FROM Contact",
                "MALFORMED_QUERY",
                "TYPEOF needs a relationship to several objects, which Account is not",
            ),
            (
                "SELECT TYPEOF Who WHEN Account THEN Name END FROM Event",
                "MALFORMED_QUERY",
                "Who never names a record of Account",
            ),
            ("SELECT toLabel(Name) FROM Account", "MALFORMED_QUERY", "function toLabel does not apply to this field"),
            ("SELECT Wonder(Name) FROM Account", "MALFORMED_QUERY", "unexpected token: 'Wonder'"),
        ],
    );
}

#[test]
fn limits_are_those_of_the_platform() {
    let org = sales();
    check(
        &org,
        &[
            ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
            (
                "SELECT FIELDS(ALL) FROM Account",
                "MALFORMED_QUERY",
                "The SOQL FIELDS function must have a LIMIT of at most 200",
            ),
            (
                "SELECT FIELDS(CUSTOM) FROM Account LIMIT 201",
                "MALFORMED_QUERY",
                "The SOQL FIELDS function must have a LIMIT of at most 200",
            ),
            (
                "SELECT Account.Parent.Parent.Parent.Parent.Parent.Name FROM Contact",
                "MALFORMED_QUERY",
                "a field path can go up at most 5 relationships",
            ),
            ("SELECT Id FROM Account LIMIT -1", "MALFORMED_QUERY", "unexpected token: '-'"),
            ("SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS", "MALFORMED_QUERY", "as in LAST_N_DAYS:30"),
            (
                "SELECT Id FROM Account WHERE CreatedDate = NEXT_N_YEARS:99999",
                "MALFORMED_QUERY",
                "reaches beyond the calendar",
            ),
        ],
    );
    let children = vec!["(SELECT Id FROM Contacts)"; 21].join(",");
    check(
        &org,
        &[(&format!("SELECT {children} FROM Account"), "MALFORMED_QUERY", "a query can have at most 20 child queries")],
    );
}

#[test]
fn semi_joins_keep_their_rules() {
    let org = sales();
    let top = "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.";
    let contacts = "Id IN (SELECT AccountId FROM Contact)";
    check(
        &org,
        &[
            (&format!("SELECT Id FROM Account WHERE {contacts} OR Name = 'x'"), "MALFORMED_QUERY", top),
            (
                &format!("SELECT Id FROM Account WHERE {contacts} AND {contacts} AND {contacts}"),
                "MALFORMED_QUERY",
                "Maximum 2 semi join sub-selects are allowed.",
            ),
            (
                "SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)",
                "MALFORMED_QUERY",
                "The inner and outer selects should not be on the same object type",
            ),
            (
                "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Event)",
                "MALFORMED_QUERY",
                "Entity 'Event' is not supported for semi join inner selects",
            ),
            (
                "SELECT Id FROM Account WHERE Name IN (SELECT Id FROM Contact)",
                "MALFORMED_QUERY",
                "should be an id field, cannot use: 'Name'",
            ),
            (
                &format!("SELECT Id FROM Opportunity WHERE AccountId IN (SELECT Id FROM Account WHERE {contacts})"),
                "MALFORMED_QUERY",
                "Nested semi join sub-selects are not supported",
            ),
        ],
    );
}
