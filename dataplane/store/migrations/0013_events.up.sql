-- What happened on the nodes, in the order in which it was committed: id is counted like revisions. once tells what was written a second time
-- because the answer to the first was lost.
CREATE TABLE IF NOT EXISTS events (
  id BIGINT UNSIGNED NOT NULL,
  at_usec BIGINT NOT NULL,
  access_key VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  type VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  data LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  once BINARY(32) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY events_once (once),
  KEY events_access_key (access_key, id),
  KEY events_at (at_usec)
) ENGINE=InnoDB;

INSERT IGNORE INTO revisions (name, value) VALUES ('events', 0);

-- Bytes of the ended sessions of each access key, also of those that are kept no longer. bytes_counted is what of a session is in them.
CREATE TABLE IF NOT EXISTS key_usage (
  access_key VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  bytes_in BIGINT NOT NULL DEFAULT 0,
  bytes_out BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (access_key)
) ENGINE=InnoDB;

ALTER TABLE sessions ADD COLUMN IF NOT EXISTS bytes_counted BIGINT NOT NULL DEFAULT 0;

UPDATE sessions SET bytes_counted = bytes_transferred WHERE status <> 'running';

REPLACE INTO key_usage (access_key, bytes_in, bytes_out)
  SELECT t.access_key, SUM(IF((t.direction = 'send') <> t.job, s.bytes_counted, 0)), SUM(IF((t.direction = 'send') = t.job, s.bytes_counted, 0))
  FROM sessions s JOIN transfers t ON t.id = s.transfer_id WHERE t.access_key <> '' GROUP BY t.access_key;

-- The rate of a session in the ten seconds that end at a time.
CREATE TABLE IF NOT EXISTS session_rates (
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at_sec BIGINT NOT NULL,
  transfer_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kbps BIGINT NOT NULL,
  PRIMARY KEY (session_id, at_sec),
  KEY session_rates_at (at_sec)
) ENGINE=InnoDB;

-- Results of files are kept no longer than their transfer. Whose are gone is known, so that nobody looks for them again.
ALTER TABLE transfers
  ADD COLUMN IF NOT EXISTS files_gone BOOLEAN NOT NULL DEFAULT FALSE,
  ADD KEY IF NOT EXISTS transfers_history (files_gone, ended_usec);
