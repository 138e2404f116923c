-- Who manages a user: '' is the command line, otherwise the words for people, such as "Secret files/team".
ALTER TABLE transfer_users
  ADD COLUMN IF NOT EXISTS managed_by VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '';
ALTER TABLE node_users
  ADD COLUMN IF NOT EXISTS managed_by VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '';
