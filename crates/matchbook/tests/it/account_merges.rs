//! Accounts that were known before, as an org shows them after merges and deletions.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::account_merges::{AfterMerges, WhyGone, account_after_merges};
use domain::ask::{Known, Next, RecordId};
use domain::org_shape::OrgShape;
use matchbook::crm::{directory, org_shapes};
use rstest::rstest;
use salesforce::auth::{Grant, LoginHost, LoopbackPolicy};
use salesforce::client::{ApiVersion, Client, ClientOptions, Session};
use serde_json::{Value, json};

use crate::support::{Engine, TestApp};

async fn signed_in(org_url: &str) -> (Client, Session) {
    let options =
        ClientOptions { timeout: Duration::from_secs(60), loopback: LoopbackPolicy::Allow, user_agent: "test".into() };
    let client = Client::new(options).expect("the client can be set up");
    let host = LoginHost::parse(org_url, LoopbackPolicy::Allow).expect("the simulator's address");
    let (client_id, client_secret) = ("matchbook-demo".to_owned(), "matchbook-demo".into());
    let token = client.token(&host, &Grant::ClientCredentials { client_id, client_secret }).await.expect("a token");
    let session = Session {
        instance_url: token.instance_url,
        access_token: token.access_token,
        api_version: ApiVersion::DEFAULT,
    };
    (client, session)
}

async fn shape(client: &Client, session: &Session) -> OrgShape {
    let request = org_shapes::request().expect("it fits");
    let answer = client.composite(session, &request).await.result.expect("described");
    let account = org_shapes::read(&answer).expect("readable").into_iter().find(|(object, _)| *object == "Account");
    OrgShape { account: account.expect("the Account object").1, ..OrgShape::default() }
}

/// What stands for an Account now, and how many calls it took to know.
async fn after(test: &TestApp, id: &Value) -> (AfterMerges, u64) {
    let (client, session) = signed_in(&test.org.url).await;
    let org = shape(&client, &session).await;
    test.org.take_calls().await;
    let (id, fields) = (RecordId(id.as_str().expect("an id").to_owned()), BTreeSet::from(["Website".to_owned()]));
    let mut known = Known::new();
    loop {
        match account_after_merges(&id, &fields, &known) {
            Next::Done(after) => return (after, test.org.take_calls().await),
            Next::Ask(asks) => {
                let (asks, request) = directory::requests(asks, &org).expect("it fits").together.expect("one request");
                let answer = client.composite(&session, &request).await.result.expect("answered");
                known.extend(directory::read(&client, &session, &asks, &org, answer).await.0);
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_merged_account_is_followed_and_a_deleted_one_is_gone() {
    let Some(test) = TestApp::spawn(Engine::Sqlite).await else { return };
    let load = json!({"Account": [{"@ref": "first", "Name": "First"}, {"@ref": "second", "Name": "Second"},
        {"@ref": "last", "Name": "Last", "Website": "acme.example"}, {"@ref": "gone", "Name": "Gone", "IsDeleted": true},
        {"@ref": "earlier", "Name": "Earlier", "IsDeleted": true, "MasterRecordId": "@gone"}]});
    let ids = test.org.load(load).await["refs"].clone();
    let merge = async |loser: &str, master: &str| {
        let body = json!({"object": "Account", "master": ids[master], "losers": [ids[loser]]});
        test.org.control("POST", "merge", body).await;
    };
    let (now, calls) = after(&test, &ids["first"]).await;
    assert_eq!((now.to_string().as_str(), calls), ("the Account is still there", 1));
    merge("first", "second").await;
    merge("second", "last").await;
    let (now, calls) = after(&test, &ids["first"]).await;
    assert_eq!((now.to_string().as_str(), calls), ("the Account was merged into Last", 3));
    let account = now.account().expect("the master");
    assert_eq!((json!(account.id.0), account.fields["Website"].as_str()), (ids["last"].clone(), "acme.example"));
    assert_eq!(after(&test, &ids["gone"]).await.0, AfterMerges::Gone(WhyGone::Deleted));
    assert_eq!(after(&test, &ids["earlier"]).await.0, AfterMerges::Gone(WhyGone::Deleted), "so is its master");
    let never = json!("001000000000009AAA");
    assert_eq!(after(&test, &never).await.0, AfterMerges::Gone(WhyGone::NotFound));
}
