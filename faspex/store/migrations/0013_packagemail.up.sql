-- Adds only.
-- The address of the server when the package was made: links in its mails begin with it.
ALTER TABLE packages ADD COLUMN base_url VARCHAR(255) NOT NULL DEFAULT '' AFTER forwarded_from;
-- From where somebody transferred.
ALTER TABLE transfers ADD COLUMN address VARCHAR(64) CHARACTER SET ascii NOT NULL DEFAULT '' AFTER account_id;
