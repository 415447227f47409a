//! Objects and fields: what the org's describe says, and what its rules are read from.

mod custom;
pub mod describe;
mod difference;
mod field_type;
mod real;
mod standard;
mod text;

use std::collections::HashMap;
use std::fmt;

pub use custom::{custom_field, custom_object};
pub use difference::differences;
pub use field_type::FieldType;
pub use real::{add_describes, read_describes};
pub use standard::{Feature, record_type_field, standard};

use crate::row::Ordinal;

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
    /// The name of the relationship as the parent sees it (`Contacts` for `Contact.AccountId`).
    pub child_relationship: Option<String>,
    /// Deleting the parent deletes the child.
    pub cascade_delete: bool,
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
    /// What describe says beyond the type (`personname`, `plaintextarea`).
    pub extra_type_info: Option<String>,
    /// Field-level security can hide it.
    pub permissionable: bool,
    /// A look-up that search may filter on first.
    pub search_prefilterable: bool,
    /// The field explains itself: help text an admin wrote.
    pub help: Option<String>,
    /// True where no recorded describe shows the field: written from Salesforce facts 5.2 and 5.5.
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
    /// Deleting the parent deletes the child.
    pub cascade_delete: bool,
}

/// One object.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "describe's own flags")]
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
    /// Shown through page layouts.
    pub layoutable: bool,
    /// Records may be merged.
    pub mergeable: bool,
    /// Kept in the list of recently used records.
    pub mru_enabled: bool,
    /// `updated` and `deleted` list its changes.
    pub replicateable: bool,
    /// Records may be read by id.
    pub retrieveable: bool,
    /// Apex triggers may watch it.
    pub triggerable: bool,
    /// Deleted records may come back.
    pub undeletable: bool,
    /// Has a Chatter feed.
    pub feed_enabled: bool,
    fields: Vec<Field>,
    by_name: HashMap<String, Ordinal>,
}

impl Field {
    /// A field of that name and type on which nothing is allowed yet.
    pub(crate) fn named(name: &str, label: &str, kind: FieldType) -> Self {
        Field {
            name: name.to_owned(),
            label: label.to_owned(),
            kind,
            length: 0,
            precision: 0,
            scale: 0,
            digits: 0,
            createable: false,
            updateable: false,
            nillable: false,
            defaulted_on_create: false,
            filterable: false,
            sortable: false,
            groupable: false,
            aggregatable: false,
            external_id: false,
            unique: false,
            case_sensitive: false,
            id_lookup: false,
            indexed: false,
            custom: false,
            name_field: false,
            calculated: false,
            polymorphic: false,
            reference_to: Vec::new(),
            relationship_name: None,
            child_relationship: None,
            cascade_delete: false,
            compound: None,
            controller: None,
            restricted_picklist: false,
            picklist: Vec::new(),
            default_value: None,
            extra_type_info: None,
            permissionable: false,
            search_prefilterable: false,
            help: None,
            inferred: false,
        }
    }

    /// Required on create: createable, not nillable, not filled by Salesforce (Salesforce facts 5.1).
    pub fn required(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }

    /// Whether its look-ups use an index: ids, references, names, the dates every object has, the email of a
    /// person, unique and external-id fields (Salesforce facts 4.1, selectivity).
    pub(crate) fn has_index(&self, object: &str) -> bool {
        const NAMED: [&str; 3] = ["Name", "CreatedDate", "SystemModstamp"];
        matches!(self.kind, FieldType::Id | FieldType::Reference)
            || NAMED.contains(&self.name.as_str())
            || (self.name == "Email" && matches!(object, "Contact" | "Lead"))
            || self.unique
            || self.external_id
    }
}

impl Object {
    /// An object without fields on which nothing is allowed yet.
    pub(crate) fn named(name: &str, label: &str, label_plural: &str, key_prefix: Option<[u8; 3]>) -> Self {
        Object {
            name: name.to_owned(),
            label: label.to_owned(),
            label_plural: label_plural.to_owned(),
            key_prefix,
            custom: false,
            createable: false,
            updateable: false,
            deletable: false,
            queryable: false,
            searchable: false,
            layoutable: false,
            mergeable: false,
            mru_enabled: false,
            replicateable: false,
            retrieveable: false,
            triggerable: false,
            undeletable: false,
            feed_enabled: false,
            fields: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    /// The field that names a record (`Name`, `Subject` of Event, `CaseNumber` of Case).
    pub fn name_field(&self) -> Option<(Ordinal, &Field)> {
        self.field("Name").filter(|(_, f)| f.name_field).or_else(|| {
            let at = self.fields.iter().position(|f| f.name_field)?;
            Some((Ordinal::try_from(at).ok()?, &self.fields[at]))
        })
    }

    /// Whether ids of this object start with these three characters.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.key_prefix.is_some_and(|own| own == prefix.as_bytes())
    }

    /// The fields in describe's order; a field's position is its ordinal.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// A field by its API name, in any case.
    pub fn field(&self, name: &str) -> Option<(Ordinal, &Field)> {
        let ordinal = *self.by_name.get(&name.to_ascii_lowercase())?;
        Some((ordinal, &self.fields[usize::from(ordinal)]))
    }

    pub(crate) fn field_mut(&mut self, name: &str) -> Option<&mut Field> {
        let ordinal = *self.by_name.get(&name.to_ascii_lowercase())?;
        self.fields.get_mut(usize::from(ordinal))
    }

    /// Takes over what another reading of this object knows of its place among its parents' children.
    fn keep_child_names(&mut self, other: &Object) {
        for field in &mut self.fields {
            if let Some((_, known)) = other.field(&field.name) {
                field.child_relationship.clone_from(&known.child_relationship);
                field.cascade_delete = known.cascade_delete;
            }
        }
    }

    /// The reference field behind a parent relationship, in any case.
    pub fn relationship(&self, name: &str) -> Option<(Ordinal, &Field)> {
        let at = self
            .fields
            .iter()
            .position(|f| f.relationship_name.as_deref().is_some_and(|r| r.eq_ignore_ascii_case(name)))?;
        Some((Ordinal::try_from(at).ok()?, &self.fields[at]))
    }

    /// Keeps the fields that `keep` wants, which it may change. Ordinals are no longer those of stored rows.
    pub(crate) fn retain_fields(&mut self, mut keep: impl FnMut(Ordinal, &mut Field) -> bool) {
        let all = std::mem::take(&mut self.fields);
        self.by_name.clear();
        for (ordinal, mut field) in (0..).zip(all) {
            if keep(ordinal, &mut field) {
                self.put_field(field);
            }
        }
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

    /// The object whose ids start with these three characters.
    pub fn by_prefix(&self, prefix: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.has_prefix(prefix))
    }

    /// The relationships from child objects to this one, in the order of the children.
    pub fn children(&self, parent: &str) -> Vec<ChildRelationship> {
        let refers = |field: &&Field| field.reference_to.iter().any(|to| to.eq_ignore_ascii_case(parent));
        let mut found = Vec::new();
        for object in &self.objects {
            found.extend(object.fields.iter().filter(refers).map(|field| ChildRelationship {
                child: object.name.clone(),
                field: field.name.clone(),
                name: field.child_relationship.clone(),
                cascade_delete: field.cascade_delete,
            }));
        }
        found
    }
}

/// Why a field or an object cannot be part of the schema, in words for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError(pub String);

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SchemaError {}
