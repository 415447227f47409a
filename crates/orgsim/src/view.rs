//! The org as a query of one user sees it.

use std::collections::BTreeMap;
use std::iter::Peekable;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::id::SalesforceId;
use crate::org::Org;
use crate::permissions::FieldAccess;
use crate::row::{Ordinal, Row};
use crate::schema::{Object, Schema};
use crate::sharing;
use crate::soql::Source;
use crate::table::Table;
use crate::value::Value;

/// One user's view, with or without the recycle bin.
#[derive(Debug)]
pub struct View<'a> {
    org: &'a Org,
    user: SalesforceId,
    time_zone: TimeZone,
    recycled_too: bool,
}

impl<'a> View<'a> {
    /// What `user` sees; `recycled_too` as `queryAll` does.
    pub fn new(org: &'a Org, user: SalesforceId, recycled_too: bool) -> Self {
        View { org, user, time_zone: time_zone(org, user), recycled_too }
    }

    fn table(&self, object: &str) -> Option<&'a Table> {
        self.org.table(object)
    }

    /// The object, when this user may be kept from some of its records.
    fn restricted(&self, object: &str) -> Option<&'a Object> {
        let all = self.org.permissions.object(self.user, object).view_all;
        if all { None } else { self.org.schema_ref().object(object) }
    }
}

impl Source for View<'_> {
    fn schema(&self) -> &Schema {
        self.org.schema_ref()
    }

    fn readable(&self, object: &str, field: Option<Ordinal>) -> bool {
        let permissions = &self.org.permissions;
        let shown = |field| permissions.field(self.user, object, field) != FieldAccess::Hidden;
        permissions.object(self.user, object).read && field.is_none_or(shown)
    }

    fn rows<'a>(&'a self, object: &str) -> Box<dyn Iterator<Item = (SalesforceId, &'a Row)> + 'a> {
        let all: Box<dyn Iterator<Item = (SalesforceId, &'a Row)> + 'a> = match self.table(object) {
            None => Box::new(std::iter::empty()),
            Some(table) if self.recycled_too => Box::new(Merged::new(table.live(), table.recycled())),
            Some(table) => Box::new(table.live().iter().map(|(id, row)| (*id, row))),
        };
        match self.restricted(object) {
            None => all,
            Some(object) => Box::new(all.filter(move |(_, row)| sharing::visible(self.org, self.user, object, row))),
        }
    }

    fn row(&self, object: &str, id: SalesforceId) -> Option<&Row> {
        let table = self.table(object)?;
        let row = table.live().get(&id).or_else(|| table.recycled().get(&id).filter(|_| self.recycled_too))?;
        let seen = self.restricted(object).is_none_or(|object| sharing::visible(self.org, self.user, object, row));
        seen.then_some(row)
    }

    fn index(&self, object: &str, field: Ordinal, value: &Value) -> Option<Vec<SalesforceId>> {
        let table = self.table(object)?;
        let mut ids = table.seek(field, value)?;
        if self.recycled_too {
            ids.extend(table.recycled().keys());
        }
        Some(ids)
    }

    fn now(&self) -> Timestamp {
        self.org.now()
    }

    fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    fn user(&self) -> SalesforceId {
        self.user
    }
}

/// Two sorted lists of records as one.
struct Merged<A: Iterator, B: Iterator> {
    one: Peekable<A>,
    other: Peekable<B>,
}

type Rows<'a> = std::collections::btree_map::Iter<'a, SalesforceId, Row>;

impl<'a> Merged<Rows<'a>, Rows<'a>> {
    fn new(one: &'a BTreeMap<SalesforceId, Row>, other: &'a BTreeMap<SalesforceId, Row>) -> Self {
        Merged { one: one.iter().peekable(), other: other.iter().peekable() }
    }
}

impl<'a> Iterator for Merged<Rows<'a>, Rows<'a>> {
    type Item = (SalesforceId, &'a Row);

    fn next(&mut self) -> Option<Self::Item> {
        let from_one = match (self.one.peek(), self.other.peek()) {
            (Some((a, _)), Some((b, _))) => a < b,
            (one, _) => one.is_some(),
        };
        let next = if from_one { self.one.next() } else { self.other.next() };
        next.map(|(id, row)| (*id, row))
    }
}

fn time_zone(org: &Org, user: SalesforceId) -> TimeZone {
    let name = || {
        let (ordinal, _) = org.schema_ref().object("User")?.field("TimeZoneSidKey")?;
        match org.table("User")?.live().get(&user)?.get(ordinal) {
            Value::Text(name) => TimeZone::get(name).ok(),
            _ => None,
        }
    };
    name().unwrap_or(TimeZone::UTC)
}
