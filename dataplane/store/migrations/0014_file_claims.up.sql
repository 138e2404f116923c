-- Which sessions write which files, so that sessions of other nodes don't. A claim ends with its session.
CREATE TABLE IF NOT EXISTS file_claims (
  path_hash BINARY(32) NOT NULL,
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  part VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  division VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  transfer_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  claimed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (path_hash, session_id, part),
  KEY file_claims_session (session_id),
  KEY file_claims_claimed (claimed_at)
) ENGINE=InnoDB;

-- Who looks at the claims of files locks one of these first.
CREATE TABLE IF NOT EXISTS file_claim_locks (
  slot SMALLINT UNSIGNED NOT NULL,
  PRIMARY KEY (slot)
) ENGINE=InnoDB;

INSERT IGNORE INTO file_claim_locks (slot) WITH RECURSIVE n AS (SELECT 0 AS slot UNION ALL SELECT slot + 1 FROM n WHERE slot < 255) SELECT slot FROM n;

-- A session whose transfer was begun again by another has to end.
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS replaced BOOLEAN NOT NULL DEFAULT FALSE;
