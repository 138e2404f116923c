package core_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/client"
)

// What the operator's object says of the settings holds, is told as such, and is changed by nobody else: not field by
// field, and not by an admin's program (page-79, the server's part).
func TestManagedSettingsAreTheOperators(t *testing.T) {
	in := install(t)
	manage := func(body map[string]any) (int, string) {
		status, _, answer := in.call(t, in.admin, "PUT", "/api/v5/configuration/managed", body)
		return status, answer
	}
	server := map[string]any{"auth_type": "login", "server_address": "mail.example.com", "server_port": 587,
		"domain": "", "from_user": "Faspex", "from_email": "faspex@example.com", "tls_enabled": true,
		"packages_recipient_from": "faspex", "username": "faspex", "password": "mail-Pass-1",
		"default_time_zone_offset": "0"}
	wanted := map[string]any{"manager": "FaspexInstance media/demo", "smtp": server,
		"configuration": map[string]any{"session_timeout_minutes": 15, "announcement": "Managed"}}
	for range 2 { // repeated, it changes nothing
		if status, body := manage(wanted); status != http.StatusOK ||
			!strings.Contains(body, `"managed":["announcement","session_timeout_minutes"],"smtp":true,"smtp_managed":true,"manager":"FaspexInstance media/demo"`) {
			t.Fatalf("%d %s", status, body)
		}
	}
	_, header, smtp := in.call(t, in.admin, "GET", "/api/v5/configuration/smtp", nil)
	if header.Get("ETag") != `"1"` || strings.Contains(smtp, "mail-Pass-1") {
		t.Errorf("written again, or its password told: %s %s", header.Get("ETag"), smtp)
	}
	put := func(change map[string]any) (int, string) {
		status, _, body := in.call(t, in.admin, "PUT", "/api/v5/configuration", change)
		return status, body
	}
	for _, value := range []any{30, nil} {
		if status, body := put(map[string]any{"session_timeout_minutes": value, "home_page_message": "x"}); status !=
			http.StatusConflict || !strings.Contains(body, `"code":"managed"`) ||
			!strings.Contains(body, "body.session_timeout_minutes") || !strings.Contains(body, "FaspexInstance media/demo") {
			t.Errorf("a managed setting was changed to %v: %d %s", value, status, body)
		}
	}
	if status, body := put(map[string]any{"session_timeout_minutes": 15, "home_page_message": "Hello"}); status != http.StatusOK {
		t.Errorf("sent as it is: %d %s", status, body)
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if status, _, body := in.call(t, in.admin, method, "/api/v5/configuration/smtp", server); status != http.StatusConflict ||
			!strings.Contains(body, `"code":"managed"`) {
			t.Errorf("%s of a managed mail server: %d %s", method, status, body)
		}
	}

	// Given back, it stays as it was and is the admins'.
	if status, body := manage(map[string]any{"manager": "FaspexInstance media/demo", "configuration": map[string]any{}}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if _, _, body := in.call(t, in.admin, "GET", "/api/v5/configuration", nil); object(t, body)["session_timeout_minutes"] != 15.0 {
		t.Errorf("given back: %s", body)
	}
	if status, body := put(map[string]any{"session_timeout_minutes": 30}); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin, "DELETE", "/api/v5/configuration/smtp", nil); status != http.StatusNoContent {
		t.Errorf("%d %s", status, body)
	}
}

// A wrong value claims nothing, and names its field; nobody but the operator claims anything.
func TestManagedSettingsAreChecked(t *testing.T) {
	in := install(t)
	for field, configuration := range map[string]map[string]any{
		"body.configuration.session_timeout_minutes": {"session_timeout_minutes": 0},
		"body.configuration.server_address":          {"server_address": "https://x/"},
		"body.configuration.sesion_timeout_minutes":  {"sesion_timeout_minutes": 5},
	} {
		status, _, body := in.call(t, in.admin, "PUT", "/api/v5/configuration/managed",
			map[string]any{"manager": "x", "configuration": configuration})
		if status != http.StatusBadRequest || !strings.Contains(body, `"`+field+`"`) {
			t.Errorf("%s: %d %s", field, status, body)
		}
	}
	if _, _, body := in.call(t, in.admin, "GET", "/api/v5/configuration/origins", nil); !strings.Contains(body, `"managed":[]`) {
		t.Errorf("claimed: %s", body)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	_, _, made := in.call(t, in.admin, "POST", "/auth/oauth_clients", map[string]any{"name": "cli", "client_type": "public",
		"allow_jwt_grant": true, "allow_global_key": true, "redirect_uris": []string{},
		"public_key": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))})
	program, err := client.New(client.Config{URL: in.url, Grant: &client.Grant{
		ClientID: object(t, made)["client_id"].(string), User: adminName,
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := in.call(t, program, "PUT", "/api/v5/configuration/managed",
		map[string]any{"manager": "me", "configuration": map[string]any{}}); status != http.StatusForbidden {
		t.Errorf("an admin's program claimed: %d %s", status, body)
	}
}

// A preview shows what a template would say before it is stored, and lists the words that it may use.
func TestTemplateIsPreviewed(t *testing.T) {
	in := install(t)
	const path = "/api/v5/email_notifications"
	_, _, before := in.call(t, in.admin, "GET", path+"?type=package_received", nil)
	status, _, body := in.call(t, in.admin, "POST", path+"/preview?type=package_received",
		map[string]any{"subject": "PACKAGE_NAME is here", "introduction": "See PACKAGE_LINK"})
	seen := object(t, body)
	if status != http.StatusOK || seen["subject"] != "Dailies <day 3> is here" ||
		!strings.Contains(seen["html"].(string), `<a href="`+externalURL+`/aspera/faspex/packages/received/12"`) ||
		!strings.Contains(mustJSON(t, seen["words"]), `"PACKAGE_NOTE"`) {
		t.Errorf("%d %s", status, body)
	}
	if _, _, body := in.call(t, in.admin, "POST", path+"/preview?type=package_received",
		map[string]any{"html": "<b>PACKAGE_NAME</b><script>x</script>"}); !strings.Contains(body, "day 3") ||
		strings.Contains(body, "script") {
		t.Errorf("%s", body)
	}
	if _, _, after := in.call(t, in.admin, "GET", path+"?type=package_received", nil); after != before {
		t.Errorf("the preview was stored: %s", after)
	}
	// page-85: the second of two admins is told.
	put := func(tag string) int {
		status, _, _ := in.send(t, in.admin, "PUT", path+"?type=package_received", `{"subject": "x"}`,
			map[string]string{"If-Match": tag})
		return status
	}
	if first, second := put(`"0"`), put(`"0"`); first != http.StatusOK || second != http.StatusPreconditionFailed {
		t.Errorf("first %d, second %d", first, second)
	}
}
