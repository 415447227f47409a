//! A local Salesforce org over real HTTP, for demos, tests and CI.
