//! A record's fields, kept sparsely: a large org holds a million rows of sixty fields, mostly unset.

use crate::value::Value;

/// The position of a field in its object's field list.
pub type Ordinal = u16;

/// One record: its set fields, sorted by ordinal. Absent means null.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    fields: Vec<(Ordinal, Value)>,
}

impl Row {
    /// The value of a field; null when it was never set.
    pub fn get(&self, ordinal: Ordinal) -> &Value {
        match self.fields.binary_search_by_key(&ordinal, |(o, _)| *o) {
            Ok(at) => &self.fields[at].1,
            Err(_) => &Value::Null,
        }
    }

    /// Sets a field and gives back what it held. Null removes it.
    pub fn set(&mut self, ordinal: Ordinal, value: Value) -> Value {
        match (self.fields.binary_search_by_key(&ordinal, |(o, _)| *o), value.is_null()) {
            (Ok(at), true) => self.fields.remove(at).1,
            (Ok(at), false) => std::mem::replace(&mut self.fields[at].1, value),
            (Err(_), true) => Value::Null,
            (Err(at), false) => {
                self.fields.insert(at, (ordinal, value));
                Value::Null
            }
        }
    }

    /// The set fields in field order.
    pub fn iter(&self) -> impl Iterator<Item = (Ordinal, &Value)> {
        self.fields.iter().map(|(o, v)| (*o, v))
    }
}
