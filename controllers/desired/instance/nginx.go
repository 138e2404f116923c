package instance

import (
	_ "embed"
	"strings"
	"text/template"
)

const (
	nginxConfKey    = "nginx.conf"
	routerScriptKey = "run.sh"
	nginxConfDir    = "/etc/nginx/faspex"
	nginxTLSDir     = "/etc/nginx/tls"
)

// RouterScript runs nginx; its head says how.
//
//go:embed router.sh
var RouterScript string

// Router is what nginx.conf depends on. The addresses are host:port.
type Router struct {
	ExternalURL       string
	Core, UI, Utility string
	// Gateway is empty when there is none.
	Gateway string
	// TrustedProxies are addresses and networks whose X-Forwarded-For is believed.
	TrustedProxies []string
	// LogLevel of the error log, as nginx calls it.
	LogLevel string
}

// Config renders nginx.conf. It runs on any nginx 1.19.10 or later, as any user, with nothing to write to but /tmp.
//
// Whom a request came from is told as the router itself saw it, whatever the client says:
// TestRouterTellsWhoTheClientIs.
//
// Requests go on as they came: proxy_pass with a variable forwards the undecoded request line, and methods are not
// limited. Only the slashes of a path that begins with several become one
// (TestRouterServesPathsThatBeginWithTwoSlashes). The access log has neither queries, because they may hold
// authorization codes, nor what in a path of the gateway permits something (TestRouterLogsNoSecret).
//
// Connections to core are used for a few requests and seconds only: which pod a connection leads to is decided when it
// is made (TestRouterSpreadsRequestsOfOneConnection).
//
// Redirects name spec.externalURL, whatever the client calls the host: many clients take no relative ones. Answers are
// compressed but for those of the login, whose pages repeat what an address says beside what only the person may know.
//
// What the gateway carries is neither kept nor delayed: each side goes at the speed of the slower one.
// client_body_buffer_size is the window of an HTTP/2 upload, which bounds its speed to that many bytes a round trip.
func (r Router) Config() string {
	var b strings.Builder
	// The template is a constant and the writer cannot fail.
	if err := nginxTemplate.Execute(&b, r); err != nil {
		panic(err)
	}
	return b.String()
}

var nginxTemplate = template.Must(template.New(nginxConfKey).Parse(`# Generated; changes are overwritten.
daemon off;
worker_processes auto;
pid /tmp/nginx.pid;
error_log stderr {{.LogLevel}};

events {
  worker_connections 4096;
}

http {
  client_body_temp_path /tmp/client_body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;

  map $uri $logged_path {
    default $uri;
    "~^(/aspera/http-gwy/(tickets|sessions|v1/download)/)" "$1...";
  }
  log_format json escape=json '{"time":"$time_iso8601","remote":"$remote_addr","method":"$request_method","path":"$logged_path",'
    '"status":$status,"bytes":$body_bytes_sent,"duration":$request_time,"upstream":"$upstream_addr"}';
  access_log /dev/stdout json;

  server_tokens off;
  absolute_redirect off;
  merge_slashes off;
  keepalive_timeout 65s;
  keepalive_requests 10000;
  client_max_body_size 64m;
  large_client_header_buffers 8 32k;

  upstream core {
    server {{.Core}};
    keepalive 16;
    keepalive_requests 8;
    keepalive_time 10s;
  }
  upstream ui {
    server {{.UI}};
    keepalive 16;
  }
  upstream utility {
    server {{.Utility}};
    keepalive 4;
  }

{{if .Gateway}}  upstream gateway {
    server {{.Gateway}};
    keepalive 16;
  }
{{end}}
  gzip on;
  gzip_comp_level 5;
  gzip_min_length 1024;
  gzip_proxied any;
  gzip_vary on;
  gzip_types application/json application/problem+json application/javascript application/manifest+json application/xml
    image/svg+xml text/css text/csv text/javascript text/plain text/xml;

  map $request_uri $forwarded_path {
    default $request_uri;
    "~^/+(/.*)$" $1;
  }
  map "$http_upgrade $uri" $upgrade_websocket {
    default "";
    "~*^websocket /aspera/http-gwy/" websocket;
  }
  map $upgrade_websocket $upgrade_connection {
    default "";
    websocket upgrade;
  }

{{range .TrustedProxies}}  set_real_ip_from {{.}};
{{end}}{{if .TrustedProxies}}  real_ip_header X-Forwarded-For;
  real_ip_recursive on;

{{end}}  proxy_http_version 1.1;
  proxy_set_header Connection $upgrade_connection;
  proxy_set_header Host $http_host;
  proxy_set_header Forwarded "";
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Proto https;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header Upgrade $upgrade_websocket;
  proxy_redirect / {{.ExternalURL}}/;
  proxy_connect_timeout 5s;
  proxy_read_timeout 120s;
  proxy_next_upstream error timeout non_idempotent;
  proxy_next_upstream_tries 2;

  server {
    listen 8080;
    location = /livez {
      access_log off;
      default_type text/plain;
      return 200 "ok\n";
    }
    location / {
      return 308 {{.ExternalURL}}$request_uri;
    }
  }

  server {
    listen 8443 ssl http2;
    ssl_certificate /etc/nginx/tls/tls.crt;
    ssl_certificate_key /etc/nginx/tls/tls.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
    ssl_session_cache shared:tls:10m;
    ssl_session_tickets off;
    add_header Strict-Transport-Security "max-age=31536000" always;

    rewrite ^//+(.*)$ /$1; # chooses the location; what is forwarded is $forwarded_path
    location = / {
      return 302 {{.ExternalURL}}/aspera/faspex/$is_args$args;
    }
    location = /aspera/faspex {
      return 302 {{.ExternalURL}}/aspera/faspex/$is_args$args;
    }
    location /aspera/faspex/ {
      proxy_pass http://ui$forwarded_path;
    }
    location /aspera/faspex/api/v5 {
      proxy_pass http://core$forwarded_path;
    }
    location = /aspera/faspex/api {
      proxy_pass http://core$forwarded_path;
    }
    location = /aspera/faspex/api/v5/events {
      proxy_pass http://core$forwarded_path;
      proxy_buffering off;
      proxy_read_timeout 1h;
    }
    location /aspera/faspex/auth {
      proxy_pass http://core$forwarded_path;
      gzip off;
    }
    location /aspera/faspex/public/ {
      proxy_pass http://core$forwarded_path;
      gzip off;
    }
    location = /aspera/faspex/health {
      proxy_pass http://core$forwarded_path;
    }
    location /aspera/faspex/utility {
      proxy_pass http://utility$forwarded_path;
    }
{{if .Gateway}}    location /aspera/http-gwy/ {
      proxy_pass http://gateway$forwarded_path;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_buffer_size 128k;
      proxy_buffers 4 128k;
      proxy_busy_buffers_size 256k;
      gzip off;
      client_max_body_size 0;
      client_body_buffer_size 4m;
      client_body_timeout 10m;
      send_timeout 10m;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
{{end}}    location / {
      return 404;
    }
  }
}
`))
