DELETE FROM deliveries WHERE NOT direct;
ALTER TABLE deliveries DROP COLUMN direct;
DROP TABLE package_groups, group_members, recipient_groups;
