//! One SQL text for both databases: two pools behind one enum, and statements whose values are bound, never written in.

use sqlx::postgres::{PgPool, PgRow, Postgres};
use sqlx::query::{Query, QueryAs};
use sqlx::sqlite::{Sqlite, SqlitePool, SqliteRow};
use sqlx::{Database, Encode, FromRow, SqlSafeStr as _, SqlStr, Transaction, Type};

use super::StoreError;

/// A pool of connections.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    /// SQLite.
    Sqlite(SqlitePool),
    /// PostgreSQL.
    Postgres(PgPool),
}

/// A transaction that may write.
#[derive(Debug)]
pub(crate) enum Tx {
    /// SQLite: it holds the write lock from its first moment.
    Sqlite(Transaction<'static, Sqlite>),
    /// PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Whether other processes may write at the same time.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Tx::Postgres(_))
    }

    /// Makes everything done in it last.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// Where a statement runs.
pub(crate) enum On<'a> {
    Pool(&'a Pool),
    Tx(&'a mut Tx),
}

impl<'a> From<&'a Pool> for On<'a> {
    fn from(pool: &'a Pool) -> Self {
        On::Pool(pool)
    }
}

impl<'a> From<&'a mut Tx> for On<'a> {
    fn from(tx: &'a mut Tx) -> Self {
        On::Tx(tx)
    }
}

/// A value bound to a statement.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! value_from {
    ($($from:ty, $given:ident => $value:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($given: $from) -> Self {
                $value
            }
        })*
    };
}

value_from! {
    &str, text => Value::Text(Some(text.to_owned()));
    String, text => Value::Text(Some(text));
    &String, text => Value::Text(Some(text.clone()));
    Option<&str>, text => Value::Text(text.map(str::to_owned));
    Option<String>, text => Value::Text(text);
    Option<&String>, text => Value::Text(text.cloned());
    &Option<String>, text => Value::Text(text.clone());
    i64, number => Value::Integer(Some(number));
    Option<i64>, number => Value::Integer(number);
    &[u8], bytes => Value::Bytes(Some(bytes.to_vec()));
    &Vec<u8>, bytes => Value::Bytes(Some(bytes.clone()));
    &Option<Vec<u8>>, bytes => Value::Bytes(bytes.clone());
}

/// A row that reads the same from both databases.
pub(crate) trait Fetched: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Fetched for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A statement.
#[derive(Debug)]
pub(crate) struct Sql {
    text: SqlStr,
    values: Vec<Value>,
}

/// A statement with `$1`, `$2`, … for its values.
pub(crate) fn sql(text: &'static str) -> Sql {
    Sql { text: SqlStr::from_static(text), values: Vec::new() }
}

/// A statement put together from our own constants. Nothing from outside may be written into it.
pub(crate) fn sql_from_parts(text: String) -> Sql {
    Sql { text: sqlx::AssertSqlSafe(text).into_sql_str(), values: Vec::new() }
}

/// Runs one method of a query on whichever database it is for.
macro_rules! on_each {
    ($build:ident[$($row:ident)?]($sql:expr), $on:expr, $method:ident) => {
        match $on.into() {
            On::Pool(Pool::Sqlite(pool)) => $build::<Sqlite $(, $row)?>($sql).$method(pool).await?.into(),
            On::Pool(Pool::Postgres(pool)) => $build::<Postgres $(, $row)?>($sql).$method(pool).await?.into(),
            On::Tx(Tx::Sqlite(tx)) => $build::<Sqlite $(, $row)?>($sql).$method(&mut **tx).await?.into(),
            On::Tx(Tx::Postgres(tx)) => $build::<Postgres $(, $row)?>($sql).$method(&mut **tx).await?.into(),
        }
    };
}

impl Sql {
    /// Binds the next value.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// All rows.
    pub(crate) async fn all<T: Fetched>(self, on: impl Into<On<'_>>) -> Result<Vec<T>, StoreError> {
        Ok(on_each!(rows_of[T](self), on, fetch_all))
    }

    /// The first row, if there is one.
    pub(crate) async fn optional<T: Fetched>(self, on: impl Into<On<'_>>) -> Result<Option<T>, StoreError> {
        Ok(on_each!(rows_of[T](self), on, fetch_optional))
    }

    /// The first row; none is an error.
    pub(crate) async fn one<T: Fetched>(self, on: impl Into<On<'_>>) -> Result<T, StoreError> {
        let row: Option<T> = self.optional(on).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Runs it, and tells how many rows it wrote.
    pub(crate) async fn run(self, on: impl Into<On<'_>>) -> Result<u64, StoreError> {
        let written: Written = on_each!(effect_of[](self), on, execute);
        Ok(written.0)
    }
}

struct Written(u64);

impl From<sqlx::sqlite::SqliteQueryResult> for Written {
    fn from(result: sqlx::sqlite::SqliteQueryResult) -> Self {
        Written(result.rows_affected())
    }
}

impl From<sqlx::postgres::PgQueryResult> for Written {
    fn from(result: sqlx::postgres::PgQueryResult) -> Self {
        Written(result.rows_affected())
    }
}

fn rows_of<DB, T>(sql: Sql) -> QueryAs<'static, DB, T, DB::Arguments>
where
    DB: Database,
    T: for<'r> FromRow<'r, DB::Row>,
    Option<String>: Encode<'static, DB> + Type<DB>,
    Option<i64>: Encode<'static, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'static, DB> + Type<DB>,
{
    sql.values.into_iter().fold(sqlx::query_as(sql.text), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Integer(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

fn effect_of<DB>(sql: Sql) -> Query<'static, DB, DB::Arguments>
where
    DB: Database,
    Option<String>: Encode<'static, DB> + Type<DB>,
    Option<i64>: Encode<'static, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'static, DB> + Type<DB>,
{
    sql.values.into_iter().fold(sqlx::query(sql.text), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Integer(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}
