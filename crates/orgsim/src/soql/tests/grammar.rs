//! Which statements are SOQL at all. Each line holds a way of writing that is easy to get wrong; the verdicts are those
//! of Salesforce's grammar (Salesforce facts 4.1), which knows no objects, types or limits.

use crate::soql::parser::parse;

const GOOD: &[&str] = &[
    "SELECT Id FROM Lead",
    "select id from lead",
    "SELECT Id,Email FROM Lead WHERE Email='x@y.z'",
    "SELECT Id FROM Lead WHERE Email <> 'x@y.z'",
    "SELECT Id FROM Lead WHERE Email != null",
    "SELECT Id FROM Lead WHERE Company LIKE 'Acme%'",
    "SELECT Id FROM Lead WHERE (NOT Company LIKE 'Acme%')",
    "SELECT Id FROM Lead WHERE NOT Company = 'Acme'",
    "SELECT Id FROM Lead WHERE NOT (Company = 'Acme' OR City = 'Oslo')",
    "SELECT Id FROM Lead WHERE City = 'a' AND State = 'b' AND Country = 'c' AND Title = 'd'",
    "SELECT Id FROM Lead WHERE City = 'a' OR State = 'b' OR Country = 'c'",
    "SELECT Id FROM Lead WHERE City = 'a' AND (State = 'b' OR Country = 'c')",
    "SELECT Id FROM Lead WHERE (City = 'a' AND State = 'b') OR Country = 'c'",
    "SELECT Id FROM Lead WHERE City = 'a' OR (NOT State = 'b')",
    "SELECT Id FROM Lead WHERE (((City = 'a')))",
    "SELECT Id FROM Lead WHERE Id IN ('00Q000000000001')",
    "SELECT Id FROM Lead WHERE City IN ('a', 'b', null)",
    "SELECT Id FROM Lead WHERE City NOT IN ('a','b')",
    "SELECT Id FROM Contact WHERE Account.Owner.Profile.Name NOT IN ('x')",
    "SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)",
    "SELECT Id, (SELECT Id, Name FROM Opportunities WHERE IsClosed = false LIMIT 1) FROM Account",
    "SELECT Id, (SELECT COUNT() FROM Opportunities) FROM Account",
    "SELECT COUNT() FROM Lead WHERE IsConverted = false",
    "SELECT COUNT(Id) FROM Lead",
    "SELECT COUNT(Id) leads FROM Lead",
    "SELECT LeadSource s, COUNT(Id), COUNT_DISTINCT(City) cities FROM Lead GROUP BY LeadSource",
    "SELECT LeadSource, COUNT(Id) FROM Lead GROUP BY LeadSource HAVING COUNT(Id) > 1 AND LeadSource != null",
    "SELECT LeadSource, COUNT(Id) FROM Lead GROUP BY LeadSource ORDER BY COUNT(Id) DESC NULLS LAST LIMIT 5",
    "SELECT LeadSource, Rating, COUNT(Id) FROM Lead GROUP BY ROLLUP(LeadSource, Rating)",
    "SELECT LeadSource, GROUPING(LeadSource), COUNT(Id) FROM Lead GROUP BY CUBE(LeadSource, Rating)",
    "SELECT MIN(CloseDate), MAX(CloseDate), SUM(Amount), AVG(Amount) FROM Opportunity",
    "SELECT CALENDAR_MONTH(CloseDate), COUNT(Id) FROM Opportunity GROUP BY CALENDAR_MONTH(CloseDate)",
    "SELECT Id FROM Lead WHERE CALENDAR_YEAR(CreatedDate) = 2026",
    "SELECT Id FROM Lead GROUP BY Id",
    "SELECT Id FROM Lead ORDER BY CreatedDate DESC NULLS LAST, Id",
    "SELECT Id FROM Lead ORDER BY Owner.Name ASC NULLS FIRST",
    "SELECT Id FROM Lead LIMIT 0",
    "SELECT Id FROM Lead LIMIT 10 OFFSET 20",
    "SELECT Id FROM Lead OFFSET 20",
    "SELECT Id FROM Lead WHERE CreatedDate = TODAY",
    "SELECT Id FROM Lead WHERE CreatedDate > N_DAYS_AGO:3 AND CreatedDate < NEXT_N_MONTHS:2",
    // A number is missing, which grammar does not mind.
    "SELECT Id FROM Lead WHERE CreatedDate = LAST_N_WEEKS",
    "SELECT Id FROM Lead WHERE CreatedDate > 2026-02-03T04:05:06Z",
    "SELECT Id FROM Lead WHERE CreatedDate > 2026-02-03T04:05:06.789-05:30",
    "SELECT Id FROM Lead WHERE CreatedDate > 2026-02-03T04:05:06+0200",
    "SELECT Id FROM Lead WHERE ConvertedDate = 2026-02-03",
    "SELECT Id FROM Lead WHERE NumberOfEmployees >= 5 AND AnnualRevenue < -1.5",
    "SELECT Id FROM Lead WHERE IsConverted = FALSE",
    r"SELECT Id FROM Lead WHERE City = 'L\'Aquila'",
    r#"SELECT Id FROM Lead WHERE City = '\"\\\n\r\t\b\f'"#,
    r"SELECT Id FROM Lead WHERE City = '\u00e9t\u00E9'",
    r"SELECT Id FROM Lead WHERE City LIKE '50\%\_off\\%'",
    "SELECT Id FROM Lead;",
    // An alias that only checks of meaning refuse.
    "SELECT Id nickname FROM Lead",
    "SELECT l.Id FROM Lead l WHERE l.City = 'x'",
    "SELECT l.Id FROM Lead AS l",
    "SELECT c.Id, a.Name FROM Contact c, c.Account a",
    "SELECT FIELDS(STANDARD) FROM Lead",
    "SELECT FIELDS(ALL) FROM Lead LIMIT 200",
    "SELECT Id FROM Event WHERE Who.Type = 'Lead'",
    "SELECT TYPEOF What WHEN Account THEN Name, Phone WHEN Opportunity THEN Amount END FROM Event",
    "SELECT TYPEOF Who WHEN Lead THEN Company ELSE Name END FROM Event",
    "SELECT toLabel(Status), FORMAT(AnnualRevenue) money FROM Lead",
    "SELECT Id FROM Lead WHERE toLabel(Status) = 'Open'",
    "SELECT Id FROM Lead FOR VIEW",
    "SELECT Id FROM Lead FOR REFERENCE",
    "SELECT Id FROM Lead LIMIT 1 FOR VIEW",
    "SELECT Id FROM Lead UPDATE VIEWSTAT",
    "SELECT Id FROM Lead UPDATE TRACKING",
    "SELECT Id FROM Lead USING SCOPE mine WHERE City = 'x'",
    "SELECT Id FROM Lead WITH SECURITY_ENFORCED",
    "SELECT Id FROM Lead WHERE City = 'x' WITH USER_MODE ORDER BY Id",
    "SELECT Id FROM Lead WHERE Interests__c INCLUDES ('a;b','c') OR Interests__c EXCLUDES ('d')",
    "SELECT Id FROM Group",
    "SELECT Id FROM Order ORDER BY Id",
    "SELECT Id\nFROM Lead\n\tWHERE City = 'x'",
    "SELECT Id FROM Lead WHERE City = :city LIMIT :many",
];

const BAD: &[&str] = &[
    "",
    "   ",
    "SELECT",
    "SELECT FROM Lead",
    "SELECT Id",
    "SELECT Id Lead",
    "SELECT Id FORM Lead",
    "SELECT Id, FROM Lead",
    "SELECT Id Email FROM Lead x y",
    "SELECT * FROM Lead",
    "SELECT COUNT(), Id FROM Lead",
    "SELECT Id, COUNT() FROM Lead",
    "SELECT COUNT(*) FROM Lead",
    "SELECT Id AS x FROM Lead",
    "SELECT Limit FROM Lead",
    "SELECT Id FROM Lead WHERE",
    "SELECT Id FROM Lead WHERE City",
    "SELECT Id FROM Lead WHERE City =",
    "SELECT Id FROM Lead WHERE City = Oslo",
    "SELECT Id FROM Lead WHERE City == 'x'",
    "SELECT Id FROM Lead WHERE 'x' = City",
    "SELECT Id FROM Lead WHERE City = \"x\"",
    "SELECT Id FROM Lead WHERE City = 'it''s'",
    "SELECT Id FROM Lead WHERE City = 'x",
    r"SELECT Id FROM Lead WHERE City = 'x\'",
    r"SELECT Id FROM Lead WHERE City = 'x\y'",
    r"SELECT Id FROM Lead WHERE City = '50\%'",
    r"SELECT Id FROM Lead WHERE City IN ('a\_b')",
    r"SELECT Id FROM Lead WHERE City = '\u00g0'",
    r"SELECT Id FROM Lead WHERE City = '\u+123'",
    r"SELECT Id FROM Lead WHERE City = '\u12'",
    "SELECT Id FROM Lead WHERE City IS NULL",
    "SELECT Id FROM Lead WHERE City NOT LIKE 'x%'",
    "SELECT Id FROM Lead WHERE City IN ()",
    "SELECT Id FROM Lead WHERE City IN 'x'",
    "SELECT Id FROM Lead WHERE City IN ('x',)",
    "SELECT Id FROM Lead WHERE a = 'x' AND b = 'y' OR c = 'z'",
    "SELECT Id FROM Lead WHERE a = 'x' OR b = 'y' AND c = 'z'",
    "SELECT Id FROM Lead WHERE a = 'x' AND NOT b = 'y'",
    "SELECT Id FROM Lead WHERE NOT a = 'x' OR b = 'y'",
    "SELECT Id FROM Lead WHERE NOT NOT a = 'x'",
    "SELECT Id FROM Lead WHERE (a = 'x'",
    "SELECT Id FROM Lead WHERE a = 'x')",
    "SELECT Id FROM Lead WHERE a = 'x' b = 'y'",
    "SELECT Id FROM Lead WHERE CreatedDate > 2026-02-03T04:05:06",
    "SELECT Id FROM Lead WHERE CreatedDate > 2026-02-30",
    "SELECT Id FROM Lead WHERE CreatedDate > 2026-2-3",
    "SELECT Id FROM Lead WHERE CreatedDate = SOMEDAY",
    "SELECT Id FROM Lead LIMIT",
    "SELECT Id FROM Lead LIMIT '5'",
    "SELECT Id FROM Lead LIMIT five",
    "SELECT Id FROM Lead LIMIT 1.5",
    "SELECT Id FROM Lead OFFSET 5 LIMIT 5",
    "SELECT Id FROM Lead LIMIT 5 ORDER BY Id",
    "SELECT Id FROM Lead ORDER BY City WHERE City = 'x'",
    "SELECT Id FROM Lead ORDER BY City NULLS",
    "SELECT Id FROM Lead ORDER BY City DOWN",
    "SELECT Id FROM Lead HAVING COUNT(Id) > 1",
    "SELECT Id FROM Lead GROUP BY",
    "SELECT Id FROM Lead FOR UPDATE",
    "SELECT Id FROM Lead ALL ROWS",
    "SELECT Id FROM Lead -- all of them",
    "SELECT Id FROM Lead /* all */",
    "SELECT Id FROM Lead; SELECT Id FROM Lead",
    "SELECT TYPEOF Who ELSE Name END FROM Event",
    "SELECT TYPEOF Who WHEN Lead THEN END FROM Event",
    "SELECT (SELECT Id FROM Contacts FROM Account",
    "UPDATE Lead SET City = 'x'",
    "DELETE FROM Lead",
    "SELECT Id FROM Lead WHERE Name LIKE 'x' AND Id IN (SELECT LeadId FROM CampaignMember) OR City = 'y'",
    "SELECT Id FROM Lead WHERE City = 'é' é",
    "SELECT Id FROM Lead \u{0}",
];

#[test]
fn good_statements_are_read() {
    for statement in GOOD {
        if let Err(error) = parse(statement) {
            panic!("{statement} was refused: {}", error.message);
        }
    }
}

#[test]
fn bad_statements_are_refused_as_malformed() {
    for statement in BAD {
        match parse(statement) {
            Ok(_) => panic!("{statement} was taken for SOQL"),
            Err(error) => assert_eq!(error.code, "MALFORMED_QUERY", "{statement}: {}", error.message),
        }
    }
}

#[test]
fn hostile_statements_end_in_an_error() {
    let deep = |open: &str, middle: &str, close: &str| {
        format!("SELECT Id FROM Lead WHERE {}{middle}{}", open.repeat(20_000), close.repeat(20_000))
    };
    assert!(parse(&deep("(", "City = 'x'", ")")).is_err(), "twenty thousand parentheses were followed");
    assert!(parse(&format!("SELECT {}Id{} FROM Lead", "MAX(".repeat(20_000), ")".repeat(20_000))).is_err());
    assert!(parse(&"SELECT (".repeat(12_000)).is_err());
    let long = format!("SELECT Id FROM Lead WHERE City = '{}'", "x".repeat(4_001));
    assert!(parse(&long).is_err(), "a text of 4,001 characters was taken");
    let longest = format!("SELECT Id FROM Lead WHERE City = '{}'", "é".repeat(4_000));
    assert!(parse(&longest).is_ok(), "a text of 4,000 characters was refused");
    let ids = vec!["'00Q000000000001'"; 6_000].join(",");
    assert!(parse(&format!("SELECT Id FROM Lead WHERE Id IN ({ids})")).is_err(), "a statement over 100,000 characters");
}
