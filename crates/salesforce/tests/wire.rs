//! The client against a server that misbehaves on a real connection.

use std::net::SocketAddr;
use std::time::Duration;

use salesforce::auth::{AuthAction, Grant, InstanceUrl, LoginHost, LoopbackPolicy};
use salesforce::client::{ApiVersion, Call, CallError, Client, ClientOptions, Described, Session};
use salesforce::composite::{
    CompositeRequest, CreateOptions, FieldValue, RecordBody, ReferenceId, SubAnswer, Subrequest,
};
use salesforce::error::ErrorKind;
use salesforce::limits::ApiUsage;
use salesforce::query::Rows;
use salesforce::sobject::{ApiName, SalesforceId};
use salesforce::soql::{Condition, Select};
use salesforce::sosl::Find;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const CONTACT: ApiName = ApiName::of("Contact");
const ID: ApiName = ApiName::of("Id");

/// What the server does with the one connection it takes.
enum Reply {
    /// Reads the request and sends this.
    Send(String),
    /// Closes at once, the request unread.
    CloseUnread,
    /// Reads the request, then closes.
    CloseAfterReading,
    /// Reads the request, then says nothing until the client gives up.
    Silence,
    /// Promises more than it sends, then closes.
    Truncated,
    /// Sends until the client has enough.
    Endless,
}

/// Starts the server. The handle gives the request as it came in.
async fn serve(reply: Reply) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("the client connects");
        if matches!(reply, Reply::CloseUnread) {
            return String::new();
        }
        let request = read_request(&mut stream).await;
        answer(&mut stream, reply).await;
        request
    });
    (address, server)
}

async fn answer(stream: &mut TcpStream, reply: Reply) {
    let chunk = vec![b' '; 1 << 20];
    match reply {
        Reply::Send(text) => stream.write_all(text.as_bytes()).await.expect("the client listens"),
        Reply::Truncated => {
            let text = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"compositeResponse\":[";
            stream.write_all(text).await.expect("the client listens");
        }
        Reply::Silence => {
            let _ = stream.read(&mut [0]).await;
        }
        Reply::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&chunk).await.is_ok() {}
        }
        Reply::CloseUnread | Reply::CloseAfterReading => {}
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut buffer).await.expect("the client sends") {
            0 => return text,
            n => read.extend_from_slice(&buffer[..n]),
        }
    }
}

fn http(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Send(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"))
}

fn client(timeout: Duration) -> Client {
    let options = ClientOptions { timeout, loopback: LoopbackPolicy::Allow, user_agent: "test".into() };
    Client::new(options).expect("the client can be set up")
}

fn patient() -> Client {
    client(Duration::from_secs(60))
}

fn session(address: SocketAddr) -> Session {
    Session {
        instance_url: InstanceUrl::parse(&format!("http://{address}"), LoopbackPolicy::Allow)
            .expect("loopback is allowed"),
        access_token: "00Dtoken".into(),
        api_version: ApiVersion::DEFAULT,
    }
}

fn name(text: &str) -> ReferenceId {
    ReferenceId::parse(text).expect("a name of the test is valid")
}

fn id(text: &str) -> SalesforceId {
    SalesforceId::parse(text).expect("an id of the test is valid")
}

fn create() -> CompositeRequest {
    let mut body = RecordBody::default();
    body.set(ApiName::of("LastName"), "Ruiz");
    let mut request = CompositeRequest::default();
    let part = Subrequest::Create { object: CONTACT, body, options: CreateOptions::default() };
    request.push(name("p0"), part).expect("one part fits");
    request
}

async fn write_against(reply: Reply) -> CallError {
    let (address, _server) = serve(reply).await;
    let call = patient().composite(&session(address), &create()).await;
    call.result.expect_err("the write has no result")
}

async fn query_against(reply: Reply) -> Call<Rows> {
    let (address, _server) = serve(reply).await;
    patient().query(&session(address), &Select::from(CONTACT, [ID]), false).await
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    drop(listener);
    let call = patient().composite(&session(address), &create()).await;
    let error = call.result.expect_err("nobody listens");
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
    assert!(!error.may_have_happened(), "it may be sent again at once");
    assert_eq!(call.record.status, None);
}

#[tokio::test]
async fn a_connection_lost_before_or_after_reading_leaves_a_write_unclear() {
    for reply in [Reply::CloseUnread, Reply::CloseAfterReading, Reply::Truncated] {
        let error = write_against(reply).await;
        assert!(matches!(error, CallError::Unclear(_)), "{error:?}");
        assert!(error.may_have_happened(), "the record may exist: looking comes before repeating");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_leaves_a_write_unclear() {
    let (address, _server) = serve(Reply::Silence).await;
    let call = client(Duration::from_millis(200)).composite(&session(address), &create()).await;
    let error = call.result.expect_err("nothing was answered");
    assert_eq!(error, CallError::Unclear("it took too long".into()));
}

#[tokio::test]
async fn a_page_of_html_on_503_is_unreadable_and_passes() {
    let reply = http("503 Service Unavailable", "Retry-After: 30\r\n", "<html>Down for maintenance</html>");
    let error = write_against(reply).await;
    let CallError::Unreadable { status, retry_after, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*status, *retry_after), (503, Some(Duration::from_secs(30))));
    assert_eq!(error.kind(), ErrorKind::Passing);
}

#[tokio::test]
async fn html_on_200_is_unreadable() {
    let call = query_against(http("200 OK", "", "<html>Sign in</html>")).await;
    assert!(matches!(call.result, Err(CallError::Unreadable { status: 200, .. })), "{:?}", call.result);
    assert_eq!(call.record.status, Some(200));
}

#[tokio::test]
async fn an_endless_answer_is_given_up() {
    let call = query_against(Reply::Endless).await;
    assert!(matches!(call.result, Err(CallError::Unreadable { status: 200, .. })), "{:?}", call.result);
}

#[tokio::test]
async fn a_redirect_is_refused_and_the_token_goes_nowhere_else() {
    let (elsewhere, taken) = serve(http("200 OK", "", "{}")).await;
    let location = format!("Location: http://{elsewhere}/\r\n");
    let call = query_against(http("302 Found", &location, "")).await;
    let error = call.result.expect_err("redirects are not followed");
    assert!(matches!(error, CallError::Refused { status: 302, .. }), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Blocked);
    assert!(!taken.is_finished(), "nobody may have called the other server");
    taken.abort();
}

#[tokio::test]
async fn an_expired_session_asks_for_a_new_token_but_missing_rights_do_not() {
    let body = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
    let expired = query_against(http("401 Unauthorized", "", body)).await.result;
    assert_eq!(expired, Err(CallError::Unauthorized));
    let body =
        r#"[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]"#;
    let error = query_against(http("403 Forbidden", "", body)).await.result.expect_err("this is a refusal");
    assert_eq!(error.kind(), ErrorKind::Blocked, "a new token would not help: {error}");
    assert!(error.advice().contains("API Enabled"), "{}", error.advice());
}

#[tokio::test]
async fn a_used_up_quota_is_told_with_its_record() {
    let body = r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#;
    let call = query_against(http("403 Forbidden", "Sforce-Limit-Info: api-usage=15000/15000\r\n", body)).await;
    assert_eq!(call.result.map_err(|error| error.kind()), Err(ErrorKind::Limit));
    assert_eq!(call.record.api_usage, Some(ApiUsage { used: 15_000, limit: 15_000 }));
}

#[tokio::test]
async fn a_query_says_who_asks_and_its_record_tells_no_personal_data() {
    let page = json!({"totalSize": 1, "done": true, "records": [{"Id": "0031i000013x2TEAAY"}]}).to_string();
    let (address, server) = serve(http("200 OK", "", &page)).await;
    let select = Select::from(CONTACT, [ID]).filter(Condition::eq(ApiName::of("Email"), "dana+a@acme.com"));
    let call = patient().query(&session(address), &select, true).await;
    let rows = call.result.expect("the rows are there");
    assert_eq!(rows.records[0].id("Id"), Some(id("0031i000013x2TEAAY")));
    assert_eq!(call.record.path, "/services/data/v66.0/queryAll", "the record must not hold the email");
    let request = server.await.expect("the server has the request").to_lowercase();
    assert!(request.starts_with("get /services/data/v66.0/queryall?q=select%20id%20from%20contact"), "{request}");
    assert!(request.contains("dana%2ba%40acme.com"), "a plus must arrive as a plus: {request}");
    for header in
        ["authorization: bearer 00dtoken", "sforce-auto-assign: false", "sforce-call-options: client=matchbook"]
    {
        assert!(request.contains(header), "{header} is missing: {request}");
    }
    assert!(request.contains("sforce-query-options: batchsize=2000"), "{request}");
}

#[tokio::test]
async fn the_next_page_is_asked_for_where_the_first_one_says() {
    let path = "/services/data/v66.0/query/0r8xx5R2yF2gs3VASQ-2000";
    let page = json!({"totalSize": 1, "done": false, "nextRecordsUrl": path, "records": []}).to_string();
    let next =
        query_against(http("200 OK", "", &page)).await.result.expect("a page is there").next.expect("there is more");
    let (address, server) = serve(http("200 OK", "", r#"{"totalSize":1,"done":true,"records":[{}]}"#)).await;
    let last = patient().query_more(&session(address), &next).await.result.expect("the last page is there");
    assert_eq!((last.records.len(), last.next), (1, None));
    let request = server.await.expect("the server has the request");
    assert!(request.starts_with(&format!("GET {path} ")), "{request}");
}

#[tokio::test]
async fn a_search_is_one_call_whose_answer_is_rows_or_unreadable_but_never_nothing() {
    let find = Find::any_of(["acme.com"], ApiName::of("Account"), [ID]).expect("there is something to look for");
    let search = async |body: Value| {
        let (address, server) = serve(http("200 OK", "", &body.to_string())).await;
        (patient().search(&session(address), &find).await, server)
    };
    let (call, server) = search(json!({"searchRecords": [{"Id": "0011i000013x2TEAAY"}]})).await;
    assert_eq!(call.result.expect("the rows are there")[0].id("Id"), Some(id("0011i000013x2TEAAY")));
    assert_eq!(call.record.path, "/services/data/v66.0/search", "the record must not hold the term");
    let request = server.await.expect("the server has the request");
    let start =
        "GET /services/data/v66.0/search?q=FIND%20%7B%22acme.com%22%7D%20IN%20ALL%20FIELDS%20RETURNING%20Account";
    assert!(request.starts_with(start), "{request}");
    let (empty, _) = search(json!({"searchRecords": []})).await;
    assert_eq!(empty.result.expect("nothing was found"), []);
    for body in [json!({}), json!([]), json!({"searchRecords": ["not a row"]})] {
        let (call, _) = search(body).await;
        assert!(matches!(call.result, Err(CallError::Unreadable { .. })), "{:?}", call.result);
    }
}

#[tokio::test]
async fn a_token_says_whom_it_stands_for_until_it_is_dead() {
    let body = json!({"user_id": "005dM00000aYaE3QAK", "organization_id": "00DdM00000vfgTuUAI",
        "preferred_username": "sync@acme.com", "name": "Sync", "email": "it@acme.com"});
    let (address, _server) = serve(http("200 OK", "", &body.to_string())).await;
    let user = patient().user_info(&session(address)).await.result.expect("the user is known");
    assert_eq!((user.organization_id, user.username.as_str()), (id("00DdM00000vfgTuUAI"), "sync@acme.com"));
    let (address, _server) = serve(http("403 Forbidden", "", "Bad_OAuth_Token")).await;
    let dead = patient().user_info(&session(address)).await.result;
    assert_eq!(dead, Err(CallError::Unauthorized));
}

#[tokio::test]
async fn a_token_is_taken_back() {
    let (address, server) = serve(http("200 OK", "", "")).await;
    let host = LoginHost::parse(&format!("http://{address}"), LoopbackPolicy::Allow).expect("loopback is allowed");
    assert_eq!(patient().revoke(&host, &"5Aep".into()).await, Ok(()));
    let request = server.await.expect("the server has the request");
    assert!(request.starts_with("POST /services/oauth2/revoke ") && request.ends_with("token=5Aep"), "{request}");
}

#[tokio::test]
async fn a_describe_is_not_read_again_when_nothing_changed() {
    let (address, server) = serve(Reply::Send("HTTP/1.1 304 Not Modified\r\n\r\n".into())).await;
    let since = "Fri, 14 Aug 2020 20:53:02 GMT";
    let call = patient().describe(&session(address), &CONTACT, Some(since)).await;
    assert_eq!(call.result, Ok(Described::NotModified));
    let request = server.await.expect("the server has the request");
    assert!(request.contains(since), "{request}");
}

#[tokio::test]
async fn each_part_of_a_composite_request_gets_its_answer() {
    let mut request = create();
    let mut event = RecordBody::default();
    event.set(ApiName::of("WhoId"), FieldValue::IdOf(name("p0")));
    event.set(ApiName::of("Subject"), "Demo @{p0.id}");
    let part = Subrequest::Create { object: ApiName::of("Event"), body: event, options: CreateOptions::default() };
    request.push(name("e"), part).expect("two parts fit");
    request.push(name("gone"), Subrequest::Delete { object: CONTACT, id: id("0031i000013x2TE") }).expect("it fits");
    let answer = json!({"compositeResponse": [
        {"referenceId": "e", "httpStatusCode": 400, "httpHeaders": {},
         "body": [{"errorCode": "INVALID_FIELD", "message": "No such column 'X__c' on sobject of type Event"}]},
        {"referenceId": "p0", "httpStatusCode": 201, "body": {"id": "0031i000013x2TEAAY", "success": true, "errors": []}}]});
    let (address, server) = serve(http("200 OK", "", &answer.to_string())).await;
    let answer = patient().composite(&session(address), &request).await.result.expect("the answer is read");

    assert_eq!(answer.get("p0"), Some(&SubAnswer::Saved { id: id("0031i000013x2TEAAY"), created: true }));
    assert_eq!(answer.get("e").and_then(SubAnswer::refusal), Some(ErrorKind::Field));
    assert_eq!(answer.get("gone"), Some(&SubAnswer::Unreadable), "a part without an answer is not taken for done");

    let sent = server.await.expect("the server has the request");
    let (_, body) = sent.split_once("\r\n\r\n").expect("the request has a body");
    let body: Value = serde_json::from_str(body).expect("the body is JSON");
    assert_eq!((&body["allOrNone"], &body["collateSubrequests"]), (&json!(false), &json!(false)));
    let event = &body["compositeRequest"][1];
    assert_eq!(
        event["body"],
        json!({"WhoId": "@{p0.id}", "Subject": "Demo @ {p0.id}"}),
        "an outside text refers to nothing"
    );
    assert_eq!(event["httpHeaders"]["Sforce-Auto-Assign"], "FALSE", "parts do not inherit this header");
}

fn refresh() -> Grant {
    Grant::RefreshToken { client_id: "key".into(), client_secret: "hush".into(), refresh_token: "5Aep".into() }
}

async fn token_against(reply: Reply) -> Result<salesforce::auth::TokenAnswer, salesforce::auth::AuthError> {
    let (address, _server) = serve(reply).await;
    let host = LoginHost::parse(&format!("http://{address}"), LoopbackPolicy::Allow).expect("loopback is allowed");
    patient().token(&host, &refresh()).await
}

#[tokio::test]
async fn a_token_is_asked_for_and_its_secrets_are_never_printed() {
    let body = json!({"access_token": "00Dsecret", "refresh_token": "5Anew", "issued_at": "1278448384422",
        "instance_url": "https://acme.my.salesforce.com",
        "id": "https://login.salesforce.com/id/00DdM00000vfgTuUAI/005dM00000aYaE3QAK"});
    let token = token_against(http("200 OK", "", &body.to_string())).await.expect("the token is there");
    assert_eq!(token.organization_id().map(|id| id.to_string()).as_deref(), Some("00DdM00000vfgTuUAI"));
    assert_eq!(token.user_id().map(|id| id.to_string()).as_deref(), Some("005dM00000aYaE3QAK"));
    assert_eq!(token.issued_at.map(|at| at.as_millisecond()), Some(1_278_448_384_422));
    let printed = format!("{token:?} {:?}", refresh());
    for secret in ["00Dsecret", "5Anew", "hush", "5Aep"] {
        assert!(!printed.contains(secret), "{secret} was printed: {printed}");
    }
}

#[tokio::test]
async fn an_instance_url_elsewhere_is_refused() {
    let body = json!({"access_token": "00Dsecret", "instance_url": "https://acme.my.salesforce.com.evil.io"});
    let error = token_against(http("200 OK", "", &body.to_string())).await.expect_err("the host is not Salesforce's");
    assert_eq!(error.action, AuthAction::Admin);
}

#[tokio::test]
async fn a_refused_token_says_who_has_to_act() {
    let refused = async |status: &str, error: &str, description: &str| {
        let body = json!({"error": error, "error_description": description}).to_string();
        token_against(http(status, "", &body)).await.expect_err("there is no token").action
    };
    let bad = "400 Bad Request";
    let busy = "token request is already being processed";
    assert_eq!(refused(bad, "invalid_grant", busy).await, AuthAction::Retry);
    assert_eq!(refused(bad, "invalid_grant", "expired access/refresh token").await, AuthAction::Reconnect);
    assert_eq!(refused(bad, "invalid_grant", "ip restricted").await, AuthAction::Admin);
    assert_eq!(refused(bad, "invalid_client", "invalid client credentials").await, AuthAction::Admin);
    assert_eq!(refused("503 Service Unavailable", "x", "").await, AuthAction::Retry);
    let lost = token_against(Reply::CloseAfterReading).await.expect_err("there is no token");
    assert_eq!(lost.action, AuthAction::Retry);
}
