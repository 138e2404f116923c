DROP TABLE password_history;
ALTER TABLE accounts DROP KEY accounts_deleted, DROP COLUMN options, DROP COLUMN expires_at, DROP COLUMN password_set_at,
  DROP COLUMN last_login_address, DROP COLUMN deleted_at;
