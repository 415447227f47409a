//! SOQL: lexer, parser, type checks and evaluation (Salesforce facts 4.1).
