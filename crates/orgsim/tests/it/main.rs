//! The org over real HTTP: every test starts its own and speaks to it as a client does.

mod admin_rules;
mod composite;
mod control;
mod oauth;
mod pages;
mod query;
mod rows;
mod support;
