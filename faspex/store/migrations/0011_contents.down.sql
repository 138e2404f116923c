ALTER TABLE installation DROP COLUMN purged;
ALTER TABLE packages ADD COLUMN shared_folder_id BIGINT UNSIGNED NULL, ADD COLUMN directory VARCHAR(1200) NOT NULL DEFAULT '',
  ADD COLUMN ear_enabled BOOLEAN NOT NULL DEFAULT FALSE, ADD COLUMN obfuscation_enabled BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE packages p JOIN contents c ON c.id = p.content_id SET p.shared_folder_id = c.shared_folder_id, p.directory = c.directory,
  p.ear_enabled = c.encrypted, p.obfuscation_enabled = c.masked, p.updated_at = p.updated_at;
ALTER TABLE packages MODIFY COLUMN shared_folder_id BIGINT UNSIGNED NOT NULL,
  ADD CONSTRAINT packages_folder FOREIGN KEY (shared_folder_id) REFERENCES shared_folders (id),
  DROP FOREIGN KEY packages_content, DROP FOREIGN KEY packages_forwarded;
ALTER TABLE packages DROP COLUMN content_id, DROP COLUMN forwarded_from, DROP COLUMN released_at, DROP COLUMN ended_at;
DROP TABLE contents;
