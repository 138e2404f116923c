ALTER TABLE node_users DROP COLUMN IF EXISTS managed_by;
ALTER TABLE transfer_users DROP COLUMN IF EXISTS managed_by;
