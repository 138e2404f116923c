-- A secret that was replaced is good until its time has passed.
ALTER TABLE access_keys
  ADD COLUMN IF NOT EXISTS former_secret_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS former_secret_until DATETIME(6) NULL;
