package nodeapi_test

import (
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
)

// node-31, what is refused: fields that the node does not do are named, at POST and at PUT. What acts is in
// keyrules_test.go of cmd/hsts.
func TestConfigurationIsRefusedByName(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	for configuration, names := range map[string]string{
		`{"transfer":{"aggressiveness":1.5}}`:                            "aggressiveness",
		`{"transfer":{"aggressiveness":-1}}`:                             "aggressiveness",
		`{"transfer":{"bandwidth_flow_network_rc_module":"delay-laq"}}`:  "configuration.transfer.bandwidth_flow_network_rc_module",
		`{"transfer":{"byok_enabled":true}}`:                             "configuration.transfer.byok_enabled",
		`{"transfer":{"token_encryption_key":"k3y"}}`:                    "configuration.transfer.token_encryption_key",
		`{"transfer":{"client_password_requirements":{"min_length":8}}}`: "configuration.transfer.client_password_requirements",
		`{"transfer":{"policy":"rude"}}`:                                 "policy",
		`{"transfer":{"cipher":"rot13"}}`:                                "cipher",
		`{"transfer":{"file_checksum_type":"crc"}}`:                      "file_checksum_type",
		`{"transfer":{"target_rate_kbps":-1}}`:                           "target_rate_kbps",
		`{"transfer":{"target_rate_kbps":"fast"}}`:                       "target_rate_kbps",
		`{"transfer":{"preserve_timestamps":"yes"}}`:                     "preserve_timestamps",
		`{"transfer":{"content_protection_secret":7}}`:                   "content_protection_secret",
		`{"transfer":{"Cipher":"aes-256"}}`:                              "configuration.transfer.Cipher",
		`{"Transfer":{"cipher":"aes-256"}}`:                              "configuration.Transfer",
		`{"transfer":{"colour":"red"}}`:                                  "configuration.transfer.colour",
		`{"server":{"activity_event_logging":"yes"}}`:                    "server.activity_event_logging",
		`{"server":{"activity_file_event_logging":1}}`:                   "server.activity_file_event_logging",
		`{"server":{"activity_files_max":5}}`:                            "configuration.server.activity_files_max",
		`{"server":{"activity_transfer_ignore_skipped_files":true}}`:     "configuration.server.activity_transfer_ignore_skipped_files",
		`{"server":{"aej_logging":true}}`:                                "configuration.server.aej_logging",
		`{"server":{"recursive_counts":true}}`:                           "configuration.server.recursive_counts",
		`{"server":{"ftsearch":true}}`:                                   "configuration.server.ftsearch",
		`{"server":{"access_key_credentials_encryption_type":"x"}}`:      "configuration.server.access_key_credentials_encryption_type",
		`{"server":{"allow":["10.0.0.0/33"]}}`:                           "configuration.server.allow",
		`{"server":{"allow":["10.0.0"]}}`:                                "configuration.server.allow",
		`{"server":{"deny":["::1%eth0"]}}`:                               "configuration.server.deny",
		`{"server":{"deny":["::ffff:10.0.0.0/104"]}}`:                    "configuration.server.deny",
		`{"server":{"allow":"10.0.0.0/8"}}`:                              "allow",
		`[]`:                                                             "configuration",
		`{"transfer":7}`:                                                 "configuration.transfer",
	} {
		for _, method := range []string{"POST", "PUT"} {
			path, body := "/access_keys", `{"id":"new","storage":{"type":"local","path":"/n"},"configuration":`+configuration+`}`
			if method == "PUT" {
				path, body = "/access_keys/ak", `{"configuration":`+configuration+`}`
			}
			code, _, answer := a.curl(t, path, append(asNode, "-X", method, "-d", body)...)
			if code != "400" || !strings.Contains(answer, names) || strings.Contains(answer, "k3y") {
				t.Errorf("%s %s: %s %s", method, configuration, code, answer)
			}
		}
	}
	for _, storage := range []string{`"bucket":"b"`, `"credentials":{"secret_access_key":"s3cret"}`, `"endpoint":"e"`,
		`"storage_class":"c"`} {
		code, _, answer := a.curl(t, "/access_keys", append(asNode, "-d", `{"storage":{"type":"local","path":"/n",`+storage+
			`}}`)...)
		name, _, _ := strings.Cut(strings.TrimPrefix(storage, `"`), `"`)
		if code != "400" || !strings.Contains(answer, "storage."+name) || strings.Contains(answer+a.log.String(), "s3cret") {
			t.Errorf("storage with %s: %s %s", storage, code, answer)
		}
	}
	// What asks for nothing is no harm.
	nothing := `{"transfer":{"aggressiveness":0,"byok_enabled":false,"token_encryption_key":"","client_password_requirements":{}},"server":{"aej_logging":false,"allow":[]}}`
	if code, _, answer := a.curl(t, "/access_keys/ak",
		append(asNode, "-X", "PUT", "-d", `{"configuration":`+nothing+`}`)...); code != "204" {
		t.Errorf("what asks for nothing: %s %s", code, answer)
	}
}

// node-33 at /info: a passphrase is not kept, only that there is one. Sessions are in TestKeyTakesEncryptedFilesAlone of
// cmd/hsts.
func TestContentProtectionSecretIsNotKept(t *testing.T) {
	a := start(t)
	code, _, body := a.curl(t, "/access_keys", append(asNode, "-d",
		`{"id":"ak","secret":"s","storage":{"type":"local","path":"/k"},"configuration":{"transfer":{"content_protection_secret":"pass-s3cret"}}}`)...)
	if code != "200" || strings.Contains(body, "pass-s3cret") ||
		!strings.Contains(body, `"content_protection_required":true`) {
		t.Errorf("create: %s %s", code, body)
	}
	for _, path := range []string{"/access_keys/ak", "/access_keys"} {
		if _, _, body := a.curl(t, path, asNode...); strings.Contains(body, "pass-s3cret") {
			t.Errorf("%s: %s", path, body)
		}
	}
	k, err := a.store.AccessKey(t.Context(), "ak")
	if err != nil || strings.Contains(string(k.Configuration), "pass") || !k.Limits.ContentProtection {
		t.Errorf("stored: %s, %v", k.Configuration, err)
	}
	createKey(t, a.client(t, "ak", "s"), "below", "s", "/sub")
	for user, want := range map[string]string{"ak:s": "true", "below:s": "true", asNodeUser: "false"} {
		if _, _, body := a.curl(t, "/info", "-u", user); !strings.Contains(body,
			`"name":"content_protection_required","value":`+want) {
			t.Errorf("%s: %s", user, body)
		}
	}
	if strings.Contains(a.log.String(), "pass-s3cret") {
		t.Error("the log holds the passphrase")
	}
}

// node-28 at the API; sessions are in TestAccessKeyIsForItsNetworks of cmd/hsts.
func TestAccessKeyIsForItsNetworks(t *testing.T) {
	a := shared(t)
	set := func(configuration string) {
		t.Helper()
		if code, _, body := a.curl(t, "/access_keys/ak",
			append(asNode, "-X", "PUT", "-d", `{"configuration":`+configuration+`}`)...); code != "204" {
			t.Fatalf("%s: %s %s", configuration, code, body)
		}
	}
	createKey(t, a.client(t, "ak", "s"), "below", "s", "/sub")
	admin := bearerOf(t, "admin:all", "x")
	for configuration, want := range map[string]string{
		`{"server":{"allow":["10.0.0.0/8"]}}`:                          "403",
		`{"server":{"allow":["10.0.0.0/8","127.0.0.1"]}}`:              "200",
		`{"server":{"allow":["127.0.0.0/8"],"deny":["127.0.0.1/32"]}}`: "403",
		`{"server":{"deny":["::/0"]}}`:                                 "200",
		`{"server":{"deny":["0.0.0.0/0"]}}`:                            "403",
		`{"server":{"allow":[],"deny":[]}}`:                            "200",
	} {
		set(configuration)
		for _, user := range []string{"ak:s", "below:s"} {
			if code, _, _ := a.curl(t, "/files/1/files", "-u", user); code != want {
				t.Errorf("%s, %s: %s", configuration, user, code)
			}
		}
		if code, body := a.as(t, admin, "GET", "/files/1/files", ""); code != want {
			t.Errorf("%s, bearer: %s %s", configuration, code, body)
		}
	}
}

// node-35: a key with keys below it is deleted with them or not at all, and a grandparent sees its grandchildren.
func TestKeysBelowAKey(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "top", "s", "/k")
	createKey(t, a.client(t, "top", "s"), "child", "s", "/sub")
	createKey(t, a.client(t, "child", "s"), "grandchild", "s", "/sub")
	createKey(t, a.master(t), "other", "s", "/k/sub/sub")
	top := a.client(t, "top", "s")
	list, err := top.AccessKeys(t.Context())
	if err != nil || len(list) != 2 || list[1].ID != "grandchild" || list[1].Storage.Path != "/sub/sub" {
		t.Errorf("keys below: %+v, %v", list, err)
	}
	if k, err := top.AccessKey(t.Context(), "grandchild"); err != nil || k.Storage.Path != "/sub/sub" {
		t.Errorf("grandchild: %+v, %v", k, err)
	}
	for from, to := range map[string]string{"top": "other", "child": "top", "grandchild": "child"} {
		_, err := a.client(t, from, "s").AccessKey(t.Context(), to)
		status(t, err, 404)
	}
	secret := "new"
	if err := top.UpdateAccessKey(t.Context(), "grandchild", client.AccessKeyUpdate{Secret: &secret}); err != nil {
		t.Errorf("a grandparent changes a secret: %v", err)
	}
	for query, want := range map[string]string{"": "409", "?recursive=false": "409", "?recursive=perhaps": "400",
		"?recursive=true": "204"} {
		if want == "204" {
			continue
		}
		code, _, body := a.curl(t, "/access_keys/child"+query, "-u", "top:s", "-X", "DELETE")
		if code != want {
			t.Errorf("delete%s: %s %s", query, code, body)
		}
	}
	if code, _, body := a.curl(t, "/access_keys/child?recursive=true", "-u", "top:s", "-X", "DELETE"); code != "204" {
		t.Errorf("delete with the keys below: %s %s", code, body)
	}
	if list, err := top.AccessKeys(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("keys that are left: %+v, %v", list, err)
	}
	if code, _, body := a.curl(t, "/access_keys/top", append(asNode, "-X", "DELETE")...); code != "204" {
		t.Errorf("delete of a key without others: %s %s", code, body)
	}
}
