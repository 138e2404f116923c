-- Transfers that the node itself makes. What they need to log in elsewhere is sealed, and goes when they end.
ALTER TABLE jobs
  ADD COLUMN IF NOT EXISTS request LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS secrets MEDIUMBLOB NULL,
  ADD KEY IF NOT EXISTS jobs_access_key (access_key_id, ended_at);

ALTER TABLE transfers
  ADD COLUMN IF NOT EXISTS job BOOLEAN NOT NULL DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS wanted_min_kbps BIGINT NULL,
  ADD COLUMN IF NOT EXISTS wanted_policy VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL;
