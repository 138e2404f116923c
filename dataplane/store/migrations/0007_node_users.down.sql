DROP TABLE IF EXISTS node_users;
DROP TABLE IF EXISTS transfer_users;
