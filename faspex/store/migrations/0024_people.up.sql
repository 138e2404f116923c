-- Adds only.
-- Since when too many failed logins keep an account from logging in by its password, and since when they count.
ALTER TABLE accounts ADD COLUMN locked_at DATETIME(3) NULL, ADD COLUMN failures_from DATETIME(3) NULL;
ALTER TABLE application_events ADD KEY application_events_account (account_id, event_type, created_at);
ALTER TABLE oauth_clients ADD COLUMN allow_implicit_grant BOOLEAN NOT NULL DEFAULT FALSE;
