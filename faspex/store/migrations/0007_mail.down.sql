DROP TABLE one_time_codes;
ALTER TABLE jobs DROP COLUMN max_attempts, DROP COLUMN data;
DROP TABLE outbox;
