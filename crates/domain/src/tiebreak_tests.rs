use proptest::prelude::*;

use super::*;
use crate::geo::Country;

fn id(text: &str) -> RecordId {
    RecordId(text.to_owned())
}

fn account(name: &str, fields: &[(&str, &str)]) -> AccountRow {
    AccountRow {
        id: id(name),
        name: name.to_owned(),
        owner: id("owner"),
        record_type: None,
        person_account: false,
        created: jiff::Timestamp::from_second(1_000).expect("in range"),
        last_activity: None,
        fields: fields.iter().map(|(field, text)| ((*field).to_owned(), (*text).to_owned())).collect(),
    }
}

fn situation(rules: &[&str], place: Geo) -> Situation {
    let rules = rules.iter().map(|key| (*key).to_owned()).collect();
    Situation { settings: TiebreakSettings { rules, ..TiebreakSettings::default() }, place, sub_region_answer: None }
}

fn place(country: &str, region: Option<&str>, city: Option<&str>) -> Geo {
    Geo::of(Country::parse(country), region, city, Some("94107"))
}

/// Who wins, what decided, and each stage's result.
fn decide(candidates: &[AccountRow], situation: &Situation, known: &Known) -> (String, Option<Tie>, Vec<StageResult>) {
    let mut trace = Trace::default();
    let (account, tie) = choose(candidates.to_vec(), situation, known, &mut trace).expect("all is known");
    (account.name, tie, trace.stages.into_iter().map(|stage| stage.result).collect())
}

#[test]
fn every_rule_has_a_key_of_its_own_and_the_words_that_admins_read() {
    assert_eq!(KEYS.iter().collect::<BTreeSet<_>>().len(), RULES.len());
    let numbers = RULES.iter().map(|rule| rule.number.strip_prefix('P').and_then(|number| number.parse().ok()));
    let numbers: Vec<u8> = numbers.map(|number| number.expect("a P and a number")).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "no number is given twice: {numbers:?}");
    assert!(!numbers.contains(&4), "P4 is reserved");
    for rule in RULES {
        assert!(rule.description.ends_with('.') && !rule.criterion.is_empty() && !rule.category.label().is_empty());
        assert_eq!(super::rule(rule.key).map(|known| known.number), Some(rule.number));
    }
}

#[test]
fn countries_and_states_match_by_name_or_code() {
    let accounts = [
        account("us", &[("BillingCountry", "United States"), ("BillingState", "California")]),
        account("code", &[("BillingCountryCode", "DE"), ("BillingStateCode", "BY")]),
        account("text", &[("BillingCountry", "Deutschland"), ("BillingState", "Hessen")]),
        account("none", &[]),
    ];
    let germany = |region| place("Germany", region, None);
    let first = |rules: &[&str], region| decide(&accounts, &situation(rules, germany(region)), &Known::new());
    assert_eq!(first(&["country"], None).0, "code", "of the two in Germany, the one with the lower id");
    assert_eq!(first(&["country", "state"], Some("Hesse")).0, "text");
    assert_eq!(
        first(&["state"], Some("Bavaria")),
        ("code".into(), Some(Tie::Rule("state")), vec![StageResult::Decided])
    );
    let (_, tie, stages) = first(&["state"], None);
    assert_eq!(tie, Some(Tie::FixedOrder));
    assert_eq!(stages[0], StageResult::Skipped { why: "the booker's state or region is not known".into() });
    // California is no state of Germany.
    assert_eq!(first(&["state"], Some("California")).2[0], StageResult::LeftNobody);
}

#[test]
fn without_a_place_or_with_geo_off_the_geo_rules_are_skipped_and_say_so() {
    let accounts = [account("a", &[("BillingCountry", "France")]), account("b", &[("BillingCountry", "Spain")])];
    let mut situation = situation(&["country", "state", "sub_region"], Geo::default());
    let skipped = |situation: &Situation| decide(&accounts, situation, &Known::new()).2;
    let why = |text: &str| StageResult::Skipped { why: text.into() };
    assert_eq!(
        skipped(&situation)[..2],
        [why("it is not known where the booker is"), why("it is not known where the booker is")]
    );
    assert_eq!(skipped(&situation)[2], why("no account field is chosen for the sub-region"));
    situation.place = place("Spain", None, None);
    situation.settings.geo = false;
    assert_eq!(skipped(&situation)[0], why("geo is off for this event type"));
}

#[test]
fn a_sub_region_is_an_answer_else_the_tables_value_else_the_booker_s_place() {
    let accounts = [
        account("west", &[("Region__c", "West")]),
        account("bay", &[("Region__c", "Bay Area")]),
        account("city", &[("Region__c", "san francisco")]),
    ];
    let mut situation = situation(&["sub_region"], place("US", Some("CA"), Some("San Francisco")));
    situation.settings.sub_region_field = Some("Region__c".into());
    assert_eq!(situation.settings.fields(), ["Region__c".to_owned()].into());
    let winner = |situation: &Situation| decide(&accounts, situation, &Known::new()).0;
    assert_eq!(winner(&situation), "city");
    situation.settings.sub_regions = serde_json::from_str(
        r#"[{"country": "US", "value": "West"}, {"country": "US", "postal_prefix": "941", "value": "Bay Area"}]"#,
    )
    .expect("a table");
    assert_eq!(winner(&situation), "bay", "the row that says most");
    situation.sub_region_answer = Some("west".into());
    assert_eq!(winner(&situation), "west");
}

#[test]
fn counts_are_asked_once_for_all_rules_and_only_of_those_that_are_tied() {
    let spain = |name: &str| account(name, &[("BillingCountry", "ES")]);
    let accounts = [spain("a"), account("b", &[]), spain("c")];
    let situation = situation(&["country", "most_child_accounts", "most_contacts"], place("Spain", None, None));
    let mut trace = Trace::default();
    let open = choose(accounts.to_vec(), &situation, &Known::new(), &mut trace).expect_err("counts are missing");
    let of: BTreeSet<RecordId> = [id("a"), id("c")].into();
    let ask = |related| Ask::RelatedCount { related, of: of.clone() };
    let (children, contacts) = (ask(Related::ChildAccounts), ask(Related::Contacts));
    assert_eq!(open, Open::Missing([children.clone(), contacts.clone()].into()));
    let counts = |list: &[(&str, u64)]| Ok(Answer::RelatedCount(list.iter().map(|(name, n)| (id(name), *n)).collect()));
    let mut known: Known = [(children, counts(&[])), (contacts.clone(), counts(&[("c", 1)]))].into();
    let (name, tie, stages) = decide(&accounts, &situation, &known);
    assert_eq!((name.as_str(), tie), ("c", Some(Tie::Rule("most_contacts"))), "zero is a value, and less than one");
    assert_eq!(stages, [StageResult::Narrowed, StageResult::NotNarrowed, StageResult::Decided]);
    let failure = LookupFailure {
        class: crate::sync_outcome::ErrorClass::Passing,
        code: "QUERY_TIMEOUT".into(),
        message: "Too slow".into(),
    };
    known.insert(contacts, Err(failure.clone()));
    let failed = choose(accounts.to_vec(), &situation, &known, &mut trace).expect_err("it failed");
    assert_eq!(failed, Open::Failed(Some("most_contacts"), failure), "a failed count is never zero");
}

#[test]
fn a_missing_date_loses_to_any_and_the_oldest_account_wins_in_the_end() {
    let mut accounts = [account("a", &[]), account("b", &[]), account("c", &[])];
    accounts[1].last_activity = Some(jiff::civil::date(2020, 1, 1));
    let recent = situation(&["most_recent_activity"], Geo::default());
    assert_eq!(decide(&accounts, &recent, &Known::new()).0, "b");
    accounts[2].created = jiff::Timestamp::from_second(10).expect("in range");
    let off = Situation {
        settings: TiebreakSettings { enabled: false, ..TiebreakSettings::default() },
        ..Situation::default()
    };
    assert_eq!(decide(&accounts, &off, &Known::new()), ("c".into(), Some(Tie::FixedOrder), vec![StageResult::Decided]));
}

/// Worlds with many ties.
fn any_account(name: usize) -> impl Strategy<Value = AccountRow> {
    let texts = (
        prop::option::of(prop::sample::select(vec!["DE", "Germany", "US", "Spain"])),
        prop::option::of(prop::sample::select(vec!["CA", "Bayern", "Hessen"])),
        prop::option::of(prop::sample::select(vec!["West", "East"])),
    );
    (texts, 0i64..3, prop::option::of(1i8..4)).prop_map(move |((country, state, region), created, active)| {
        let fields = [("BillingCountry", country), ("BillingState", state), ("Region__c", region)];
        let fields: Vec<(&str, &str)> = fields.iter().filter_map(|(field, text)| Some((*field, (*text)?))).collect();
        AccountRow {
            created: jiff::Timestamp::from_second(created).expect("in range"),
            last_activity: active.map(|day| jiff::civil::date(2026, 1, day)),
            ..account(&format!("{name:02}"), &fields)
        }
    })
}

fn any_world() -> impl Strategy<Value = (Vec<AccountRow>, Situation, Vec<u64>)> {
    let accounts = (1usize..9).prop_flat_map(|count| (0..count).map(any_account).collect::<Vec<_>>());
    let rules = Just(KEYS.to_vec())
        .prop_shuffle()
        .prop_flat_map(|keys| prop::sample::subsequence(keys.clone(), 0..=keys.len()));
    let place = (
        prop::option::of(prop::sample::select(vec!["DE", "US", "ES"])),
        prop::option::of(prop::sample::select(vec!["Bavaria", "California", "West"])),
    );
    let numbers = prop::collection::vec(0u64..3, 27);
    (accounts, rules, place, any::<bool>(), numbers).prop_map(
        |(accounts, rules, (country, region), answered, numbers)| {
            let place = Geo::of(country.and_then(Country::parse), region, None, None);
            let mut situation = situation(&rules, place);
            situation.settings.sub_region_field = Some("Region__c".into());
            situation.sub_region_answer = answered.then(|| "west".to_owned());
            (accounts, situation, numbers)
        },
    )
}

/// Runs to the end, and answers what is asked from the numbers.
fn run(accounts: &[AccountRow], situation: &Situation, numbers: &[u64]) -> (RecordId, Option<Tie>, Trace, Known) {
    let mut known = Known::new();
    loop {
        let mut trace = Trace::default();
        match choose(accounts.to_vec(), situation, &known, &mut trace) {
            Ok((account, tie)) => return (account.id, tie, trace, known),
            Err(Open::Failed(..)) => unreachable!("nothing fails here"),
            Err(Open::Missing(asks)) => {
                for ask in asks {
                    let Ask::RelatedCount { related, of } = &ask else { panic!("{ask:?}") };
                    let number =
                        |id: &RecordId| numbers[(*related as usize) * 9 + id.0.parse::<usize>().expect("a number")];
                    let counts = of.iter().map(|id| (id.clone(), number(id))).filter(|(_, n)| *n > 0);
                    assert!(
                        known.insert(ask.clone(), Ok(Answer::RelatedCount(counts.collect()))).is_none(),
                        "asked twice"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_order_of_candidates_never_changes_the_winner(((accounts, situation, numbers), seed) in (any_world(), any::<u64>())) {
        let (winner, tie, trace, known) = run(&accounts, &situation, &numbers);
        let mut shuffled = accounts.clone();
        shuffled.rotate_left((seed as usize) % accounts.len());
        shuffled.reverse();
        prop_assert_eq!(run(&shuffled, &situation, &numbers), (winner, tie, trace, known));
    }

    #[test]
    fn rules_that_come_later_or_did_not_narrow_can_go_without_effect((accounts, situation, numbers) in any_world()) {
        let (winner, tie, trace, _) = run(&accounts, &situation, &numbers);
        for (at, key) in situation.settings.rules.iter().enumerate() {
            let result = trace.stages.iter().find(|stage| stage.key == StageKey::Rule(key.clone())).map(|stage| &stage.result);
            if matches!(result, Some(StageResult::Narrowed | StageResult::Decided)) {
                continue;
            }
            let mut without = situation.clone();
            without.settings.rules.remove(at);
            let again = run(&accounts, &without, &numbers);
            prop_assert_eq!((&again.0, &again.1), (&winner, &tie), "without {}", key);
        }
    }

    #[test]
    fn every_candidate_is_accounted_for_and_no_rule_empties_the_set((accounts, situation, numbers) in any_world()) {
        let (winner, _, trace, _) = run(&accounts, &situation, &numbers);
        let mut left: BTreeSet<RecordId> = accounts.iter().map(|account| account.id.clone()).collect();
        for stage in trace.stages.iter().filter(|stage| !matches!(stage.result, StageResult::Skipped { .. })) {
            let seen: BTreeSet<RecordId> = stage.seen.iter().map(|seen| seen.account.clone()).collect();
            prop_assert_eq!(&seen, &left, "each stage sees all that are left");
            left.retain(|id| !stage.seen.iter().any(|seen| &seen.account == id && seen.removed.is_some()));
            prop_assert!(!left.is_empty());
        }
        prop_assert_eq!(left, BTreeSet::from([winner]));
    }

    #[test]
    fn what_was_known_decides_again_to_the_same_decision_and_trace((accounts, situation, numbers) in any_world()) {
        let (winner, tie, trace, known) = run(&accounts, &situation, &numbers);
        let stored = serde_json::to_string(&known.into_iter().collect::<Vec<_>>()).expect("JSON");
        let known: Known = serde_json::from_str::<Vec<_>>(&stored).expect("reads back").into_iter().collect();
        let situation: Situation = serde_json::from_value(serde_json::to_value(&situation).expect("JSON")).expect("reads back");
        let mut again = Trace::default();
        let decided = choose(accounts, &situation, &known, &mut again);
        prop_assert_eq!(decided.map(|(account, tie)| (account.id, tie)), Ok((winner, tie)));
        prop_assert_eq!(again, trace);
    }
}
