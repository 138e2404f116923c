-- Keys whose makers are gone open nothing any more; they must not come back with a key made anew under the maker's id.
DELETE FROM access_keys WHERE id NOT IN (SELECT id FROM (
  WITH RECURSIVE reached AS (
    SELECT id FROM access_keys WHERE parent_id = ''
    UNION
    SELECT k.id FROM access_keys k JOIN reached r ON k.parent_id = r.id
  ) SELECT id FROM reached
) AS kept);

-- What tokens are no longer good. probe is the hash of one of the values in tags: a token that has all of them has that one.
CREATE TABLE IF NOT EXISTS revocations (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  probe BINARY(32) NOT NULL,
  tags LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  direction VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  before_usec BIGINT NOT NULL,
  expires_usec BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY revocations_probe (probe),
  KEY revocations_expires (expires_usec)
) ENGINE=InnoDB;

-- How many tokens were used under a name, and which of those that may come again were counted.
CREATE TABLE IF NOT EXISTS use_counts (
  name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  used BIGINT NOT NULL DEFAULT 0,
  last_usec BIGINT NOT NULL,
  PRIMARY KEY (name),
  KEY use_counts_last (last_usec)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS token_uses (
  name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  token_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  expires_usec BIGINT NOT NULL,
  PRIMARY KEY (name, token_id),
  KEY token_uses_expires (expires_usec)
) ENGINE=InnoDB;

-- Retention looks for what ended first.
CREATE INDEX IF NOT EXISTS transfers_ended ON transfers (ended_usec);
