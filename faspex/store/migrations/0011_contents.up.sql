-- What was sent, apart from the packages that it is sent with: a package that is forwarded shares the content of the first. directory is where it
-- lies on the node of the folder, fixed at creation, so that a changed folder does not lose it.
CREATE TABLE contents (
  id               BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid             CHAR(36) CHARACTER SET ascii NOT NULL, -- of the package that it was sent with first
  shared_folder_id BIGINT UNSIGNED NOT NULL,
  directory        VARCHAR(2048) NOT NULL,
  masked           BOOLEAN NOT NULL DEFAULT FALSE,
  encrypted        BOOLEAN NOT NULL DEFAULT FALSE,
  gone_at          DATETIME(3) NULL, -- since when no package has it any more, and its files go or are gone
  UNIQUE KEY contents_uuid (uuid),
  CONSTRAINT contents_folder FOREIGN KEY (shared_folder_id) REFERENCES shared_folders (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- Until now an upload went to another folder, which was renamed at the release. What was not released stays where it is.
INSERT INTO contents (id, uuid, shared_folder_id, directory, masked, encrypted, gone_at)
  SELECT id, uuid, shared_folder_id,
    IF(state IN ('held', 'transient_held_to_released_start', 'transient_held_to_expired', 'transient_held_to_deleted'),
      CONCAT(directory, '.incoming'), directory),
    obfuscation_enabled, ear_enabled, IF(state IN ('expired', 'deleted'), updated_at, NULL)
  FROM packages;

ALTER TABLE packages ADD COLUMN content_id BIGINT UNSIGNED NULL AFTER sender_id,
  ADD COLUMN forwarded_from BIGINT UNSIGNED NULL AFTER content_id,
  ADD COLUMN released_at DATETIME(3) NULL AFTER release_date,
  ADD COLUMN ended_at DATETIME(3) NULL AFTER upload_completed_at; -- since when its content is not to be had
UPDATE packages SET content_id = id, updated_at = updated_at,
  released_at = IF(state IN ('released', 'expired', 'transient_released_to_expired', 'transient_released_to_deleted',
    'transient_expired_to_deleted'), COALESCE(release_date, updated_at), NULL),
  ended_at = IF(state IN ('expired', 'deleted'), updated_at, NULL);
ALTER TABLE packages MODIFY COLUMN content_id BIGINT UNSIGNED NOT NULL,
  ADD CONSTRAINT packages_content FOREIGN KEY (content_id) REFERENCES contents (id),
  ADD CONSTRAINT packages_forwarded FOREIGN KEY (forwarded_from) REFERENCES packages (id) ON DELETE SET NULL,
  DROP FOREIGN KEY packages_folder;
ALTER TABLE packages DROP COLUMN shared_folder_id, DROP COLUMN directory, DROP COLUMN ear_enabled, DROP COLUMN obfuscation_enabled;

-- How many records of packages were purged, so that replicas know when to count again.
ALTER TABLE installation ADD COLUMN purged BIGINT UNSIGNED NOT NULL DEFAULT 0;
