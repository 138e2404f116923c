ALTER TABLE packages DROP COLUMN progress_at;
