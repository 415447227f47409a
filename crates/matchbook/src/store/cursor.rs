//! Where a page of a listing ends: the last row's time and id, as text that goes out and comes back.

/// The cursor after a row.
pub(super) fn write(micros: i64, id: &str) -> String {
    format!("{micros}~{id}")
}

/// The time and id of a cursor.
pub(super) fn read(cursor: &str) -> Option<(i64, String)> {
    let (micros, id) = cursor.split_once('~')?;
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_id.then_some((micros.parse().ok()?, id.to_owned()))
}

/// Whether a text could be the cursor of a page.
pub fn is_cursor(text: &str) -> bool {
    read(text).is_some()
}
