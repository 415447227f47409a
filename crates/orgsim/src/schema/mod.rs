//! Objects and fields: what the org's describe says, and what its rules are read from.

use std::collections::HashMap;

use crate::row::Ordinal;

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

/// One entry of a picklist.
#[derive(Debug, Clone, PartialEq)]
pub struct PicklistEntry {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// Whether it may still be chosen.
    pub active: bool,
    /// Whether new records start with it.
    pub default: bool,
    /// Base64 bitmap of the controlling field's entries it is valid for.
    pub valid_for: Option<String>,
}

/// One field.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "describe's own flags")]
pub struct Field {
    /// API name in its canonical case.
    pub name: String,
    /// Label as error texts show it.
    pub label: String,
    /// Type.
    pub kind: FieldType,
    /// Longest text in characters; 0 where the type has none.
    pub length: u32,
    /// Digits in all, for doubles.
    pub precision: u32,
    /// Digits after the point, for doubles.
    pub scale: u32,
    /// Digits, for ints.
    pub digits: u32,
    /// May be set on create.
    pub createable: bool,
    /// May be set on update.
    pub updateable: bool,
    /// May be null.
    pub nillable: bool,
    /// Salesforce fills it when a create leaves it out.
    pub defaulted_on_create: bool,
    /// May stand in WHERE.
    pub filterable: bool,
    /// May stand in ORDER BY.
    pub sortable: bool,
    /// May stand in GROUP BY.
    pub groupable: bool,
    /// May stand in an aggregate.
    pub aggregatable: bool,
    /// Marked as an external id.
    pub external_id: bool,
    /// No two records share a value.
    pub unique: bool,
    /// Uniqueness and comparison respect case.
    pub case_sensitive: bool,
    /// May serve as an upsert key though it is no external id (`Email`).
    pub id_lookup: bool,
    /// Its look-ups use an index (Salesforce facts 4.1, selectivity).
    pub indexed: bool,
    /// A custom field (`__c`).
    pub custom: bool,
    /// The field that names a record.
    pub name_field: bool,
    /// A formula or a roll-up.
    pub calculated: bool,
    /// A reference that may name several objects.
    pub polymorphic: bool,
    /// The objects a reference may name.
    pub reference_to: Vec<String>,
    /// The name of the parent relationship (`Account` for `AccountId`).
    pub relationship_name: Option<String>,
    /// The compound field this is a part of.
    pub compound: Option<String>,
    /// The field that controls a dependent picklist.
    pub controller: Option<String>,
    /// Only the listed values may be stored.
    pub restricted_picklist: bool,
    /// The list of a picklist.
    pub picklist: Vec<PicklistEntry>,
    /// What a create stores when the field is left out.
    pub default_value: Option<serde_json::Value>,
    /// True where no recorded describe shows the field: written from Salesforce facts 5.5.
    pub inferred: bool,
}

/// A relationship as the parent sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildRelationship {
    /// The child object.
    pub child: String,
    /// The child's reference field.
    pub field: String,
    /// The name in a child subquery (`Contacts`).
    pub name: Option<String>,
}

/// One object.
#[derive(Debug, Clone)]
pub struct Object {
    /// API name in its canonical case.
    pub name: String,
    /// Label.
    pub label: String,
    /// Plural label.
    pub label_plural: String,
    /// First three characters of its ids; none for objects that are only seen through others.
    pub key_prefix: Option<[u8; 3]>,
    /// A custom object (`__c`).
    pub custom: bool,
    /// Records may be made.
    pub createable: bool,
    /// Records may be changed.
    pub updateable: bool,
    /// Records may be deleted.
    pub deletable: bool,
    /// SOQL may name it.
    pub queryable: bool,
    /// SOSL may name it.
    pub searchable: bool,
    fields: Vec<Field>,
    by_name: HashMap<String, Ordinal>,
    /// Relationships from children to this object.
    pub children: Vec<ChildRelationship>,
}

impl Object {
    /// The fields in describe's order; a field's position is its ordinal.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// A field by its API name, in any case.
    pub fn field(&self, name: &str) -> Option<(Ordinal, &Field)> {
        let ordinal = *self.by_name.get(&name.to_ascii_lowercase())?;
        Some((ordinal, &self.fields[usize::from(ordinal)]))
    }

    /// The reference field behind a parent relationship, in any case.
    pub fn relationship(&self, name: &str) -> Option<(Ordinal, &Field)> {
        let at = self
            .fields
            .iter()
            .position(|f| f.relationship_name.as_deref().is_some_and(|r| r.eq_ignore_ascii_case(name)))?;
        Some((Ordinal::try_from(at).ok()?, &self.fields[at]))
    }

    /// Adds a field at the end, or replaces the one of that name in place, so that stored rows keep their ordinals.
    pub fn put_field(&mut self, field: Field) {
        let key = field.name.to_ascii_lowercase();
        match self.by_name.get(&key) {
            Some(&at) => self.fields[usize::from(at)] = field,
            None => {
                let at = Ordinal::try_from(self.fields.len()).expect("an object has under 65,536 fields");
                self.by_name.insert(key, at);
                self.fields.push(field);
            }
        }
    }
}

/// All objects of an org.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    objects: Vec<Object>,
    by_name: HashMap<String, usize>,
}

impl Schema {
    /// All objects, in the order they were added.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// An object by its API name, in any case.
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.by_name.get(&name.to_ascii_lowercase()).map(|&at| &self.objects[at])
    }

    /// The same, to be changed.
    pub fn object_mut(&mut self, name: &str) -> Option<&mut Object> {
        self.by_name.get(&name.to_ascii_lowercase()).map(|&at| &mut self.objects[at])
    }

    /// Adds an object or replaces the one of that name.
    pub fn put_object(&mut self, object: Object) {
        let key = object.name.to_ascii_lowercase();
        match self.by_name.get(&key) {
            Some(&at) => self.objects[at] = object,
            None => {
                self.by_name.insert(key, self.objects.len());
                self.objects.push(object);
            }
        }
    }
}
