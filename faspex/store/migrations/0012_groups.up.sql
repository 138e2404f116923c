-- Workgroups and shared inboxes.
CREATE TABLE recipient_groups (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind       VARCHAR(16) CHARACTER SET ascii NOT NULL, -- workgroup or shared_inbox
  name       VARCHAR(255) NOT NULL,
  -- 1, or NULL once it is deleted: packages name it still, and the name is free.
  alive      TINYINT NULL DEFAULT 1,
  options    LONGTEXT NOT NULL DEFAULT '{}',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY recipient_groups_name (kind, name, alive)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE group_members (
  group_id   BIGINT UNSIGNED NOT NULL,
  account_id BIGINT UNSIGNED NOT NULL,
  access     VARCHAR(24) CHARACTER SET ascii NOT NULL, -- submit_only, standard, workgroup_admin or shared_inbox_admin
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (group_id, account_id),
  KEY group_members_account (account_id, group_id),
  CONSTRAINT group_members_group FOREIGN KEY (group_id) REFERENCES recipient_groups (id) ON DELETE CASCADE,
  CONSTRAINT group_members_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- The groups that a package goes to. Who is a member sees it; a member's own doings with it are in deliveries. shown is as there.
CREATE TABLE package_groups (
  package_id BIGINT UNSIGNED NOT NULL,
  group_id   BIGINT UNSIGNED NOT NULL,
  private    BOOLEAN NOT NULL DEFAULT FALSE,
  archived   BOOLEAN NOT NULL DEFAULT FALSE, -- off the lists of all members
  shown      TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (package_id, group_id),
  KEY package_groups_shown (group_id, shown, package_id),
  CONSTRAINT package_groups_package FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE,
  CONSTRAINT package_groups_group FOREIGN KEY (group_id) REFERENCES recipient_groups (id)
) ENGINE=InnoDB;

-- Whether the package was sent to the person, or the row keeps what a member of a group did with it. The latter are on no list by themselves.
ALTER TABLE deliveries ADD COLUMN direct BOOLEAN NOT NULL DEFAULT TRUE AFTER account_id;
