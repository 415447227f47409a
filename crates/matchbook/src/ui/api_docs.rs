//! `GET /api/docs`: the API as people read it, made from the document that programs read.

use std::sync::LazyLock;

use maud::{Markup, html};

use super::layout::Page;
use crate::api::reference::{Field, Form, Operation, Reference, reference};

static REFERENCE: LazyLock<Reference> = LazyLock::new(reference);

/// The API's reference; the same for everybody, with or without a session.
pub async fn page() -> Markup {
    let Reference { introduction, groups, forms } = &*REFERENCE;
    let body = html! {
        h1 { "API" }
        @for paragraph in introduction { p { (prose(paragraph)) } }
        p { "Programs read the same as an " a href="/api/v1/openapi.json" { "OpenAPI document" } "." }
        nav.api-index aria-label="Operations" {
            @for group in groups {
                h2 { (group.name) }
                p.sub { (group.description) }
                ul {
                    @for operation in &group.operations {
                        li { a href={ "#" (operation.id) } { (operation.summary) } " " (call(operation)) }
                    }
                }
            }
        }
        @for group in groups {
            @for operation in &group.operations { (shown(operation)) }
        }
        h2 id="forms" { "Forms" }
        @for form in forms { (form_shown(form)) }
    };
    Page { title: "API", user: None, refreshes: false }.render(&body)
}

fn call(operation: &Operation) -> Markup {
    html! { code { (operation.method) " " (operation.path) } }
}

fn shown(operation: &Operation) -> Markup {
    html! {
        section.card aria-labelledby=(operation.id) {
            h2 id=(operation.id) { (operation.summary) }
            p { (call(operation)) }
            @if !operation.description.is_empty() { p { (prose(&operation.description)) } }
            p.sub {
                @match &operation.scope {
                    Some(scope) => { "Takes the scope " code { (scope) } "." },
                    None => "Takes no key.",
                }
                @if let Some(body) = &operation.body { " The body is " (kind(body)) "." }
            }
            @if !operation.parameters.is_empty() { (fields("Parameters", &operation.parameters)) }
            div.scrolls {
                table aria-label="Answers" {
                    thead { tr { th scope="col" { "Status" } th scope="col" { "When" } th scope="col" { "Form" } } }
                    tbody {
                        @for answer in &operation.answers {
                            tr {
                                td { code { (answer.status) } }
                                td { (prose(&answer.description)) }
                                td { @if let Some(form) = &answer.form { (kind(form)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn form_shown(form: &Form) -> Markup {
    html! {
        section.card aria-labelledby={ "form-" (form.name) } {
            h3 id={ "form-" (form.name) } { (form.name) }
            @if !form.description.is_empty() { p { (prose(&form.description)) } }
            @if !form.words.is_empty() { p { "One of " code { (form.words.join(", ")) } "." } }
            @if !form.fields.is_empty() { (fields("Fields", &form.fields)) }
        }
    }
}

fn fields(label: &str, fields: &[Field]) -> Markup {
    html! {
        div.scrolls {
            table aria-label=(label) {
                thead { tr { th scope="col" { "Name" } th scope="col" { "What" } th scope="col" { "Meaning" } } }
                tbody {
                    @for field in fields {
                        tr {
                            td { code { (field.name) } }
                            td {
                                (kind(&field.kind))
                                div.sub {
                                    @if let Some(place) = &field.place { "in the " (place) ", " }
                                    @if field.required { "always" } @else { "may be left out" }
                                }
                            }
                            td { (prose(&field.description)) }
                        }
                    }
                }
            }
        }
    }
}

/// What something is; forms lead to where they are shown.
fn kind(words: &str) -> Markup {
    html! {
        @for (at, word) in words.split(' ').enumerate() {
            @if at > 0 { " " }
            @if REFERENCE_FORMS.contains(&word) { a href={ "#form-" (word) } { (word) } } @else { (word) }
        }
    }
}

static REFERENCE_FORMS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| REFERENCE.forms.iter().map(|form| form.name.as_str()).collect());

/// A text in which backquotes hold code.
fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
