-- Invitations to send without a login: to a user (owner_id), or to a shared inbox (group_id). The link is not kept: core's secret vouches for it.
CREATE TABLE invitations (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uuid         CHAR(36) CHARACTER SET ascii NOT NULL,
  public       BOOLEAN NOT NULL DEFAULT FALSE, -- asked for by a submission link, and on no list
  owner_id     BIGINT UNSIGNED NULL, -- who invited; of a public one the user it is for
  group_id     BIGINT UNSIGNED NULL,
  email        VARCHAR(255) NOT NULL,
  account_id   BIGINT UNSIGNED NULL, -- the external user who sends with it, once it was opened
  description  VARCHAR(4000) NOT NULL DEFAULT '',
  once         BOOLEAN NOT NULL DEFAULT FALSE, -- ends with the first package that was sent with it
  hours        INT NULL, -- it is good after each mail; NULL when expires_at was chosen, or for ever
  expires_at   DATETIME(3) NULL,
  prevent_http BOOLEAN NOT NULL DEFAULT FALSE,
  used_at      DATETIME(3) NULL,
  invited_at   DATETIME(3) NOT NULL,
  created_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY invitations_uuid (uuid),
  KEY invitations_owner (owner_id, id),
  KEY invitations_group (group_id, id),
  CONSTRAINT invitations_owner FOREIGN KEY (owner_id) REFERENCES accounts (id) ON DELETE CASCADE,
  CONSTRAINT invitations_group FOREIGN KEY (group_id) REFERENCES recipient_groups (id) ON DELETE CASCADE,
  CONSTRAINT invitations_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

-- By which invitation a package was sent.
ALTER TABLE packages ADD COLUMN invitation_id BIGINT UNSIGNED NULL,
  ADD CONSTRAINT packages_invitation FOREIGN KEY (invitation_id) REFERENCES invitations (id) ON DELETE SET NULL;
