-- In which lists of its recipient a package is: 2 in all, 1 in those with history, 0 in none. It follows from the package's state and from what
-- the recipient did, and is kept here so that a list and its count read one index.
ALTER TABLE deliveries ADD COLUMN shown TINYINT NOT NULL DEFAULT 0;
UPDATE deliveries d JOIN packages p ON p.id = d.package_id SET d.shown = CASE
  WHEN d.deleted_at IS NOT NULL THEN 0
  WHEN p.state = 'released' AND NOT d.archived THEN 2
  WHEN p.state IN ('released', 'expired', 'transient_released_to_expired') THEN 1
  ELSE 0 END;
ALTER TABLE deliveries ADD KEY deliveries_shown (account_id, shown, package_id);
ALTER TABLE packages ADD KEY packages_outbox (sender_id, sender_archived, id);

-- What changed for whom: the ids of things, for pages that show them. Kept for an hour.
CREATE TABLE events (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id BIGINT UNSIGNED NOT NULL,
  kind       VARCHAR(16) CHARACTER SET ascii NOT NULL,
  thing_id   BIGINT UNSIGNED NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY events_created (created_at)
) ENGINE=InnoDB;
