//! A running org with a session.

use std::sync::Once;

use orgsim::Server;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value as Json, json};

/// A status with its JSON body; null where there is none.
pub(crate) type Answer = (u16, Json);

pub(crate) struct Org {
    server: Server,
    pub(crate) client: Client,
    pub(crate) token: String,
}

/// A client that follows no redirects, so that a test sees where the browser would go.
pub(crate) fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().expect("no other provider is installed");
    });
    Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client can be made")
}

impl Org {
    pub(crate) async fn start(world: &str) -> Org {
        Org::start_described(world, Vec::new()).await
    }

    /// With objects as a real org describes them.
    pub(crate) async fn start_described(world: &str, describes: Vec<Json>) -> Org {
        let address = "127.0.0.1:0".parse().expect("an address");
        let server = Server::start_described(address, world, describes).await.expect("the org starts");
        let mut org = Org { server, client: client(), token: String::new() };
        let (status, body) = org.token(&[("grant_type", "client_credentials"), APP_ID, APP_SECRET]).await;
        assert_eq!(status, 200, "the world's app cannot sign in: {body}");
        org.token = body["access_token"].as_str().expect("an access token").to_owned();
        org
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    /// A request with the session, below the API version.
    pub(crate) fn rest(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.url(&format!("/services/data/v66.0{path}"));
        self.client.request(method, url).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.rest(Method::GET, path).send().await.expect("an answer")).await
    }

    pub(crate) async fn post(&self, path: &str, body: Json) -> Answer {
        answer(self.rest(Method::POST, path).json(&body).send().await.expect("an answer")).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Json) -> Answer {
        answer(self.rest(Method::PATCH, path).json(&body).send().await.expect("an answer")).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        answer(self.rest(Method::DELETE, path).send().await.expect("an answer")).await
    }

    pub(crate) async fn query(&self, soql: &str) -> Answer {
        answer(self.rest(Method::GET, "/query").query(&[("q", soql)]).send().await.expect("an answer")).await
    }

    pub(crate) async fn composite(&self, all_or_none: bool, subrequests: Json) -> Vec<Json> {
        let body = json!({ "allOrNone": all_or_none, "collateSubrequests": false, "compositeRequest": subrequests });
        let (status, answer) = self.post("/composite", body).await;
        assert_eq!(status, 200, "a composite is always 200 outside: {answer}");
        answer["compositeResponse"].as_array().expect("a list of answers").clone()
    }

    /// Creates a record and gives its id.
    pub(crate) async fn create(&self, object: &str, fields: Json) -> String {
        let (status, body) = self.post(&format!("/sobjects/{object}"), fields).await;
        assert_eq!(status, 201, "{object} was not created: {body}");
        body["id"].as_str().expect("an id").to_owned()
    }

    /// A field of a record.
    pub(crate) async fn field(&self, object: &str, id: &str, field: &str) -> Json {
        let (status, body) = self.get(&format!("/sobjects/{object}/{id}?fields={field}")).await;
        assert_eq!(status, 200, "{object} {id} cannot be read: {body}");
        body[field].clone()
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        let url = self.url("/services/oauth2/token");
        answer(self.client.post(url).form(form).send().await.expect("an answer")).await
    }

    /// A call to the control interface, which must succeed.
    pub(crate) async fn sim(&self, method: Method, path: &str, body: Json) -> Json {
        let (status, answer) = self.sim_raw(method, path, body).await;
        assert_eq!(status, 200, "the control interface refused {path}: {answer}");
        answer
    }

    pub(crate) async fn sim_raw(&self, method: Method, path: &str, body: Json) -> Answer {
        let request = self.client.request(method, self.url(&format!("/_sim/{path}")));
        let request = if body.is_null() { request } else { request.json(&body) };
        answer(request.send().await.expect("an answer")).await
    }

    /// Comes back when a request has met a fault that holds it.
    pub(crate) async fn until_held(&self) {
        loop {
            let faults = self.sim(Method::GET, "faults", Json::Null).await;
            let list = faults["faults"].as_array().expect("faults");
            if list.iter().any(|fault| fault["effect"]["hold"] == true && fault["hits"] == 1) && faults["held"] == 1 {
                break;
            }
        }
    }

    /// Comes back when a call of that kind is in the log.
    pub(crate) async fn until_logged(&self, kind: &str) {
        loop {
            let log = self.sim(Method::GET, "calls", Json::Null).await;
            if log["calls"].as_array().is_some_and(|calls| calls.iter().any(|call| call["kind"] == kind)) {
                break;
            }
        }
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}

pub(crate) const APP_ID: (&str, &str) = ("client_id", "matchbook-demo");
pub(crate) const APP_SECRET: (&str, &str) = ("client_secret", "matchbook-demo");

pub(crate) async fn answer(response: Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.expect("a whole body");
    let body = if text.is_empty() { Json::Null } else { serde_json::from_str(&text).expect("a JSON body") };
    (status, body)
}

/// The error code of a refused row.
pub(crate) fn code(answer: &Answer) -> (u16, &str) {
    (answer.0, answer.1[0]["errorCode"].as_str().unwrap_or_default())
}
