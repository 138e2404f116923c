-- What tells this installation's transfers from those of another one that shares a node.
CREATE TABLE installation (
  uuid CHAR(36) CHARACTER SET ascii NOT NULL PRIMARY KEY
) ENGINE=InnoDB;

INSERT INTO installation (uuid) VALUES (UUID());

-- What nodes still have to be told: refuse the transfer tokens whose tags hold these, and stop their sessions.
CREATE TABLE transfer_revocations (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  node_id    BIGINT UNSIGNED NOT NULL,
  tags       TEXT NOT NULL,
  direction  VARCHAR(8) NOT NULL DEFAULT '',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY transfer_revocations_node (node_id, id),
  CONSTRAINT transfer_revocations_node FOREIGN KEY (node_id) REFERENCES nodes (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The side of the package that a transfer was issued for: sent or received; empty for transfers before this column.
ALTER TABLE transfers ADD COLUMN side VARCHAR(8) CHARACTER SET ascii NOT NULL DEFAULT '';
