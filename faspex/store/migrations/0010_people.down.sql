DELETE FROM accounts WHERE status = 'pending_approval';
ALTER TABLE accounts DROP COLUMN registered_with, DROP KEY accounts_destroys, DROP COLUMN destroys_at;
DROP TABLE contacts;
DROP TABLE pending_logins;
