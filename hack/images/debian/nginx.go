package debian

import "faspex.io/operator/hack/images/archive"

// Nginx stands in for nginx-unprivileged: user nginx (101), port 8080, process id and temporary files in /tmp, logs
// on the container's own output.
func Nginx() StandIn {
	return StandIn{
		Name: "nginx",
		Image: archive.Image{
			Refs: []string{"docker.io/nginxinc/nginx-unprivileged:1.28"}, User: "101",
			Entrypoint: []string{"/docker-entrypoint.sh"}, Cmd: []string{"nginx", "-g", "daemon off;"},
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Ports:      []string{"8080/tcp"},
			StopSignal: "SIGQUIT",
		},
		Packages: []string{"nginx-light"},
		Account:  "nginx:101:101:/nonexistent",
		Scripts:  map[string]string{"/docker-entrypoint.sh": "nginx-entrypoint.sh"},
		Configs:  map[string]string{"/etc/nginx/nginx.conf": "nginx.conf"},
		Finish: `rm -rf "$1"/etc/nginx/sites-* "$1"/etc/nginx/snippets "$1"/etc/nginx/modules-* "$1"/etc/nginx/conf.d/*; mkdir -p "$1"/var/cache/nginx "$1"/var/lib/nginx "$1"/usr/share/nginx/html;` +
			` chroot "$1" chown -R nginx:nginx /var/cache/nginx /var/lib/nginx /etc/nginx`,
	}
}
