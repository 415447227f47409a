use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use salesforce::auth::LoopbackPolicy;
use serde_json::{Value, json};

use super::entries::Typed;
use super::*;

const DOCUMENTATION: &str = include_str!("../../../../docs/configuration.md");

/// The example of the documentation, which is also the good file here.
fn example() -> &'static str {
    let (_, rest) = DOCUMENTATION.split_once("```yaml\n").expect("the documentation has an example");
    rest.split_once("```").expect("the example ends").0
}

/// Broken files by what is broken about them.
const BROKEN: &[(&str, &str)] = &[
    ("not_yaml", "hosts: [dana\nevent_types: {}\n"),
    ("tab_for_indentation", "hosts:\n\tdana: {}\n"),
    ("a_list", "- hosts\n- sources\n"),
    ("a_word", "hosts\n"),
    ("two_documents", "hosts: {}\n---\nhosts: {}\n"),
    ("unknown_section", "conections: {}\nhost: {}\nsomething: {}\n"),
    ("section_is_a_list", "hosts:\n  - dana\n"),
    ("entry_is_a_word", "hosts:\n  dana: Dana Ito\n"),
    ("empty_entries", "connections: {a: {}}\nhosts: {a: {}}\nevent_types: {a: {}}\nsources: {a: {}}\n"),
    (
        "bad_stable_keys",
        "hosts:
  Dana Ito: {name: Dana, email: dana@northwind.example, time_zone: UTC}
  -dana: {name: Dana, email: dana2@northwind.example, time_zone: UTC}
  \"\": {name: Dana, email: dana3@northwind.example, time_zone: UTC}
",
    ),
    (
        "duplicate_keys",
        "hosts:
  dana:
    name: Dana
    name: Dana Ito
    email: dana@northwind.example
    time_zone: UTC
  dana: {name: Other}
",
    ),
    (
        "host_values",
        "hosts:
  dana: {name: '', email: dana at northwind, time_zone: Europe/Berlinn}
  kim: {name: [Kim], email: {address: kim}, time_zone: CEST}
  lou: {name: \"Lou\\0\", email: lou@northwind.example, timezone: UTC}
",
    ),
    (
        "two_hosts_with_one_email",
        "hosts:
  dana: {name: Dana, email: dana@northwind.example, time_zone: UTC}
  ito: {name: Ito, email: Dana@Northwind.example, time_zone: UTC}
",
    ),
    (
        "weekly_hours",
        "hosts:
  dana:
    name: Dana
    email: dana@northwind.example
    time_zone: UTC
    weekly_hours:
      - {days: [monday, tuesday], from: '09:00', to: '12:00'}
      - {days: [friday], from: '9:00', to: '09:00'}
      - {days: [saturday], from: '22:00', to: '02:00'}
      - {days: [tuesday, wednesday], from: '11:59', to: '17:00'}
      - {days: [wednesday], from: '17:00', to: '18:00'}
",
    ),
    (
        "weekly_hours_that_are_no_times",
        "hosts:
  dana:
    name: Dana
    email: dana@northwind.example
    time_zone: UTC
    weekly_hours: [{days: [thursday, thursday], from: nine, to: '24:00'}, {days: [], from: '9:00', to: '10:00', until: '11:00'}]
",
    ),
    (
        "misspelt_keys",
        "event_types:
  intro:
    titel: Intro
    length: 30
    host: [dana]
    salesforce: {enable: true, connection: production}
",
    ),
    (
        "event_type_values",
        "event_types:
  a: {title: A, slug: Not A Slug, length_minutes: 0, hosts: []}
  b: {title: B, length_minutes: half an hour, hosts: dana}
  c: {title: C, length_minutes: 1441, hosts: [dana, dana, {key: kim}]}
  d: {title: D, length_minutes: 30.5, hosts: [dana], salesforce: yes}
",
    ),
    (
        "slug_taken",
        "event_types:
  intro: {title: Intro, length_minutes: 15, hosts: [dana]}
  welcome: {title: Welcome, slug: intro, length_minutes: 15, hosts: [dana]}
",
    ),
    (
        "salesforce_without_connection",
        "event_types:
  a: {title: A, length_minutes: 15, hosts: [dana], salesforce: {enabled: true}}
  b: {title: B, length_minutes: 15, hosts: [dana], salesforce: {}}
",
    ),
    (
        "connection_values",
        "connections:
  production:
    name: Production
    login_host: northwind.my.salesforce.com
    api_version: 66
    grant: password
    client_id:
    client_secret: {secret: SALESFORCE_CLIENT_SECRET}
",
    ),
    (
        "login_hosts",
        "connections:
  a: &x {name: A, login_host: http://northwind.my.salesforce.com, grant: client_credentials, client_id: a, client_secret: {secret: A}}
  b: {name: B, login_host: https://user:hunter2@northwind.example, grant: client_credentials, client_id: b, client_secret: {secret: B}}
  c: {name: C, login_host: https://northwind.example/services, grant: client_credentials, client_id: c, client_secret: {secret: C}}
  d: {name: D, login_host: ftp://127.0.0.1, grant: client_credentials, client_id: d, client_secret: {secret: D}}
",
    ),
    (
        "grants",
        "connections:
  a: {name: A, login_host: login.salesforce.com, grant: jwt_bearer, client_id: a, client_secret: {secret: A}}
  b: {name: B, login_host: login.salesforce.com, grant: web_server, client_id: b, username: b@northwind.example}
  c: {name: C, login_host: login.salesforce.com, grant: jwt_bearer, client_id: c, username: c@northwind.example, private_key: hunter2}
  d: {name: D, login_host: login.salesforce.com, client_id: d, client_secret: {secret: D}}
  e: {name: E, login_host: login.salesforce.com, grant: web_server, client_id: e, client_secret: , username: }
",
    ),
    (
        "literal_secrets",
        "sources:
  a: {kind: cal.com, name: A, secret: hunter2}
  b: {kind: cal.com, name: B, secret: {value: hunter2}}
  c: {kind: cal.com, name: C, secret: {hunter2}}
  d: {kind: cal.com, name: D, secret: [hunter2]}
  e: {kind: cal.com, name: E, secret: {secret: hunter2}}
  f: {kind: cal.com, name: F, secret: {secret: {secret: hunter2}}}
  g: {kind: cal.com, name: G, secret: }
  h: {kind: cal.com, name: H, secret: {}}
",
    ),
    (
        "source_kinds",
        "sources:
  a: {kind: calcom, name: A, secret: {secret: A}}
  b: {kind: something-else, name: B, secret: {secret: B}}
",
    ),
    (
        "aliases_and_tags",
        "hosts:
  dana: &dana {name: Dana, email: dana@northwind.example, time_zone: UTC}
  kim: *dana
  lou: *nobody
  max: {<<: *dana, name: !!str Max}
",
    ),
    ("a_billion_laughs", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nhosts: *c\n"),
    ("keys_that_are_no_words", "hosts:\n  [a, b]: {}\n  ? {c: d}\n  : {}\n  ~: {}\n"),
    ("too_deep", "hosts: [[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]\n"),
    ("non_ascii_columns", "hosts:\n  zoë: {näme: Zoë}\n"),
    ("unclosed_quote", "hosts:\n  dana: {name: \"Dana, email: dana@northwind.example}\n"),
    ("missing_colon", "hosts:\n  dana\n    name: Dana\n"),
    ("missing_space_after_colon", "hosts:\n  dana: {name:Dana, email: d@northwind.example, time_zone: UTC}\n"),
    ("wrong_indentation", "hosts:\n  dana:\n    name: Dana\n   email: dana@northwind.example\n"),
    ("tab_inside", "hosts:\n  dana:\n    name: Dana\n\temail: dana@northwind.example\n"),
    ("windows_lines", "hosts:\r\n  dana: {nam: Dana, email: d@northwind.example, time_zone: UTC}\r\n"),
    ("byte_order_mark", "\u{feff}hosts:\n  dana: {name: Dana, email: d, time_zone: UTC}\n"),
    ("block_text_as_name", "hosts:\n  dana:\n    name: |\n      Dana\n      Ito\n    email: d@northwind.example\n    time_zone: UTC\n"),
    ("a_very_long_text", LONG_NAME),
    ("a_very_long_key", "hosts:\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: {name: A, email: a@b.example, time_zone: UTC}\n"),
    ("section_in_the_singular", "host: {}\n"),
    ("section_with_a_capital", "Hosts: {}\n"),
    ("section_twice", "hosts: {}\nhosts: {}\n"),
    ("section_inside_another", "hosts:\n  event_types: {}\n"),
    ("setting_with_a_hyphen", "event_types:\n  intro: {title: Intro, length-minutes: 30, hosts: [dana]}\n"),
    ("setting_with_a_capital", "event_types:\n  intro: {Title: Intro, length_minutes: 30, hosts: [dana]}\n"),
    ("setting_of_another_section", "hosts:\n  kim: {name: Kim, email: k@northwind.example, time_zone: UTC, slug: kim}\n"),
    ("salesforce_settings_outside_their_group", "event_types:\n  intro: {title: Intro, length_minutes: 30, hosts: [dana], connection: production}\n"),
    ("length_with_a_unit", "event_types:\n  intro: {title: Intro, length_minutes: 30 min, hosts: [dana]}\n"),
    ("length_below_nothing", "event_types:\n  intro: {title: Intro, length_minutes: -5, hosts: [dana]}\n"),
    ("length_beyond_numbers", "event_types:\n  intro: {title: Intro, length_minutes: 99999999999999999999, hosts: [dana]}\n"),
    ("a_required_setting_with_nothing", "event_types:\n  intro: {title: , length_minutes: 30, hosts: [dana]}\n"),
    ("a_required_setting_with_null", "hosts:\n  kim: {name: null, email: ~, time_zone: UTC}\n"),
    ("a_flag_in_other_words", "event_types:\n  intro: {title: Intro, length_minutes: 30, hosts: [dana], salesforce: {enabled: on}}\n"),
    ("unknown_host", "event_types:\n  intro: {title: Intro, length_minutes: 30, hosts: [dnaa]}\n"),
    ("unknown_host_unlike_any", "event_types:\n  intro: {title: Intro, length_minutes: 30, hosts: [dana, zoe]}\n"),
    ("unknown_connection", "event_types:\n  discovery-call: {title: Intro, length_minutes: 30, hosts: [dana], salesforce: {connection: productoin}}\n"),
    ("a_slug_that_is_known_already", "event_types:\n  intro: {title: Intro, slug: discovery-call, length_minutes: 30, hosts: [dana]}\n"),
    ("an_email_that_is_known_already", "hosts:\n  kim: {name: Kim, email: Dana.Known@northwind.example, time_zone: UTC}\n"),
    ("a_user_with_a_known_email", "users:\n  me: {email: ops@northwind.example, name: Me, role: viewer}\n"),
    ("a_role_that_is_none", "users:\n  me: {email: me@northwind.example, name: Me, role: administrator}\n"),
    ("a_role_unlike_any", "users:\n  me: {email: me@northwind.example, name: Me, role: boss}\n"),
    ("a_password_in_the_file", "users:\n  me: {email: me@northwind.example, name: Me, role: admin, password: hunter2}\n"),
    ("salesforce_users_of_an_unknown_org", "hosts:\n  kim: {name: Kim, email: k@northwind.example, time_zone: UTC, salesforce_users: {sandbox: 005000000000001AAA}}\n"),
    ("salesforce_users_that_are_none", "hosts:
  kim: {name: Kim, email: k@northwind.example, time_zone: UTC, salesforce_users: {production: 003000000000001AAA}}
  lou: {name: Lou, email: l@northwind.example, time_zone: UTC, salesforce_users: {production: 005000000000001aaa}}
  max: {name: Max, email: m@northwind.example, time_zone: UTC, salesforce_users: {production: dana@northwind.example}}
  ned: {name: Ned, email: n@northwind.example, time_zone: UTC, salesforce_users: 005000000000001AAA}
"),
    ("an_org_on_this_machine", "connections:\n  sim: {name: Sim, login_host: 'http://127.0.0.1:3001', grant: client_credentials, client_id: x, client_secret: {secret: A}}\n"),
    ("salesforce_values", "event_types:
  intro: {title: Intro, length_minutes: 30, hosts: [dana], salesforce: {attendee_record_type: Lead, ignore_guests: 1, no_show_field: No Show}}
"),
    ("source_values", "sources:
  calcom: {kind: cal.com, name: Cal.com, secret: {secret: A}, api_key: cal_hunter2, api_url: 'https://ops:hunter2@api.cal.com', poll_minutes: 0}
  calcom-2: {kind: cal.com, name: Cal.com, secret: {secret: A}, api_key: {secret: B}, api_url: api.cal.com, poll_minutes: often}
  calcom-3: {kind: cal.com, name: Cal.com, secret: {secret: A}, api_url: 'https://api.cal.com/v2', poll_minute: 5}
"),
    ("connection_off_without_one", "event_types:\n  discovery-call: {title: Intro, length_minutes: 30, hosts: [dana], salesforce: {enabled: true}}\n"),
    ("json_with_a_mistake", "{\"hosts\": {\"kim\": {\"name\": \"Kim\", \"email\": \"k@northwind.example\", \"time_zone\": \"UTC\",}}, \"sorces\": {}}\n"),
];

const LONG_NAME: &str = "hosts:\n  dana: {name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, email: d@northwind.example, time_zone: UTC}\n";

/// What is configured already when a broken file is applied.
const KNOWN: &str = "connections:
  production: {name: Production, login_host: 'https://northwind.my.salesforce.com', grant: client_credentials, client_id: x, client_secret: {secret: A}}
hosts:
  dana: {name: Dana, email: dana.known@northwind.example, time_zone: UTC}
event_types:
  discovery-call: {title: Discovery Call, length_minutes: 30, hosts: [dana]}
users:
  ops: {email: ops@northwind.example, name: Ops, role: admin}
";

/// All that is wrong with a file, laid over what is known.
fn all_errors(text: &str) -> Vec<FileError> {
    let known = read(KNOWN, "known.yaml").expect("it is sound").document;
    match read(text, "matchbook.yaml") {
        Err(errors) => errors,
        Ok(file) => {
            let problems = check(&known.with(&file.document, false), LoopbackPolicy::Refuse, |path| file.has(path));
            let mut errors: Vec<FileError> = problems.iter().map(|problem| file.locate(problem)).collect();
            errors.sort_by_key(|error| error.at);
            errors
        }
    }
}

fn errors(text: &str) -> String {
    let errors = all_errors(text);
    assert!(!errors.is_empty(), "this should be refused:\n{text}");
    errors.iter().fold(String::new(), |mut lines, error| {
        writeln!(lines, "{error}").expect("a String takes everything");
        lines
    })
}

#[test]
fn every_mistake_is_reported_at_its_place_with_how_to_mend_it() {
    assert!(BROKEN.len() >= 60, "there are {}", BROKEN.len());
    for (name, text) in BROKEN {
        let numbered = text.lines().enumerate().fold(String::new(), |mut lines, (at, line)| {
            writeln!(lines, "{:>2} | {line}", at + 1).expect("a String takes everything");
            lines
        });
        insta::assert_snapshot!(*name, format!("{numbered}\n{}", errors(text)));
    }
}

#[test]
fn no_error_repeats_a_secret() {
    for (name, text) in BROKEN {
        assert!(!errors(text).contains("hunter2"), "{name} shows what may be a secret:\n{}", errors(text));
    }
}

#[test]
fn a_file_of_more_than_a_mebibyte_is_refused() {
    assert!(errors(&"# comment\n".repeat(110_000)).contains("larger than"));
}

#[test]
fn the_documented_example_is_read() {
    let file = read(example(), "matchbook.yaml").expect("it is good");
    insta::assert_snapshot!("the_documented_example", write(&file.document));
}

#[test]
fn an_empty_file_says_nothing_and_is_fine() {
    for text in ["", "\n# nothing yet\n", "---\n", "hosts:\n", "{}"] {
        let file = read(text, "matchbook.yaml").expect("it is fine");
        assert_eq!(file.document.all().count(), 0, "{text:?}");
    }
}

#[test]
fn an_unquoted_version_and_a_simulator_on_this_machine_are_fine() {
    let text = "connections: {sim: {name: 2024, login_host: 'http://127.0.0.1:8091/', api_version: 66.0, \
                grant: client_credentials, client_id: x, client_secret: {secret: SIM}}}";
    let file = read(text, "matchbook.yaml").expect("it is good");
    let entry = file.document.get("connections", "sim").expect("it is there");
    let connection = entries::Connection::read("sim", entry).expect("it fits its type");
    assert_eq!((connection.name.as_str(), connection.api_version.as_str()), ("2024", "66.0"));
    assert_eq!(connection.login_host, "http://127.0.0.1:8091");
}

#[test]
fn every_setting_has_its_field_and_every_field_its_setting() {
    fn in_step<T: Typed>() {
        let section = keys::section(T::SECTION).expect("a section");
        let entry: Entry = full(section.keys);
        let typed = T::read("some-key", &entry).unwrap_or_else(|e| panic!("{}: {e}", section.name));
        let written = serde_json::to_value(typed).expect("JSON");
        assert_eq!(written, Value::Object(entry), "the struct of {} has other fields than its table", section.name);
    }
    in_step::<entries::Connection>();
    in_step::<entries::Host>();
    in_step::<entries::EventType>();
    in_step::<entries::Source>();
    in_step::<entries::User>();
}

/// Every setting of a table, with some value.
fn full(keys: &'static [keys::Key]) -> Entry {
    keys.iter().map(|key| (key.name.to_owned(), some_value(&key.takes))).collect()
}

fn some_value(takes: &'static Takes) -> Value {
    match takes {
        Takes::Flag => json!(true),
        Takes::Number { least, .. } => json!(least),
        Takes::Secret(_) => json!({"secret": "A_NAME"}),
        Takes::OneOf(words) => json!(words[0]),
        Takes::SourceKind => json!("cal.com"),
        Takes::Country => json!("DE"),
        Takes::Email => json!("dana@northwind.example"),
        Takes::Domain => json!("northwind.example"),
        Takes::Some(of) | Takes::SomeOrNone(of) => json!([some_value(of)]),
        Takes::By(_, of) => json!({"production": some_value(of)}),
        Takes::Group(_, keys) => Value::Object(full(keys)),
        Takes::FieldName => json!("Some_Field__c"),
        _ => json!("some-text"),
    }
}

#[test]
fn every_default_is_a_value_of_its_setting() {
    for section in keys::SECTIONS {
        for key in all_keys(section.keys) {
            if let keys::Otherwise::Is(text) = key.default {
                let sound = match key.takes {
                    Takes::Flag => ["true", "false"].contains(&text),
                    Takes::Number { .. } => key.takes.parse(text).is_ok(),
                    takes => takes.parse(text) == Ok(json!(text)),
                };
                assert!(sound, "{}.{}: {text} is no value of it", section.name, key.name);
            }
        }
    }
}

fn all_keys(keys: &'static [keys::Key]) -> Vec<&'static keys::Key> {
    let nested = keys.iter().flat_map(|key| match key.takes {
        Takes::Group(_, keys) => all_keys(keys),
        _ => Vec::new(),
    });
    keys.iter().chain(nested).collect()
}

/// Writes or compares a file that is made from the tables.
fn generated(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if std::env::var_os("MATCHBOOK_WRITE_DOCS").is_some() {
        std::fs::write(&path, expected).expect("it can be written");
    }
    let found = std::fs::read_to_string(&path).expect("it is there");
    assert_eq!(found, expected, "write it with MATCHBOOK_WRITE_DOCS=1 cargo test --workspace: {}", path.display());
}

#[test]
fn the_documentation_lists_every_key() {
    let (text, _) = DOCUMENTATION.split_once("## Sections\n").expect("docs/configuration.md has ## Sections");
    let mut expected = format!("{text}## Sections\n\n| Key | What it is for |\n|---|---|\n");
    for section in keys::SECTIONS {
        writeln!(expected, "| `{}` | {} |", section.name, section.help).expect("a String takes everything");
    }
    for section in keys::SECTIONS {
        let article = if section.one.starts_with('e') { "An" } else { "A" };
        table(&mut expected, &format!("{article} {}", section.one), section.keys);
    }
    table(&mut expected, "A secret", keys::SECRET);
    generated("docs/configuration.md", &expected);
}

fn table(text: &mut String, title: &str, keys: &'static [keys::Key]) {
    writeln!(text, "\n### {title}\n\n| Key | Takes | What it is for |\n|---|---|---|")
        .expect("a String takes everything");
    for key in keys {
        let needed = if key.required { " (required)" } else { "" };
        let default = match key.default {
            keys::Otherwise::Nothing => String::new(),
            keys::Otherwise::Is(default) => format!(" Where not given: {default}."),
            keys::Otherwise::ItsKey => " Where not given: its key.".to_owned(),
        };
        writeln!(text, "| `{}` | {}{needed} | {}{default} |", key.name, key.takes.words(), key.help)
            .expect("a String takes everything");
    }
    for key in keys {
        if let Takes::Group(_, keys) = key.takes {
            table(text, &format!("`{}` of {}", key.name, title.to_lowercase()), keys);
        }
    }
}

#[test]
fn the_schema_for_editors_is_made_from_the_same_tables() {
    let schema = serde_json::to_string_pretty(&schema()).expect("JSON");
    generated("docs/matchbook.schema.json", &format!("{schema}\n"));
}

proptest! {
    #[test]
    fn any_text_never_panics(text in "\\PC{0,200}") {
        let _ = read(&text, "matchbook.yaml");
    }

    #[test]
    fn any_yaml_like_text_never_panics(text in "([a-c]: |- |\\{|\\}|\\[|\\]|, |\n *|&a |\\*a|!x |\"|'|\\||\\?|#|~|é|\0){0,60}") {
        let _ = read(&text, "matchbook.yaml");
    }

    #[test]
    fn the_example_with_a_part_replaced_never_panics(
        from in any::<prop::sample::Index>(),
        length in 0..20_usize,
        new in "[\\PC\n]{0,10}",
    ) {
        let chars: Vec<char> = example().chars().collect();
        let from = from.index(chars.len());
        let to = (from + length).min(chars.len());
        let text: String = chars[..from].iter().copied().chain(new.chars()).chain(chars[to..].iter().copied()).collect();
        if let Err(errors) = read(&text, "matchbook.yaml") {
            prop_assert!(!errors.is_empty(), "a refused file must say why");
        }
    }
}
