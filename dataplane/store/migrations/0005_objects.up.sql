-- Files and folders of the storage that were given an id. An id stays with its file: a rename changes the row, whatever lies beneath, and
-- what is another file (inode, born_nsec) gets another row.
CREATE TABLE IF NOT EXISTS objects (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  parent BIGINT UNSIGNED NOT NULL,
  name VARBINARY(255) NOT NULL,
  inode BIGINT UNSIGNED NOT NULL,
  born_nsec BIGINT NOT NULL,
  lost_at DATETIME(6) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY objects_place (parent, name),
  KEY objects_identity (inode, born_nsec)
) ENGINE=InnoDB;

-- The top of the storage. Numbers that former versions gave out for each access key are never given out again.
INSERT IGNORE INTO objects (id, parent, name, inode, born_nsec) VALUES (1, 0, '', 0, 0);
INSERT IGNORE INTO objects (id, parent, name, inode, born_nsec)
  SELECT MAX(next_file_id) + 1, 0, 'former', 0, 0 FROM access_keys HAVING MAX(next_file_id) > 2;
DELETE FROM objects WHERE parent = 0 AND name = 'former';
DROP TABLE IF EXISTS files;

-- What a user or a group may do with a file, and with all beneath it. file_id is 1 for the folder of the access key.
CREATE TABLE IF NOT EXISTS permissions (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  access_key_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  file_id BIGINT UNSIGNED NOT NULL,
  access_type VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  access_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  access_levels VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tags LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_by VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
  updated_by VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  updated_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY permissions_grant (access_key_id, file_id, access_type, access_id),
  CONSTRAINT permissions_access_key FOREIGN KEY (access_key_id) REFERENCES access_keys (id) ON DELETE CASCADE
) ENGINE=InnoDB;
