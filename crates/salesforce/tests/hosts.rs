//! Which hosts a connection may go to.

use salesforce::auth::{AuthorizationRequest, HostError, InstanceUrl, LoginHost, LoopbackPolicy};

fn parse(text: &str) -> Result<String, HostError> {
    LoginHost::parse(text, LoopbackPolicy::Refuse).map(|host| host.to_string())
}

#[test]
fn salesforce_hosts_are_accepted_in_any_common_spelling() {
    for (typed, host) in [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://test.salesforce.com/", "https://test.salesforce.com"),
        (" acme.my.salesforce.com ", "https://acme.my.salesforce.com"),
        ("https://ACME.my.salesforce.com:443", "https://acme.my.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com"),
        ("https://x-dev-ed.develop.my.salesforce.com", "https://x-dev-ed.develop.my.salesforce.com"),
    ] {
        assert_eq!(parse(typed).as_deref(), Ok(host), "{typed}");
    }
}

#[test]
fn other_hosts_are_refused_with_the_way_to_mend_it() {
    for (typed, hint) in [
        ("http://login.salesforce.com", "https://"),
        ("ftp://login.salesforce.com", "https://"),
        ("https://x.my.salesforce.com.evil.io", "not a Salesforce host"),
        ("https://evilmy.salesforce.com", "not a Salesforce host"),
        ("https://my.salesforce.com", "not a Salesforce host"),
        ("https://.my.salesforce.com", "not a"),
        ("https://salesforce.com", "not a Salesforce host"),
        ("https://notlogin.salesforce.com", "not a Salesforce host"),
        ("https://acme.my.salesforce.com.", "not a Salesforce host"),
        ("https://10.0.0.1", "not a Salesforce host"),
        ("https://[fd00::1]", "not a Salesforce host"),
        ("https://login.salesforce.com@evil.io", "the user"),
        ("https://user:pw@login.salesforce.com", "the user"),
        ("https://login.salesforce.com:8443", "the port"),
        ("https://login.salesforce.com/services", "the path"),
        ("https://login.salesforce.com?a=b", "?"),
        ("https://acme.lightning.force.com", "My Domain"),
        ("https://evil.io#.my.salesforce.com", "#"),
        ("https://evil.io\\.my.salesforce.com", "the path"),
        ("", "not an address"),
        ("not a host", "not an address"),
    ] {
        let error = parse(typed).expect_err(typed).to_string();
        assert!(error.contains(hint), "{typed:?}: {error}");
    }
}

#[test]
fn this_machine_is_accepted_only_when_the_operator_allows_it() {
    for typed in ["http://localhost:8080", "http://127.0.0.1:9", "http://[::1]:9", "http://127.1"] {
        let error = parse(typed).expect_err(typed).to_string();
        assert!(error.contains("operator"), "{error}");
        assert!(InstanceUrl::parse(typed, LoopbackPolicy::Allow).is_ok(), "{typed}");
    }
    for typed in ["http://localhost.evil.io", "http://acme.my.salesforce.com", "http://0.0.0.0", "ftp://localhost"] {
        assert!(InstanceUrl::parse(typed, LoopbackPolicy::Allow).is_err(), "{typed} is not this machine");
    }
}

#[test]
fn the_authorization_address_carries_its_parts_unharmed() {
    let host = LoginHost::parse("acme.my.salesforce.com", LoopbackPolicy::Refuse).expect("this is a My Domain");
    let request = AuthorizationRequest {
        client_id: "3MVG9&x=1",
        redirect_uri: "https://book.acme.com/callback?a=b",
        state: "s",
        code_challenge: "c",
    };
    let url = host.authorization_url(&request);
    assert!(url.starts_with("https://acme.my.salesforce.com/services/oauth2/authorize?response_type=code&"), "{url}");
    assert!(
        url.contains("client_id=3MVG9%26x%3D1&redirect_uri=https%3A%2F%2Fbook.acme.com%2Fcallback%3Fa%3Db&"),
        "{url}"
    );
}
