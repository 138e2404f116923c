ALTER TABLE accounts DROP COLUMN activated_at;
DROP TABLE application_events;
