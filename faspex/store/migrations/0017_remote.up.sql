-- Adds only.
-- Who may take files from a limited storage location.
CREATE TABLE folder_readers (
  folder_id  BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (folder_id, account_id),
  KEY folder_readers_account (account_id),
  CONSTRAINT folder_readers_folder FOREIGN KEY (folder_id) REFERENCES shared_folders (id) ON DELETE CASCADE,
  CONSTRAINT folder_readers_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- Packages whose content comes from a storage location, and the transfer by which the location's node sends it. transfer_id is empty until
-- the node has taken it.
CREATE TABLE remote_sources (
  package_id  BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  folder_id   BIGINT UNSIGNED NULL, -- NULL once the location is removed
  transfer_id VARCHAR(64) CHARACTER SET ascii NOT NULL DEFAULT '',
  asked_at    DATETIME(3) NOT NULL,
  CONSTRAINT remote_sources_package FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE,
  CONSTRAINT remote_sources_folder FOREIGN KEY (folder_id) REFERENCES shared_folders (id) ON DELETE SET NULL
) ENGINE=InnoDB;
