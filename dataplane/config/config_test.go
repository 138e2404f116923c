package config_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/config"
)

// documented is the file of docs/architecture.md, section 4.
const documented = `
storageRoot: /storage
ports: {ssh: 33001, udp: 33001, nodeAPI: 9092, metrics: 9095}
transferUsers: [xfer]
gso: auto
rates: {targetKbps: 0, maxKbps: 0, policy: fair}
ciphers: [aes-256-gcm, aes-192-gcm, aes-128-gcm]
history: {transfers: 2160h, files: 720h}
secrets: {tokenKeys: /etc/hsts/token-keys, sshHostKeys: /etc/hsts/ssh, tls: /etc/hsts/tls, nodeUser: /etc/hsts/node-user}
`

func TestTheDocumentedFileIsTheDefault(t *testing.T) {
	for name, text := range map[string]string{"documented": documented, "empty": ""} {
		got, err := config.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(config.Default(), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hsts.yaml")
	if err := os.WriteFile(file, []byte("ports: {ssh: 22001}\nciphers: [aes-128-gcm]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Ports.SSH, want.Ciphers = 22001, []string{"aes-128-gcm"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := config.Load(file + "x"); err == nil {
		t.Error("a missing file is accepted")
	}
}

func TestBadFilesNameTheField(t *testing.T) {
	for text, want := range map[string]string{
		"storage: /x":                                 "storage",
		"storageRoot: x":                              "storageRoot",
		"ports: {ssh: 70000}":                         "ports.ssh",
		"ports: {ssh: abc}":                           "line 1",
		"ports: {ssh: 9092}":                          "must differ",
		"ports: {wss: 9092}":                          "ports.wss must differ",
		"ports: {wss: -1}":                            "ports.wss",
		"transferUsers: []":                           "transferUsers",
		"gso: maybe":                                  "gso",
		"rates: {policy: rude}":                       "rates.policy",
		"rates: {targetKbps: -1, policy: fair}":       "rates",
		"rates: {totalReceiveKbps: -1}":               "rates",
		"history: {transfers: 0s}":                    "history.transfers",
		"history: {files: -1h}":                       "history.files",
		"history: {files: 30d}":                       "line 1",
		"logins: {failures: 0}":                       "logins.",
		"logins: {safe: [10.0.0.0/40]}":               "logins.safe",
		`logins: {safe: ["::ffff:10.0.0.0/104"]}`:     "logins.safe",
		`logins: {safe: ["fe80::1%eth0"]}`:            "logins.safe",
		"trustedProxies: [balancer]":                  "trustedProxies",
		"remotes: {allow: [everything]}":              "remotes.allow",
		"remotes: {deny: [10.0.0.0/40]}":              "remotes.deny",
		"transferUsers: [{name: a, outgoing: x}]":     "outgoing",
		"transferUsers: [{name: a, root: /}]":         "root",
		"transferUsers: [{name: a, incoming: allow}]": "docroot",
		"ciphers: [rot13]":                            "ciphers",
		"ciphers: []":                                 "ciphers",
	} {
		if _, err := config.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	vars := map[string]string{
		"HSTS_NODE_NAME": "n1", "HSTS_ADVERTISE_ADDRESS": "2001:db8::1", "HSTS_LOG_LEVEL": "debug", "HSTS_DB_HOST": "db",
		"HSTS_DB_DATABASE": "hsts_demo",
		"HSTS_DB_USERNAME": "u", "HSTS_DB_PASSWORD": "p:w@/", "HSTS_DB_USE_TLS": "true",
	}
	env, err := config.ReadEnvironment(func(name string) string { return vars[name] })
	if err != nil {
		t.Fatal(err)
	}
	db := env.Database
	if env.NodeName != "n1" || env.AdvertiseAddress != "2001:db8::1" || env.LogLevel != slog.LevelDebug ||
		db.Addr != "db:3306" ||
		db.Passwd != "p:w@/" || db.TLS == nil || db.TLS.ServerName != "db" {
		t.Errorf("environment = %+v, %+v", env, db)
	}
	for name, value := range map[string]string{
		"HSTS_NODE_NAME": "", "HSTS_DB_HOST": "", "HSTS_DB_PASSWORD": "", "HSTS_DB_PORT": "port",
		"HSTS_DB_USE_TLS": "perhaps", "HSTS_LOG_LEVEL": "loud",
		"HSTS_DB_CA_FILE": "/does/not/exist",
	} {
		_, err := config.ReadEnvironment(func(n string) string {
			if n == name {
				return value
			}
			return vars[n]
		})
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "p:w@/") {
			t.Errorf("%s=%q: %v", name, value, err)
		}
	}
}
