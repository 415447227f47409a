//! Tests of the whole program: the server against a simulated org, both over real HTTP.

mod api;
mod api_actions;
mod api_configuration;
mod api_deliveries;
mod api_document;
mod api_keys;
mod browser;
mod calls;
mod checking;
mod configuration_versions;
mod configuring;
mod database_trouble;
mod driver;
mod files;
mod grants;
mod invariants;
mod migrations;
mod outage;
mod pages;
mod people;
mod server;
mod stories;
mod support;
mod trouble;
mod webhooks;
