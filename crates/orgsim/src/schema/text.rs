//! The project's own text form of a schema: one line per field.
//!
//! ```text
//! # a comment
//! object Contact | Contact | Contacts | 003 | create update query      name, label, plural, key prefix, what is allowed
//! AccountId | Account ID | reference | CUNFSGA | to Account | as Account | children Contacts
//! list ratings | Hot;Warm;Cold                                        a picklist used by name: `listed ratings`
//! extend Contact                                                      more fields for an object that is there
//! ```
//!
//! A field is name, label, type (with length, or precision and scale, or digits), flags and attributes. Flags: `C`
//! createable, `U` updateable, `N` nillable, `D` defaulted on create, `F` filterable, `S` sortable, `G` groupable, `A`
//! aggregatable, `I` id look-up, `X` external id, `u` unique, `R` restricted picklist, `P` polymorphic, `T` search
//! prefilterable, `p` permissionable, `n` name field, `?` inferred; `-` for none. A picklist entry is `value`,
//! `value=label`, and `@X` at its end when it is only valid for the controlling value `X`.

use std::collections::HashMap;

use base64::Engine as _;

use super::{Field, FieldType, Object, PicklistEntry, Schema, SchemaError};

/// Adds what the text says to the schema. The error names the line.
pub(super) fn load(schema: &mut Schema, text: &str) -> Result<(), SchemaError> {
    let mut lists = HashMap::new();
    let mut current: Option<String> = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let step = match line.split_once(' ') {
            Some(("object", rest)) => add_object(schema, rest).map(|name| current = Some(name)),
            Some(("extend", name)) => find(schema, name).map(|name| current = Some(name)),
            Some(("list", rest)) => add_list(&mut lists, rest),
            _ => add_field(schema, current.as_deref(), line, &lists),
        };
        step.map_err(|problem| SchemaError(format!("line {}: {problem}", at + 1)))?;
    }
    Ok(())
}

type Step<T> = Result<T, String>;

fn find(schema: &Schema, name: &str) -> Step<String> {
    schema.object(name).map(|object| object.name.clone()).ok_or_else(|| format!("there is no object {name}"))
}

fn add_object(schema: &mut Schema, line: &str) -> Step<String> {
    let parts: Vec<&str> = line.split('|').map(str::trim).collect();
    let [name, label, plural, prefix, allowed] = parts[..] else {
        return Err("an object is `name | label | plural | key prefix | what is allowed`".to_owned());
    };
    let prefix = match prefix {
        "none" => None,
        text => Some(text.as_bytes().try_into().map_err(|_| format!("{text} is not a key prefix"))?),
    };
    let mut object = Object::named(name, label, plural, prefix);
    for word in allowed.split_whitespace() {
        allow(&mut object, word)?;
    }
    schema.put_object(object);
    Ok(name.to_owned())
}

fn allow(object: &mut Object, word: &str) -> Step<()> {
    let flag = match word {
        "create" => &mut object.createable,
        "update" => &mut object.updateable,
        "delete" => &mut object.deletable,
        "query" => &mut object.queryable,
        "search" => &mut object.searchable,
        "layout" => &mut object.layoutable,
        "merge" => &mut object.mergeable,
        "mru" => &mut object.mru_enabled,
        "replicate" => &mut object.replicateable,
        "retrieve" => &mut object.retrieveable,
        "trigger" => &mut object.triggerable,
        "undelete" => &mut object.undeletable,
        "feed" => &mut object.feed_enabled,
        _ => return Err(format!("`{word}` is nothing an object can allow")),
    };
    *flag = true;
    Ok(())
}

fn add_list(lists: &mut HashMap<String, String>, line: &str) -> Step<()> {
    let (name, values) = line.split_once('|').ok_or("a list is `name | values`")?;
    lists.insert(name.trim().to_owned(), values.trim().to_owned());
    Ok(())
}

fn add_field(schema: &mut Schema, object: Option<&str>, line: &str, lists: &HashMap<String, String>) -> Step<()> {
    let object = object.and_then(|name| schema.object_mut(name)).ok_or("a field needs an object before it")?;
    let mut parts = line.split('|').map(str::trim);
    let (Some(name), Some(label), Some(kind), Some(flags)) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("a field is `name | label | type | flags | attributes`".to_owned());
    };
    let mut field = typed(name, label, kind)?;
    for flag in flags.chars().filter(|c| *c != '-') {
        set_flag(&mut field, flag)?;
    }
    for attribute in parts {
        set_attribute(&mut field, object, attribute, lists)?;
    }
    if field.kind == FieldType::Boolean {
        field.default_value = Some(false.into());
    }
    field.indexed = field.has_index(&object.name);
    object.put_field(field);
    Ok(())
}

/// The field with its type and size: `string(80)`, `double(18,2)` (precision, scale), `int(8)` (digits).
fn typed(name: &str, label: &str, text: &str) -> Step<Field> {
    let (kind, size) = match text.split_once('(') {
        Some((kind, size)) => (kind, size.strip_suffix(')').ok_or("a size ends with `)`")?),
        None => (text, ""),
    };
    let kind = FieldType::from_name(kind).ok_or_else(|| format!("`{kind}` is no field type"))?;
    let mut field = Field::named(name, label, kind);
    let number = |text: &str| text.parse::<u32>().map_err(|_| format!("`{text}` is no size"));
    match kind {
        FieldType::Id | FieldType::Reference => field.length = 18,
        FieldType::Int => field.digits = number(size)?,
        _ if kind.is_number() => {
            let (precision, scale) = size.split_once(',').ok_or("a number has a precision and a scale")?;
            (field.precision, field.scale) = (number(precision)?, number(scale)?);
        }
        _ if kind.is_text() => field.length = number(size)?,
        _ => {}
    }
    Ok(field)
}

fn set_flag(field: &mut Field, flag: char) -> Step<()> {
    let flag = match flag {
        'C' => &mut field.createable,
        'U' => &mut field.updateable,
        'N' => &mut field.nillable,
        'D' => &mut field.defaulted_on_create,
        'F' => &mut field.filterable,
        'S' => &mut field.sortable,
        'G' => &mut field.groupable,
        'A' => &mut field.aggregatable,
        'I' => &mut field.id_lookup,
        'X' => &mut field.external_id,
        'u' => &mut field.unique,
        'R' => &mut field.restricted_picklist,
        'P' => &mut field.polymorphic,
        'T' => &mut field.search_prefilterable,
        'p' => &mut field.permissionable,
        'n' => &mut field.name_field,
        '?' => &mut field.inferred,
        _ => return Err(format!("`{flag}` is no flag")),
    };
    *flag = true;
    Ok(())
}

fn set_attribute(field: &mut Field, object: &Object, text: &str, lists: &HashMap<String, String>) -> Step<()> {
    let (key, value) = text.split_once(' ').unwrap_or((text, ""));
    let value = value.trim();
    match key {
        "to" => field.reference_to = value.split(',').map(str::to_owned).collect(),
        "as" => field.relationship_name = Some(value.to_owned()),
        "children" => field.child_relationship = Some(value.to_owned()),
        "cascade" => field.cascade_delete = true,
        "in" => field.compound = Some(value.to_owned()),
        "by" => field.controller = Some(value.to_owned()),
        "extra" => field.extra_type_info = Some(value.to_owned()),
        "default" => field.default_value = Some(value.into()),
        "values" => field.picklist = entries(value, field, object)?,
        "listed" => {
            let list = lists.get(value).ok_or_else(|| format!("there is no list {value}"))?;
            field.picklist = entries(list, field, object)?;
        }
        _ => return Err(format!("`{key}` is no attribute")),
    }
    Ok(())
}

fn entries(text: &str, field: &Field, object: &Object) -> Step<Vec<PicklistEntry>> {
    text.split(';').map(|entry| picklist_entry(entry, field, object)).collect()
}

fn picklist_entry(text: &str, field: &Field, object: &Object) -> Step<PicklistEntry> {
    let (text, valid_for) = match text.rsplit_once('@') {
        Some((text, controlling)) => (text, Some(bitmap(controlling, field, object)?)),
        None => (text, None),
    };
    let (value, label) = text.split_once('=').unwrap_or((text, text));
    Ok(PicklistEntry {
        value: value.to_owned(),
        label: label.to_owned(),
        active: true,
        default: field.default_value.as_ref().is_some_and(|default| default == value),
        valid_for,
    })
}

/// `validFor`: one bit per entry of the controlling field, the first entry in the highest bit of the first byte.
fn bitmap(controlling: &str, field: &Field, object: &Object) -> Step<String> {
    let controller = field.controller.as_deref().and_then(|name| object.field(name));
    let (_, controller) = controller.ok_or("the controlling field stands before the field it controls")?;
    let at = controller.picklist.iter().position(|entry| entry.value == controlling);
    let at = at.ok_or_else(|| format!("{} has no value {controlling}", controller.name))?;
    let mut bits = vec![0_u8; controller.picklist.len().div_ceil(8)];
    bits[at / 8] |= 0x80 >> (at % 8);
    Ok(base64::engine::general_purpose::STANDARD.encode(bits))
}
