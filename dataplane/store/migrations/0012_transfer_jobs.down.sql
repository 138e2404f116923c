DELETE FROM jobs WHERE kind = 'transfer';
DELETE FROM transfers WHERE job AND status IN ('waiting', 'paused');
ALTER TABLE transfers DROP COLUMN IF EXISTS wanted_policy, DROP COLUMN IF EXISTS wanted_min_kbps, DROP COLUMN IF EXISTS job;
ALTER TABLE jobs DROP KEY IF EXISTS jobs_access_key, DROP COLUMN IF EXISTS secrets, DROP COLUMN IF EXISTS request;
