//! The OpenAPI document as people read it: operations and forms, for the page and for docs/.

use std::fmt::Write as _;

use serde_json::Value;

use super::openapi::DOCUMENT;

/// What the API offers.
#[derive(Debug)]
pub struct Reference {
    /// What to know first, paragraph by paragraph.
    pub introduction: Vec<String>,
    /// Groups of operations.
    pub groups: Vec<Group>,
    /// The forms of bodies and answers, by name.
    pub forms: Vec<Form>,
}

/// Operations on one kind of thing.
#[derive(Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Its operations.
    pub operations: Vec<Operation>,
}

/// One method of one path.
#[derive(Debug)]
pub struct Operation {
    /// Its name for generated clients.
    pub id: String,
    /// The HTTP method in capitals.
    pub method: String,
    /// The path with its parameters in braces.
    pub path: String,
    /// What it does, in a few words.
    pub summary: String,
    /// What there is to know of it.
    pub description: String,
    /// The scope that it takes, if it takes a key.
    pub scope: Option<String>,
    /// What its URL and headers may hold.
    pub parameters: Vec<Field>,
    /// The form of its body, if it has one.
    pub body: Option<String>,
    /// What it answers.
    pub answers: Vec<Answer>,
}

/// A parameter, or a field of a form.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Where a parameter stands: path, query or header.
    pub place: Option<String>,
    /// What it is, in words.
    pub kind: String,
    /// Whether it must, or will, be there.
    pub required: bool,
    /// What it means.
    pub description: String,
}

/// One answer of an operation.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: String,
    /// When it is given.
    pub description: String,
    /// The form of its body.
    pub form: Option<String>,
}

/// The form of a body.
#[derive(Debug)]
pub struct Form {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The words that it may be, where it is one.
    pub words: Vec<String>,
}

/// The reference of this version.
pub fn reference() -> Reference {
    let document = serde_json::to_value(&*DOCUMENT).expect("the document has text keys alone");
    let introduction = text(&document["info"]["description"]).split("\n\n").map(str::to_owned).collect();
    let mut operations = operations(&document);
    let mut groups = Vec::new();
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        let of_group = operations.extract_if(.., |(group, _)| *group == name).map(|(_, operation)| operation).collect();
        groups.push(Group { name, description: text(&tag["description"]), operations: of_group });
    }
    Reference { introduction, groups, forms: forms(&document) }
}

/// All operations, each with its group.
fn operations(document: &Value) -> Vec<(String, Operation)> {
    let methods = ["get", "post", "put", "patch", "delete"];
    let of_path = |(path, item): (&String, &Value)| {
        let of_method = |method: &&str| Some(operation(document, path, method, item.get(*method)?));
        methods.iter().filter_map(of_method).collect::<Vec<_>>()
    };
    members(&document["paths"]).flat_map(of_path).collect()
}

fn operation(document: &Value, path: &str, method: &str, given: &Value) -> (String, Operation) {
    let answers = members(&given["responses"]).map(|(status, answer)| {
        let answer = resolved(document, answer);
        Answer { status: status.clone(), description: text(&answer["description"]), form: form_of(answer) }
    });
    let operation = Operation {
        id: text(&given["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&given["summary"]),
        description: text(&given["description"]),
        scope: given["security"][0]["api_key"][0].as_str().map(str::to_owned),
        parameters: list(&given["parameters"]).iter().map(parameter).collect(),
        body: form_of(&given["requestBody"]),
        answers: answers.collect(),
    };
    (text(&given["tags"][0]), operation)
}

fn parameter(given: &Value) -> Field {
    Field {
        name: text(&given["name"]),
        place: Some(text(&given["in"])),
        kind: kind(&given["schema"]),
        required: given["required"] == true,
        description: text(&given["description"]),
    }
}

/// The form that a body or an answer has.
fn form_of(given: &Value) -> Option<String> {
    members(&given["content"]).next().map(|(_, content)| kind(&content["schema"]))
}

/// The target of a reference, or the value itself.
fn resolved<'d>(document: &'d Value, given: &'d Value) -> &'d Value {
    let pointer = given["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(given)
}

fn forms(document: &Value) -> Vec<Form> {
    let of_form = |(name, schema): (&String, &Value)| Form {
        name: name.clone(),
        description: text(&schema["description"]),
        fields: members(&schema["properties"]).map(|(name, field)| self::field(schema, name, field)).collect(),
        words: list(&schema["enum"])
            .iter()
            .chain(list(&schema["oneOf"]).iter().flat_map(|one| list(&one["enum"])))
            .map(text)
            .collect(),
    };
    members(&document["components"]["schemas"]).map(of_form).collect()
}

fn field(form: &Value, name: &str, given: &Value) -> Field {
    Field {
        name: name.to_owned(),
        place: None,
        kind: kind(given),
        required: list(&form["required"]).iter().any(|required| required == name),
        description: text(&given["description"]),
    }
}

/// What a schema is, in words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let choices = list(&schema["oneOf"]);
    if !choices.is_empty() {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let words: Vec<String> = list(&schema["enum"]).iter().map(text).collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    match &schema["type"] {
        Value::Array(types) => {
            let one = |name: &Value| kind_of(schema, name.as_str().unwrap_or_default());
            types.iter().map(one).collect::<Vec<_>>().join(" or ")
        }
        Value::String(name) => kind_of(schema, name),
        _ => "any JSON".to_owned(),
    }
}

fn kind_of(schema: &Value, name: &str) -> String {
    match (name, schema["format"].as_str()) {
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        ("string", Some("date-time")) => "instant".to_owned(),
        ("string", Some("email")) => "email".to_owned(),
        ("string", Some("binary")) => "bytes".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "whole number".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        (other, _) => other.to_owned(),
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Reference {
    /// The reference as Markdown.
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# API reference\n\nMade from the code; `GET /api/v1/openapi.json` gives the same to programs. [The guide](api.md) tells how to begin.\n\n{}\n",
            self.introduction.join("\n\n")
        );
        for group in &self.groups {
            _ = write!(page, "\n## {}\n\n{}\n", group.name, group.description);
            group.operations.iter().for_each(|operation| operation.markdown(&mut page));
        }
        page.push_str("\n## Forms\n");
        self.forms.iter().for_each(|form| form.markdown(&mut page));
        page
    }
}

impl Operation {
    fn markdown(&self, page: &mut String) {
        _ = write!(page, "\n### {} {}\n\n{}.", self.method, self.path, self.summary);
        if !self.description.is_empty() {
            _ = write!(page, " {}", self.description.replace('\n', " "));
        }
        let scope =
            self.scope.as_ref().map_or("Takes no key.".to_owned(), |scope| format!("Takes the scope `{scope}`."));
        _ = write!(page, " {scope}");
        if let Some(body) = &self.body {
            _ = write!(page, " The body is {body}.");
        }
        page.push_str("\n\n");
        if !self.parameters.is_empty() {
            table(page, &self.parameters);
            page.push('\n');
        }
        page.push_str("| status | | form |\n|---|---|---|\n");
        for Answer { status, description, form } in &self.answers {
            _ = writeln!(page, "| {status} | {description} | {} |", form.as_deref().unwrap_or_default());
        }
    }
}

impl Form {
    fn markdown(&self, page: &mut String) {
        _ = write!(page, "\n### {}\n\n{}\n\n", self.name, self.description.replace('\n', " "));
        if !self.words.is_empty() {
            _ = writeln!(page, "One of `{}`.", self.words.join("`, `"));
        }
        if !self.fields.is_empty() {
            table(page, &self.fields);
        }
    }
}

fn table(page: &mut String, fields: &[Field]) {
    page.push_str("| name | what | |\n|---|---|---|\n");
    for field in fields {
        let place = field.place.as_ref().map_or(String::new(), |place| format!(", in the {place}"));
        let needed = if field.required { "" } else { ", may be left out" };
        let description = field.description.replace('\n', " ");
        _ = writeln!(page, "| `{}` | {}{place}{needed} | {description} |", field.name, field.kind);
    }
}
