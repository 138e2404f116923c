-- Storages in object stores. What logs in there is sealed. One that has ended goes when its uploads are aborted.
CREATE TABLE IF NOT EXISTS object_storages (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  settings LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  secrets MEDIUMBLOB NOT NULL,
  version BIGINT UNSIGNED NOT NULL DEFAULT 1,
  created_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
  PRIMARY KEY (id)
) ENGINE=InnoDB;

-- Objects that are being written, by any node. There is one upload of an object at a time.
CREATE TABLE IF NOT EXISTS object_uploads (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  storage_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  object_key VARBINARY(1024) NOT NULL,
  upload_id TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  size BIGINT NOT NULL,
  mod_time BIGINT NOT NULL,
  part_size BIGINT NOT NULL,
  touched_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY object_uploads_object (storage_id, object_key),
  KEY object_uploads_touched (touched_at)
) ENGINE=InnoDB;

-- The parts of uploads that the server has, with the hashes of their chunks.
CREATE TABLE IF NOT EXISTS object_parts (
  upload BIGINT UNSIGNED NOT NULL,
  number INT UNSIGNED NOT NULL,
  etag VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  hashes MEDIUMBLOB NOT NULL,
  PRIMARY KEY (upload, number),
  CONSTRAINT object_parts_upload FOREIGN KEY (upload) REFERENCES object_uploads (id) ON DELETE CASCADE
) ENGINE=InnoDB;
