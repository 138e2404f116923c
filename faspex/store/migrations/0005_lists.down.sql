DROP TABLE events;
ALTER TABLE packages DROP KEY packages_outbox;
ALTER TABLE deliveries DROP KEY deliveries_shown, DROP COLUMN shown;
