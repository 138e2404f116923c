package debian

import "faspex.io/operator/hack/images/archive"

// MariaDB stands in for the official image: user mysql (999), data in /var/lib/mysql, the entry point's variables for
// the root password, a first database and a first user, and healthcheck.sh.
func MariaDB() StandIn {
	return StandIn{
		Name: "mariadb",
		Image: archive.Image{
			Refs:       []string{"docker.io/library/mariadb:11.4"},
			Entrypoint: []string{"docker-entrypoint.sh"}, Cmd: []string{"mariadbd"},
			Env:     []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"},
			Ports:   []string{"3306/tcp"},
			Volumes: []string{"/var/lib/mysql"},
		},
		Packages: []string{"mariadb-server"},
		Account:  "mysql:999:999:/var/lib/mysql",
		Scripts: map[string]string{
			"/usr/local/bin/docker-entrypoint.sh": "mariadb-entrypoint.sh",
			"/usr/local/bin/healthcheck.sh":       "mariadb-healthcheck.sh",
		},
		Configs: map[string]string{"/etc/mysql/mariadb.conf.d/90-container.cnf": "mariadb-container.cnf"},
		Finish: `rm -rf "$1"/var/lib/mysql/* "$1"/var/lib/mysql/.[!.]* "$1"/etc/mysql/debian* "$1"/usr/lib/mysql/plugin/*.so.old;` +
			` find "$1"/usr/share/mysql -mindepth 1 -maxdepth 1 -type d ! -name charsets ! -name english ! -name policy -exec rm -rf {} +;` +
			` mkdir -p "$1"/run/mysqld "$1"/docker-entrypoint-initdb.d; chroot "$1" chown -R mysql:mysql /run/mysqld /var/lib/mysql; chmod 1777 "$1"/run/mysqld`,
	}
}
