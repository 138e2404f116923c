-- When an upload last made progress.
ALTER TABLE packages ADD COLUMN progress_at DATETIME(3) NULL AFTER bytes_written;
UPDATE packages SET progress_at = updated_at, updated_at = updated_at WHERE state = 'held';
