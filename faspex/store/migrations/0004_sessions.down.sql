ALTER TABLE accounts DROP COLUMN password_change_required;
ALTER TABLE refresh_tokens DROP KEY refresh_tokens_login, DROP COLUMN login;
ALTER TABLE authorization_codes DROP COLUMN login;
DROP TABLE sessions;
