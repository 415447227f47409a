//! Pages of rows (Salesforce facts 2.3).

use serde_json::Value;

use crate::sobject::Record;

/// One page of a query's rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The rows of this page.
    pub records: Vec<Record>,
    /// How many rows all pages hold together.
    pub total: u64,
    /// The next page; `None` means that this one is the last.
    pub next: Option<NextPage>,
}

impl Rows {
    /// Reads a page. `None` if it is none, or says that there is more without telling where: rows must never be
    /// missing unseen.
    pub(crate) fn read(mut body: Value) -> Option<Self> {
        let next = match (body["done"].as_bool(), body["nextRecordsUrl"].as_str()) {
            (Some(true), _) | (None, None) => None,
            (_, url) => Some(NextPage::read(url?)?),
        };
        let total = body["totalSize"].as_u64();
        let Value::Array(records) = body.get_mut("records")?.take() else { return None };
        let records = records.into_iter().map(|row| match row {
            Value::Object(row) => Some(Record(row)),
            _ => None,
        });
        let records: Vec<Record> = records.collect::<Option<_>>()?;
        Some(Self { total: total.unwrap_or(records.len() as u64), records, next })
    }
}

/// Where the next page of a query is: a path below `/services/data/`, good for two days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextPage(String);

impl NextPage {
    fn read(url: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-".contains(&b);
        let safe = url.starts_with("/services/data/v") && url.len() < 500 && url.bytes().all(plain);
        (safe && !url.contains("..")).then(|| Self(url.to_owned()))
    }

    pub(crate) fn path(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_says_whether_there_is_more() {
        let path = "/services/data/v66.0/query/0r8xx5R2yF2gs3VASQ-2000";
        let page = json!({"totalSize": 2086, "done": false, "nextRecordsUrl": path, "records": [{"Id": "x"}]});
        let rows = Rows::read(page).expect("this is a page");
        assert_eq!((rows.total, rows.records.len()), (2086, 1));
        assert_eq!(rows.next.as_ref().map(NextPage::path), Some(path));
        let last = Rows::read(json!({"totalSize": 0, "done": true, "records": []})).expect("this is a page");
        assert_eq!(last.next, None);
    }

    #[test]
    fn rows_are_never_cut_silently_and_no_page_leads_elsewhere() {
        for body in [
            json!({"done": false, "records": []}),
            json!({"done": false, "nextRecordsUrl": "https://evil.io/x", "records": []}),
            json!({"done": false, "nextRecordsUrl": "/services/data/v66.0/../../x", "records": []}),
            json!({"done": false, "nextRecordsUrl": "/services/data/v66.0/query/x?q=1", "records": []}),
            json!({"done": true, "records": ["not a row"]}),
            json!({"done": true}),
            json!([]),
        ] {
            assert_eq!(Rows::read(body.clone()), None, "{body} must count as unreadable");
        }
    }
}
