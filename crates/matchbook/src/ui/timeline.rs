//! The sync timeline of a booking: each run, what it asked Salesforce and what was answered.

use domain::trace::ResolutionTrace;
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;
use url::form_urlencoded;

use super::decision_steps;
use super::icons::Icon;
use super::sync_word::badge;
use super::times;
use crate::store::{CallRow, Connection, RunRow};

/// How a run ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Synced,
    Later,
    Held,
    Running,
    Interrupted,
}

impl Ending {
    /// `working` says whether a worker has the booking now; then its latest run is the one that goes on.
    fn of(run: &RunRow, latest: bool, working: bool) -> Self {
        match run.outcome.as_deref() {
            Some("synced") => Ending::Synced,
            Some("held") => Ending::Held,
            Some(_) => Ending::Later,
            None if latest && working => Ending::Running,
            None => Ending::Interrupted,
        }
    }

    fn badge(self) -> Markup {
        match self {
            Ending::Synced => badge("good", Icon::Check, &html! { "Synced" }),
            Ending::Later => badge("wait", Icon::Clock, &html! { "To be tried again" }),
            Ending::Held => badge("bad", Icon::Alert, &html! { "Needs attention" }),
            Ending::Running => badge("busy", Icon::Turning, &html! { "Running…" }),
            Ending::Interrupted => badge("wait", Icon::Slash, &html! { "Interrupted" }),
        }
    }
}

/// The runs, the latest first.
/// `connection` is where their records are.
pub(super) fn runs(runs: &[RunRow], working: bool, connection: Option<&Connection>) -> Markup {
    html! {
        ol.runs {
            @for (at, each) in runs.iter().enumerate() {
                li.run { (run(each, Ending::of(each, at == 0, working), connection)) }
            }
        }
    }
}

fn run(run: &RunRow, ending: Ending, connection: Option<&Connection>) -> Markup {
    html! {
        div.run-head {
            (ending.badge())
            span.sub {
                (times::moment(run.started_at))
                @if let Some(finished) = run.finished_at { ", took " (took(run.started_at, finished)) }
                " · change " (run.version) " of the booking"
            }
        }
        @if let Some(summary) = &run.summary { p.summary { (summary) } }
        @if ending == Ending::Interrupted {
            p.summary { "The server stopped during this run. The next run looks at what took effect before it writes." }
        }
        @if !run.notes.is_empty() {
            ul.notes { @for note in &run.notes { li { (note) } } }
        }
        @if let Some(ResolutionTrace { chosen, trace }) = &run.account {
            details id={ (run.id) "-account" } {
                summary { "How the account was found" }
                (decision_steps::account(trace, chosen.as_ref(), connection))
            }
        }
        @if run.calls.is_empty() && run.finished_at.is_some() {
            p.sub { "No request to Salesforce was needed." }
        }
        @if !run.calls.is_empty() {
            ol.calls {
                @for (at, each) in run.calls.iter().enumerate() {
                    li { (call(each, &format!("{}-{at}", run.id), ending == Ending::Running)) }
                }
            }
        }
    }
}

fn call(call: &CallRow, id: &str, running: bool) -> Markup {
    html! {
        div.call-head {
            strong { (call.purpose) }
            span.sub {
                @if let Some(status) = call.status { "HTTP " (status) " · " }
                @if let Some(milliseconds) = call.milliseconds { (milliseconds) " ms · " }
                (times::second(call.sent_at))
            }
        }
        @if call.answered.is_none() {
            p.summary {
                @if running { "Waiting for the answer…" } @else {
                    "No answer is known. Salesforce may have done this or not; the next run settles that before anything else is written."
                }
            }
        }
        @if let Some(answered) = &call.answered {
            @for refusal in refusals(answered) { p.summary { (refusal) } }
        }
        div.bodies {
            details id={ (id) "-asked" } {
                summary { "Asked" span.sr { ": " (call.purpose) } }
                (asked_block(&call.asked))
            }
            @if let Some(answered) = &call.answered {
                details id={ (id) "-answered" } {
                    summary { "Answered" span.sr { ": " (call.purpose) } }
                    (json_block(answered))
                }
            }
        }
    }
}

/// What an answer refuses, as whole or in its parts, and why there is none.
fn refusals(answered: &str) -> Vec<String> {
    let Ok(Value::Object(answer)) = serde_json::from_str(answered) else { return Vec::new() };
    let no_answer = answer.get("error").and_then(Value::as_str).map(|error| format!("No answer came: {error}."));
    let whole = answer.get("errors");
    let parts = answer.values().filter_map(|part| part.get("errors"));
    let errors = whole.into_iter().chain(parts).filter_map(Value::as_array).flatten();
    let told = errors.map(|error| format!("Refused: {} ({}).", text(error, "message"), text(error, "errorCode")));
    no_answer.into_iter().chain(told).collect()
}

fn text<'a>(error: &'a Value, key: &str) -> &'a str {
    error.get(key).and_then(Value::as_str).unwrap_or_default().trim_end_matches('.')
}

fn took(start: Timestamp, end: Timestamp) -> String {
    match end.duration_since(start).as_millis() {
        ms @ ..1000 => format!("{} ms", ms.max(0)),
        ms @ ..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        ms => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// What was asked, with the queries in its URLs decoded: they are read more often than copied.
fn asked_block(text: &str) -> Markup {
    let Ok(Value::Array(mut parts)) = serde_json::from_str(text) else { return json_block(text) };
    for part in &mut parts {
        if let Some(Value::String(url)) = part.get_mut("url") {
            *url = decoded(url);
        }
    }
    json_block(&Value::Array(parts).to_string())
}

fn decoded(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let pairs: Vec<String> =
        form_urlencoded::parse(query.as_bytes()).map(|(name, value)| format!("{name}={value}")).collect();
    format!("{path}?{}", pairs.join("&"))
}

/// JSON with a line for each value; what is no JSON, as it is.
pub(super) fn json_block(text: &str) -> Markup {
    let pretty = serde_json::from_str::<Value>(text).ok().and_then(|v| serde_json::to_string_pretty(&v).ok());
    code_block(pretty.as_deref().unwrap_or(text))
}

/// Text as it is, which scrolls by keyboard too where it is wide.
pub(super) fn code_block(text: &str) -> Markup {
    html! { pre tabindex="0" { code { (text) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn a_run(outcome: Option<&str>, answered: Option<&str>) -> RunRow {
        let call = CallRow {
            purpose: "Create the Event".into(),
            asked: "[{\"method\":\"POST\"}]".into(),
            answered: answered.map(str::to_owned),
            status: answered.map(|_| 200),
            milliseconds: answered.map(|_| 143),
            sent_at: at(1),
        };
        RunRow {
            id: "run_1".into(),
            version: 2,
            started_at: at(0),
            finished_at: outcome.map(|_| at(1)),
            outcome: outcome.map(str::to_owned),
            summary: None,
            notes: vec!["<b>kept</b>".into()],
            account: None,
            calls: vec![call],
        }
    }

    #[test]
    fn a_run_tells_what_was_asked_and_answered() {
        let html = runs(&[a_run(Some("synced"), Some("{\"e\":\"done\"}"))], false, None).into_string();
        for expected in
            ["Synced", "HTTP 200 · ", "143 ms", "&quot;e&quot;: &quot;done&quot;", "took 1.0 s", "&lt;b&gt;kept"]
        {
            assert!(html.contains(expected), "{expected} is missing from {html}");
        }
    }

    #[test]
    fn a_refusal_is_told_beside_its_call() {
        let part =
            r#"{"p0":{"id":"003"},"w1":{"status":400,"errors":[{"errorCode":"A_RULE","message":"Fill in Region."}]}}"#;
        assert_eq!(refusals(part), ["Refused: Fill in Region (A_RULE)."]);
        let whole = r#"{"status":403,"errors":[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests"}]}"#;
        assert_eq!(refusals(whole), ["Refused: TotalRequests (REQUEST_LIMIT_EXCEEDED)."]);
        assert_eq!(
            refusals(r#"{"error":"the connection was closed"}"#),
            ["No answer came: the connection was closed."]
        );
        assert!(refusals(r#"{"q0":{"total":0,"records":[]}}"#).is_empty());
        assert!(refusals("not JSON").is_empty());
    }

    #[test]
    fn a_query_is_shown_as_one_reads_it() {
        let asked = r#"[{"method":"GET","url":"/services/data/v66.0/query?q=SELECT%20Id%2CEmail+FROM%20Contact"}]"#;
        let html = asked_block(asked).into_string();
        assert!(html.contains("query?q=SELECT Id,Email FROM Contact&quot;"), "{html}");
    }

    #[test]
    fn a_call_without_an_answer_says_so() {
        assert!(runs(&[a_run(Some("waiting"), None)], false, None).into_string().contains("No answer is known"));
        assert!(runs(&[a_run(None, None)], true, None).into_string().contains("Waiting for the answer…"));
    }

    #[test]
    fn a_run_of_a_stopped_server_is_not_shown_as_running() {
        assert!(runs(&[a_run(None, None)], false, None).into_string().contains("Interrupted"));
        let two = [a_run(Some("synced"), None), a_run(None, None)];
        assert!(!runs(&two, true, None).into_string().contains("Running…"), "only the latest run can be under way");
    }
}
