-- Whether hosts' Salesforce users that were set by hand are active, and when that was asked.
ALTER TABLE host_salesforce_user ADD COLUMN active BIGINT;     -- 1, or 0; null while nobody asked
ALTER TABLE host_salesforce_user ADD COLUMN checked_at BIGINT;
