//! The types of fields and what follows from a type alone.

/// A field's type as describe names it (Salesforce facts 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// The record's own id.
    Id,
    /// Short text.
    String,
    /// Long text; over 255 characters it can be neither filtered nor sorted.
    TextArea,
    /// A phone number, free text.
    Phone,
    /// An email address; malformed ones are refused.
    Email,
    /// A web address, free text.
    Url,
    /// One of a list.
    Picklist,
    /// Several of a list, joined by `;`.
    MultiPicklist,
    /// A list that accepts other text.
    Combobox,
    /// Another record's id.
    Reference,
    /// A checkbox.
    Boolean,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// Money.
    Currency,
    /// A percentage.
    Percent,
    /// A calendar day.
    Date,
    /// An instant.
    DateTime,
    /// A time of day.
    Time,
    /// A compound address, read-only.
    Address,
    /// A compound location, read-only.
    Location,
    /// A list of ids kept in another object (`EventWhoIds`).
    JunctionIdList,
    /// Text shown masked.
    EncryptedString,
    /// Bytes.
    Base64,
    /// Anything else.
    AnyType,
    /// A structured value.
    ComplexValue,
}

/// Each type with its name in describe and its SOAP type (Salesforce facts 5.1).
const NAMES: [(FieldType, &str, &str); 25] = [
    (FieldType::Id, "id", "tns:ID"),
    (FieldType::String, "string", "xsd:string"),
    (FieldType::TextArea, "textarea", "xsd:string"),
    (FieldType::Phone, "phone", "xsd:string"),
    (FieldType::Email, "email", "xsd:string"),
    (FieldType::Url, "url", "xsd:string"),
    (FieldType::Picklist, "picklist", "xsd:string"),
    (FieldType::MultiPicklist, "multipicklist", "xsd:string"),
    (FieldType::Combobox, "combobox", "xsd:string"),
    (FieldType::Reference, "reference", "tns:ID"),
    (FieldType::Boolean, "boolean", "xsd:boolean"),
    (FieldType::Int, "int", "xsd:int"),
    (FieldType::Double, "double", "xsd:double"),
    (FieldType::Currency, "currency", "xsd:double"),
    (FieldType::Percent, "percent", "xsd:double"),
    (FieldType::Date, "date", "xsd:date"),
    (FieldType::DateTime, "datetime", "xsd:dateTime"),
    (FieldType::Time, "time", "xsd:time"),
    (FieldType::Address, "address", "urn:address"),
    (FieldType::Location, "location", "urn:location"),
    (FieldType::JunctionIdList, "JunctionIdList", "urn:JunctionIdListNames"),
    (FieldType::EncryptedString, "encryptedstring", "xsd:string"),
    (FieldType::Base64, "base64", "xsd:base64Binary"),
    (FieldType::AnyType, "anyType", "xsd:anyType"),
    (FieldType::ComplexValue, "complexvalue", "xsd:anyType"),
];

impl FieldType {
    fn row(self) -> &'static (FieldType, &'static str, &'static str) {
        NAMES.iter().find(|(kind, ..)| *kind == self).expect("every type is in the table")
    }

    /// The name describe gives it (`datetime`).
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Its SOAP type (`xsd:dateTime`).
    pub fn soap(self) -> &'static str {
        self.row().2
    }

    /// A type by its name in describe, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, own, _)| own.eq_ignore_ascii_case(name)).map(|(kind, ..)| *kind)
    }

    /// Stored as text.
    pub fn is_text(self) -> bool {
        self.soap() == "xsd:string"
    }

    /// Stored as a number.
    pub fn is_number(self) -> bool {
        matches!(self, FieldType::Int | FieldType::Double | FieldType::Currency | FieldType::Percent)
    }
}
