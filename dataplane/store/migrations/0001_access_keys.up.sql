-- Every migration can be run again after a crash in its middle.
CREATE TABLE IF NOT EXISTS access_keys (
  id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  parent_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  secret_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  storage_path VARCHAR(4096) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  token_verification_key TEXT CHARACTER SET utf8mb4 NOT NULL,
  configuration LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
  next_file_id BIGINT UNSIGNED NOT NULL DEFAULT 2,
  created_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
  PRIMARY KEY (id),
  KEY access_keys_parent (parent_id)
) ENGINE=InnoDB;

-- Ids of files and folders, numbered for each access key; the root of a key is 1.
CREATE TABLE IF NOT EXISTS files (
  access_key_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id BIGINT UNSIGNED NOT NULL,
  path VARCHAR(4096) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  path_hash BINARY(32) NOT NULL,
  PRIMARY KEY (access_key_id, id),
  UNIQUE KEY files_path (access_key_id, path_hash),
  CONSTRAINT files_access_key FOREIGN KEY (access_key_id) REFERENCES access_keys (id) ON DELETE CASCADE
) ENGINE=InnoDB;
