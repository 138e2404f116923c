-- Adds only.
-- Whether a file anywhere in the content is encrypted by a passphrase, whatever the sender said.
ALTER TABLE contents ADD COLUMN has_sealed BOOLEAN NOT NULL DEFAULT FALSE;
