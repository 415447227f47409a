//! The field types that a row can have: one entry each.

use serde::{Deserialize, Serialize};

use crate::org_shape::FieldKind;

/// *Field type* (spec 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is described in the table")]
pub enum FieldType {
    Text,
    Date,
    Datetime,
    Phone,
    Checkbox,
    Picklist,
    Textarea,
    Custom,
}

/// What is known of a type.
struct Entry {
    field_type: FieldType,
    key: &'static str,
    /// What a value must be, without the org (spec 8).
    takes: Content,
    /// The org's types that it fits; none: any.
    fits: Option<&'static [FieldKind]>,
}

/// What a row's value must be, as far as can be told without the org (spec 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// A text that is not empty.
    Text,
    /// A known date.
    Date,
    /// `true` or `false`.
    Boolean,
    /// Anything, as long as it is there.
    Any,
}

use FieldKind as Kind;

const ENTRIES: &[Entry] = &[
    Entry {
        field_type: FieldType::Text,
        key: "text",
        takes: Content::Text,
        fits: Some(&[
            Kind::Text,
            Kind::LongText,
            Kind::Url,
            Kind::Email,
            Kind::Phone,
            Kind::Combobox,
            Kind::Number,
            Kind::Reference,
            Kind::Picklist,
            Kind::Multipicklist,
        ]),
    },
    Entry { field_type: FieldType::Date, key: "date", takes: Content::Date, fits: Some(&[Kind::Date]) },
    Entry { field_type: FieldType::Datetime, key: "datetime", takes: Content::Date, fits: Some(&[Kind::Datetime]) },
    Entry {
        field_type: FieldType::Phone,
        key: "phone",
        takes: Content::Text,
        fits: Some(&[Kind::Phone, Kind::Text, Kind::LongText]),
    },
    Entry { field_type: FieldType::Checkbox, key: "checkbox", takes: Content::Boolean, fits: Some(&[Kind::Checkbox]) },
    Entry {
        field_type: FieldType::Picklist,
        key: "picklist",
        takes: Content::Text,
        fits: Some(&[Kind::Picklist, Kind::Multipicklist, Kind::Combobox]),
    },
    Entry {
        field_type: FieldType::Textarea,
        key: "textarea",
        takes: Content::Text,
        fits: Some(&[Kind::LongText, Kind::Text]),
    },
    Entry { field_type: FieldType::Custom, key: "custom", takes: Content::Any, fits: None },
];

impl FieldType {
    /// The types as they are written in a configuration, in the order of the source document.
    pub const KEYS: [&'static str; 8] =
        ["text", "date", "datetime", "phone", "checkbox", "picklist", "textarea", "custom"];

    fn entry(self) -> &'static Entry {
        ENTRIES.iter().find(|entry| entry.field_type == self).expect("every type has an entry")
    }

    /// As it is written in a configuration.
    pub fn key(self) -> &'static str {
        self.entry().key
    }

    pub(super) fn takes(self) -> Content {
        self.entry().takes
    }

    /// Whether a field of the org's type can be declared as this.
    pub fn fits(self, kind: FieldKind) -> bool {
        self.entry().fits.is_none_or(|fits| fits.contains(&kind))
    }

    /// Whether a value may name a date.
    pub fn takes_dates(self) -> bool {
        matches!(self.takes(), Content::Date | Content::Any)
    }
}

/// The dates that a value may name (spec 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateSource {
    /// When the meeting starts.
    BookingStart,
    /// When it was booked.
    BookingCreated,
    /// When it was cancelled.
    BookingCancel,
}

impl DateSource {
    /// The names as they are written.
    pub const NAMES: [&'static str; 3] = ["booking_start_date", "booking_created_date", "booking_cancel_date"];

    /// The date of this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "booking_start_date" => Some(DateSource::BookingStart),
            "booking_created_date" => Some(DateSource::BookingCreated),
            "booking_cancel_date" => Some(DateSource::BookingCancel),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_known_by_its_key() {
        let keys: Vec<&str> = ENTRIES.iter().map(|entry| entry.key).collect();
        assert_eq!(keys, FieldType::KEYS);
    }
}
