//! What the API refuses before a handler is asked: methods that a URL does not have, and answers in other forms than JSON.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, header};
use mime::Mime;

use super::Problem;

/// Answers a method that the URL does not have. OPTIONS is told which there are, by the header `Allow`.
pub async fn no_such_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This URL does not take this method.")
        .detail("The header Allow names those that it takes.")
        .into_response()
}

/// Refuses requests that take no JSON for an answer.
pub async fn acceptable(request: Request, next: Next) -> Response {
    if takes_json(request.headers()) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::NOT_ACCEPTABLE, "The API answers in JSON. Nothing was done.")
        .detail("Send the header \"Accept: application/json\", or none.")
        .into_response()
}

fn takes_json(headers: &HeaderMap) -> bool {
    let mut ranges = headers.get_all(header::ACCEPT).iter().peekable();
    if ranges.peek().is_none() {
        return true;
    }
    ranges.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(covers_json)
}

/// Whether a media range takes in JSON or a problem in JSON.
fn covers_json(range: &str) -> bool {
    let Ok(range) = range.trim().parse::<Mime>() else { return range.trim().is_empty() };
    let is_wanted = range.get_param("q").is_none_or(|q| q.as_str().parse::<f32>().is_ok_and(|q| q > 0.0));
    let covers = match (range.type_(), range.subtype()) {
        (mime::STAR, mime::STAR) | (mime::APPLICATION, mime::STAR | mime::JSON) => true,
        (mime::APPLICATION, subtype) => subtype.as_str() == "problem",
        _ => false,
    };
    is_wanted && covers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_taken_where_a_range_covers_it() {
        for range in
            ["*/*", "application/json", "application/*", "application/json;q=0.5", "application/problem+json", ""]
        {
            assert!(covers_json(range), "{range}");
        }
        for range in ["text/html", "application/xml", "application/json;q=0", "image/*", "nonsense"] {
            assert!(!covers_json(range), "{range}");
        }
    }
}
