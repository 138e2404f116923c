ALTER TABLE access_keys DROP COLUMN IF EXISTS former_secret_hash, DROP COLUMN IF EXISTS former_secret_until;
