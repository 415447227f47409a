use std::fmt::Write as _;

use proptest::prelude::*;

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
  c: {title: C, length_minutes: 15, hosts: [dana], salesforce: {enabled: 'yes', connection: production}}
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
];

fn errors(text: &str) -> String {
    let errors = read(text, "matchbook.yaml").expect_err("the file is broken");
    errors.iter().fold(String::new(), |mut lines, error| {
        writeln!(lines, "{error}").expect("a String takes everything");
        lines
    })
}

#[test]
fn every_mistake_is_reported_at_its_place_with_how_to_mend_it() {
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
    insta::assert_debug_snapshot!("the_documented_example", read(example(), "matchbook.yaml").expect("it is good"));
}

#[test]
fn an_empty_file_says_nothing_and_is_fine() {
    for text in ["", "\n# nothing yet\n", "---\n", "hosts:\n", "{}"] {
        assert_eq!(read(text, "matchbook.yaml"), Ok(WorkspaceFile::default()), "{text:?}");
    }
}

#[test]
fn an_unquoted_version_and_a_simulator_on_this_machine_are_fine() {
    let text = "connections: {sim: {name: 2024, login_host: 'http://127.0.0.1:8091/', api_version: 66.0, \
                grant: client_credentials, client_id: x, client_secret: {secret: SIM}}}";
    let file = read(text, "matchbook.yaml").expect("it is good");
    let connection = &file.connections[0];
    assert_eq!((connection.name.as_str(), connection.api_version.as_str()), ("2024", "66.0"));
    assert_eq!(connection.login_host.value, "http://127.0.0.1:8091");
}

#[test]
fn a_reference_to_what_the_file_does_not_name_is_kept_with_its_place() {
    let text = "hosts:
  dana: {name: Dana, email: dana@northwind.example, time_zone: UTC}
event_types:
  intro:
    title: Intro
    length_minutes: 15
    hosts: [dana, dnaa, kim]
    salesforce: {connection: productoin}
";
    let file = read(text, "matchbook.yaml").expect("the database may know them");
    let unknown: Vec<_> = file
        .outside_references()
        .iter()
        .map(|reference| reference.unknown("matchbook.yaml", ["dana", "production"]).to_string())
        .collect();
    assert_eq!(
        unknown,
        [
            "matchbook.yaml:7:19: event_types.intro.hosts: there is no host \"dnaa\"; did you mean \"dana\"?",
            "matchbook.yaml:7:25: event_types.intro.hosts: there is no host \"kim\"; name it under hosts",
            "matchbook.yaml:8:30: event_types.intro.salesforce.connection: there is no connection \"productoin\"; \
             did you mean \"production\"?",
        ]
    );
}

#[test]
fn the_documentation_lists_every_key() {
    let tables =
        [keys::SECTIONS, keys::CONNECTION, keys::HOST, keys::EVENT_TYPE, keys::SALESFORCE, keys::SOURCE, keys::SECRET];
    let mut documented = DOCUMENTATION.split("|---|---|---|\n").skip(1);
    for table in tables {
        let rows: String = table
            .iter()
            .map(|key| {
                let needed = if key.required { " (required)" } else { "" };
                format!("| `{}` | {}{needed} | {} |\n", key.name, key.takes, key.help)
            })
            .collect();
        let found = documented.next().expect("a table in docs/configuration.md for each kind of entry");
        assert!(found.starts_with(&rows), "docs/configuration.md should have these rows:\n{rows}");
    }
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
