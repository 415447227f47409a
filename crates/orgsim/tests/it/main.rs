//! The org over real HTTP: every test starts its own and speaks to it as a client does.

mod admin_rules;
mod composite;
mod control;
mod custom_schema;
mod grants;
mod many;
mod oauth;
mod org_features;
mod pages;
mod permissions;
mod query;
mod recycle_bin;
mod rows;
mod search;
mod support;
mod trouble;
