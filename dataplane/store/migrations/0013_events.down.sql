ALTER TABLE transfers DROP KEY IF EXISTS transfers_history, DROP COLUMN IF EXISTS files_gone;
DROP TABLE IF EXISTS session_rates;
ALTER TABLE sessions DROP COLUMN IF EXISTS bytes_counted;
DROP TABLE IF EXISTS key_usage;
DELETE FROM revisions WHERE name = 'events';
DROP TABLE IF EXISTS events;
