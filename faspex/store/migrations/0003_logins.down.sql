ALTER TABLE refresh_tokens DROP COLUMN epoch;
ALTER TABLE authorization_codes DROP COLUMN epoch;
DROP TABLE IF EXISTS account_logins;
