ALTER TABLE application_events DROP KEY application_events_account;
ALTER TABLE accounts DROP COLUMN locked_at, DROP COLUMN failures_from;
ALTER TABLE oauth_clients DROP COLUMN allow_implicit_grant;
