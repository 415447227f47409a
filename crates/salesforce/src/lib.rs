//! A client for the Salesforce REST API that counts, classifies and explains every call.
