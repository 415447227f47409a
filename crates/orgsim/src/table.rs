//! One object's records, and the indexes its look-ups use.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use crate::id::SalesforceId;
use crate::row::{Ordinal, Row};
use crate::value::Value;

/// The records of one object. Records in the recycle bin are apart, so that a plain query never meets them.
#[derive(Debug, Default)]
pub struct Table {
    live: BTreeMap<SalesforceId, Row>,
    recycled: BTreeMap<SalesforceId, Row>,
    indexes: HashMap<Ordinal, LazyIndex>,
    last_number: u64,
}

/// An index is built when it is first sought in: a million records have a dozen indexed fields, most of them never used.
#[derive(Debug)]
struct LazyIndex {
    holds_ids: bool,
    built: OnceLock<Index>,
}

/// Which records hold a value: sorted pairs, because a list per value would make an owner of a million records
/// costly to change.
#[derive(Debug)]
enum Index {
    Text(BTreeSet<(Box<str>, SalesforceId)>),
    Id(BTreeSet<(SalesforceId, SalesforceId)>),
}

impl Table {
    /// A table whose given fields are indexed; `true` marks those that hold ids.
    pub fn new(indexed: impl IntoIterator<Item = (Ordinal, bool)>) -> Self {
        let mut table = Table::default();
        for (ordinal, holds_ids) in indexed {
            table.add_index(ordinal, holds_ids);
        }
        table
    }

    /// Indexes one more field, with the records that are there.
    pub fn add_index(&mut self, ordinal: Ordinal, holds_ids: bool) {
        self.indexes.insert(ordinal, LazyIndex { holds_ids, built: OnceLock::new() });
    }

    /// The next unused record number.
    pub fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Live records in id order.
    pub fn live(&self) -> &BTreeMap<SalesforceId, Row> {
        &self.live
    }

    /// Records in the recycle bin, in id order.
    pub fn recycled(&self) -> &BTreeMap<SalesforceId, Row> {
        &self.recycled
    }

    /// The live records whose indexed field holds `value`, text without regard to case; `None` where the field has
    /// no index or the value is null, which no index holds.
    pub fn seek(&self, ordinal: Ordinal, value: &Value) -> Option<Vec<SalesforceId>> {
        let index = self.indexes.get(&ordinal)?;
        match (index.built.get_or_init(|| self.build(ordinal, index.holds_ids)), value) {
            (Index::Text(index), Value::Text(text)) => Some(seek(index, fold(text))),
            (Index::Id(index), Value::Id(id)) => Some(seek(index, *id)),
            _ => None,
        }
    }

    fn build(&self, ordinal: Ordinal, holds_ids: bool) -> Index {
        let mut index = if holds_ids { Index::Id(BTreeSet::new()) } else { Index::Text(BTreeSet::new()) };
        for (id, row) in &self.live {
            index.add(row.get(ordinal), *id);
        }
        index
    }

    fn built(&mut self) -> impl Iterator<Item = (Ordinal, &mut Index)> {
        self.indexes.iter_mut().filter_map(|(ordinal, lazy)| Some((*ordinal, lazy.built.get_mut()?)))
    }

    /// Stores a live record, or removes it, and gives back what was there.
    pub fn put_live(&mut self, id: SalesforceId, row: Option<Row>) -> Option<Row> {
        let old = self.live.remove(&id);
        for (ordinal, index) in self.built() {
            let value = |row: &Option<Row>| row.as_ref().map_or(Value::Null, |row| row.get(ordinal).clone());
            let (before, now) = (value(&old), value(&row));
            if before != now {
                index.remove(&before, id);
                index.add(&now, id);
            }
        }
        if let Some(row) = row {
            self.live.insert(id, row);
        }
        old
    }

    /// Stores a record in the recycle bin, or removes it, and gives back what was there.
    pub fn put_recycled(&mut self, id: SalesforceId, row: Option<Row>) -> Option<Row> {
        match row {
            Some(row) => self.recycled.insert(id, row),
            None => self.recycled.remove(&id),
        }
    }
}

impl Index {
    fn add(&mut self, value: &Value, record: SalesforceId) {
        match (self, value) {
            (Index::Text(index), Value::Text(text)) => _ = index.insert((fold(text), record)),
            (Index::Id(index), Value::Id(id)) => _ = index.insert((*id, record)),
            _ => {}
        }
    }

    fn remove(&mut self, value: &Value, record: SalesforceId) {
        match (self, value) {
            (Index::Text(index), Value::Text(text)) => _ = index.remove(&(fold(text), record)),
            (Index::Id(index), Value::Id(id)) => _ = index.remove(&(*id, record)),
            _ => {}
        }
    }
}

fn seek<K: Ord + Clone>(index: &BTreeSet<(K, SalesforceId)>, key: K) -> Vec<SalesforceId> {
    let from = (key.clone(), SalesforceId::LOWEST);
    index.range(from..).take_while(|(k, _)| *k == key).map(|(_, id)| *id).collect()
}

fn fold(text: &str) -> Box<str> {
    crate::soql::fold(text).into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> SalesforceId {
        SalesforceId::from_number(b"003", b"Sim", number)
    }

    fn row(email: &str) -> Row {
        let mut row = Row::default();
        row.set(3, Value::Text(email.into()));
        row
    }

    #[test]
    fn a_seek_ignores_case_and_follows_changes() {
        let mut table = Table::new([(3, false)]);
        table.put_live(id(2), Some(row("Ann@Acme.com")));
        table.put_live(id(1), Some(row("ann@acme.com")));
        let ann = Value::Text("ANN@acme.COM".into());
        assert_eq!(table.seek(3, &ann), Some(vec![id(1), id(2)]));
        table.put_live(id(3), Some(row("ann@ACME.com")));
        assert_eq!(table.seek(3, &ann), Some(vec![id(1), id(2), id(3)]), "a row stored after the first seek is missed");
        table.put_live(id(3), None);
        table.put_live(id(1), Some(row("bob@acme.com")));
        table.put_live(id(2), Some(row("ANN@acme.com")));
        assert_eq!(table.seek(3, &ann), Some(vec![id(2)]), "a changed row left its old key behind");
        table.put_live(id(2), None);
        assert_eq!(table.seek(3, &ann), Some(vec![]), "a removed row is still found");
        assert_eq!(table.seek(4, &ann), None, "a field without an index cannot be sought");
    }
}
