-- Users of the Node API beside the one in the node's Secret. Each acts as a transfer user, which has a folder or restrictions.
CREATE TABLE IF NOT EXISTS transfer_users (
  name VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  docroot VARCHAR(4096) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  restrictions LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS node_users (
  name VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  transfer_user VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  secret_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
  PRIMARY KEY (name),
  CONSTRAINT node_users_transfer_user FOREIGN KEY (transfer_user) REFERENCES transfer_users (name)
) ENGINE=InnoDB;
