-- One counter orders all changes of status: a reader that remembers the last number it saw misses none.
CREATE TABLE IF NOT EXISTS revisions (
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB;

INSERT IGNORE INTO revisions (name, value) VALUES ('transfers', 0);

CREATE TABLE IF NOT EXISTS transfers (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  revision BIGINT UNSIGNED NOT NULL,
  status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  direction VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  access_key VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  token_user VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  token_kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  remote_user VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  cookie TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  tags LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  start_spec LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  error_code INT NOT NULL DEFAULT 0,
  error_desc VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
  wanted_rate_kbps BIGINT NULL,
  started_usec BIGINT NOT NULL,
  ended_usec BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  UNIQUE KEY transfers_revision (revision),
  KEY transfers_status (status, revision),
  KEY transfers_access_key (access_key, revision)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS sessions (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  transfer_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  node VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  boot CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  heartbeat DATETIME(6) NOT NULL,
  status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  client_address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  server_address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  started_usec BIGINT NOT NULL,
  ended_usec BIGINT NOT NULL DEFAULT 0,
  bytes_expected BIGINT NOT NULL DEFAULT 0,
  files_expected BIGINT NOT NULL DEFAULT 0,
  bytes_transferred BIGINT NOT NULL DEFAULT 0,
  bytes_written BIGINT NOT NULL DEFAULT 0,
  bytes_lost BIGINT NOT NULL DEFAULT 0,
  files_completed BIGINT NOT NULL DEFAULT 0,
  files_failed BIGINT NOT NULL DEFAULT 0,
  directories_completed BIGINT NOT NULL DEFAULT 0,
  target_rate_kbps BIGINT NOT NULL DEFAULT 0,
  avg_rate_kbps BIGINT NOT NULL DEFAULT 0,
  network_delay_usec BIGINT NOT NULL DEFAULT 0,
  error_code INT NOT NULL DEFAULT 0,
  error_desc VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY sessions_transfer (transfer_id, started_usec),
  KEY sessions_status (status, node),
  CONSTRAINT sessions_transfer FOREIGN KEY (transfer_id) REFERENCES transfers (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- How each file ended; a file that a retry sends again replaces its former result.
CREATE TABLE IF NOT EXISTS transfer_files (
  transfer_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  path_hash BINARY(32) NOT NULL,
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  path VARCHAR(4096) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  size BIGINT NOT NULL,
  start_byte BIGINT NOT NULL,
  bytes_written BIGINT NOT NULL,
  checksum_type VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  checksum VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  error_code INT NOT NULL,
  error_desc VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  started_usec BIGINT NOT NULL,
  ended_usec BIGINT NOT NULL,
  PRIMARY KEY (transfer_id, path_hash),
  CONSTRAINT transfer_files_transfer FOREIGN KEY (transfer_id) REFERENCES transfers (id) ON DELETE CASCADE
) ENGINE=InnoDB;
