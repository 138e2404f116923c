-- Where each node takes transfers, and how many it has. A node that takes none, or is not heard of, is not here.
CREATE TABLE IF NOT EXISTS node_doors (
  node VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  host VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  ssh_port INT NOT NULL,
  udp_port INT NOT NULL,
  wss_port INT NOT NULL,
  ssh_fingerprint VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sessions INT NOT NULL,
  seen DATETIME(6) NOT NULL,
  PRIMARY KEY (node)
) ENGINE=InnoDB;
