-- Adds only.
-- Distribution lists. A list of owner 0 is everybody's, made by admins.
CREATE TABLE distribution_lists (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  owner_id   BIGINT UNSIGNED NOT NULL DEFAULT 0,
  name       VARCHAR(255) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY distribution_lists_name (owner_id, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- Whom a list names: by login or e-mail address, as it was typed. What they are is asked when a package is sent.
CREATE TABLE distribution_list_contacts (
  id      BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  list_id BIGINT UNSIGNED NOT NULL,
  name    VARCHAR(255) NOT NULL,
  label   VARCHAR(255) NOT NULL DEFAULT '', -- what an imported file calls them
  UNIQUE KEY distribution_list_contacts_name (list_id, name),
  CONSTRAINT distribution_list_contacts_list FOREIGN KEY (list_id) REFERENCES distribution_lists (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
