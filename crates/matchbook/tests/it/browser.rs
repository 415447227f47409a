//! A browser without scripts.

use reqwest::header::{HeaderMap, SET_COOKIE};

use crate::support::{TestApp, add_user};

pub(crate) const PASSWORD: &str = "a long password";

/// A browser that keeps one cookie and follows no redirect by itself.
pub(crate) struct Browser {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) cookie: Option<String>,
    pub(crate) address: Option<&'static str>,
}

pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        assert!(self.text.contains(words), "the page should say {words:?}: {}", self.text);
    }

    #[track_caller]
    pub(crate) fn lacks(&self, words: &str) {
        assert!(!self.text.contains(words), "the page should not say {words:?}: {}", self.text);
    }
}

impl Browser {
    pub(crate) fn new(test: &TestApp) -> Browser {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Browser { url: test.url.clone(), http: http.build().expect("a client"), cookie: None, address: None }
    }

    /// A browser in which a user with this role has signed in.
    pub(crate) async fn signed_in(test: &TestApp, email: &str, role: &str) -> Browser {
        add_user(&test.app, email, role).await;
        let mut browser = Browser::new(test);
        assert_eq!(browser.sign_in(email, PASSWORD).await.status, 303);
        browser
    }

    pub(crate) async fn get(&mut self, path: &str) -> Seen {
        let request = self.http.get(format!("{}{path}", self.url));
        self.send(request).await
    }

    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let request = self.http.post(format!("{}{path}", self.url)).header("Origin", &self.url).form(fields);
        self.send(request).await
    }

    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Seen {
        self.submit("/sign-in", &[("email", email), ("password", password), ("next", "/bookings?scope=past")]).await
    }

    pub(crate) async fn send(&mut self, mut request: reqwest::RequestBuilder) -> Seen {
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        if let Some(address) = self.address {
            request = request.header("X-Forwarded-For", address);
        }
        let response = request.send().await.expect("the server answers");
        if let Some(set) = response.headers().get(SET_COOKIE) {
            let set = set.to_str().expect("a text");
            self.cookie = set.split(';').next().filter(|pair| !pair.ends_with('=')).map(str::to_owned);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Seen { status, headers, text: response.text().await.expect("a text") }
    }
}
