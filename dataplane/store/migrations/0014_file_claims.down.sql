ALTER TABLE sessions DROP COLUMN IF EXISTS replaced;
DROP TABLE IF EXISTS file_claim_locks;
DROP TABLE IF EXISTS file_claims;
