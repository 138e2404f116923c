package core_test

import (
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/faspex/settings"
)

func object(t *testing.T, body string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return o
}

// Every published field is stored and told, a change reaches no field that it does not name, and null gives a default
// back.
func TestConfigurationIsKept(t *testing.T) {
	in := install(t)
	in.configure(t, map[string]any{"users_can_send_to_all_faspex_users": nil})
	_, _, body := in.call(t, in.admin, "GET", "/api/v5/configuration", nil)
	before := object(t, body)
	change := map[string]any{}
	for name, value := range before {
		switch v := value.(type) {
		case bool:
			change[name] = !v
		case float64:
			change[name] = v + 1
		}
	}
	for _, given := range []string{"id", "enable_alternate_address"} { // the installation decides
		delete(change, given)
	}
	change["max_title_length_in_storage_paths"] = 199
	change["announcement"], change["registration_blocklist"] = "Back at eight", []string{"example.org"}
	change["sender_quota_option"], change["encryption_type"] = "enable", "aes-256-gcm"
	status, _, body := in.call(t, in.admin, "PUT", "/api/v5/configuration", change)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	_, _, again := in.call(t, in.admin, "GET", "/api/v5/configuration", nil)
	after := object(t, again)
	for name, want := range object(t, mustJSON(t, change)) {
		if !reflect.DeepEqual(after[name], want) {
			t.Errorf("%s: %v, want %v", name, after[name], want)
		}
	}
	for name, value := range before {
		if _, named := change[name]; !named && !reflect.DeepEqual(after[name], value) {
			t.Errorf("%s changed to %v", name, after[name])
		}
	}
	for name := range change {
		change[name] = nil
	}
	if status, _, body = in.call(t, in.admin, "PUT", "/api/v5/configuration", change); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if back := object(t, body); !reflect.DeepEqual(back, before) {
		t.Errorf("defaults: %v, want %v", back, before)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A wrong value is refused with the field's name, and nothing of the change is kept.
func TestWrongSettingIsRefused(t *testing.T) {
	in := install(t)
	for field, value := range map[string]any{
		"session_timeout_minutes": 0, "days_until_packages_expire": "many", "use_strong_password": "yes",
		"require_encryption_at_rest": "sometimes", "strong_password_regex": "(", "encryption_type": "rot13",
		"server_address": "https://faspex.example.com/", "http_gateway_url": "http://gateway",
		"registration_approval_ccs": []string{"nobody"}, "quota_sender_allowlist": []string{"a@b"},
		"initial_target_upload_rate_kbps": 30000, "min_connect_version": "4", "self_registration_type": "",
	} {
		status, _, body := in.call(t, in.admin, "PUT", "/api/v5/configuration",
			map[string]any{field: value, "announcement": "kept"})
		if status != http.StatusBadRequest || !strings.Contains(body, `"body.`+field) {
			t.Errorf("%s: %d %s", field, status, body)
		}
	}
	// faspex-AB1 (its other half is TestGatewayIsTested): only the published ending is stored.
	for address, stored := range map[string]int{
		"https://gateway.example.com/aspera/http-gwy/v1": 200, "https://gateway.example.com": 400,
		"https://gateway.example.com/aspera/http-gwy": 400, "https://gateway.example.com/aspera/http-gwy/v1/": 400,
		"https://gateway.example.com/aspera/http-gwy/v2": 400, "http://gateway.example.com/aspera/http-gwy/v1": 400,
	} {
		status, _, body := in.call(t, in.admin, "PUT", "/api/v5/configuration", map[string]any{"http_gateway_url": address})
		if status != stored || stored == 400 && !strings.Contains(body, `"body.http_gateway_url"`) {
			t.Errorf("%s: %d %s", address, status, body)
		}
	}
	if _, _, body := in.call(t, in.admin, "GET", "/api/v5/configuration", nil); strings.Contains(body, "kept") {
		t.Errorf("a refused change was half done: %s", body)
	}
}

// Two admins who change the settings: the second is told, and overwrites nothing.
func TestSecondChangeOfTheConfigurationIsTold(t *testing.T) {
	in := install(t)
	_, header, _ := in.call(t, in.admin, "GET", "/api/v5/configuration", nil)
	put := func(tag string, change map[string]any) (int, http.Header, string) {
		return in.send(t, in.admin, "PUT", "/api/v5/configuration", mustJSON(t, change), map[string]string{"If-Match": tag})
	}
	status, changed, body := put(header.Get("ETag"), map[string]any{"announcement": "first"})
	if status != http.StatusOK {
		t.Fatalf("first: %d %s", status, body)
	}
	if status, _, body := put(header.Get("ETag"), map[string]any{"announcement": "second"}); status != http.StatusPreconditionFailed {
		t.Errorf("second: %d %s", status, body)
	}
	if status, _, body := put(changed.Get("ETag"), map[string]any{"announcement": "third"}); status != http.StatusOK {
		t.Errorf("third: %d %s", status, body)
	}
}

// Users are told what concerns them and nothing else, and change nothing.
func TestConfigurationOfEverybody(t *testing.T) {
	in := install(t)
	ulf, mona := in.user(t, "ulf", "user"), in.user(t, "mona", "manager")
	for name, who := range map[string]string{"ulf": "user", "mona": "manager"} {
		c := ulf
		if who == "manager" {
			c = mona
		}
		_, _, body := in.call(t, c, "GET", "/api/v5/configuration", nil)
		seen := object(t, body)
		for _, field := range []string{"package_instructions", "connect_install_prompt", "require_obfuscation",
			"http_gateway_url", "app_logo_text", "app_logo_image_type", "app_logo_image_url", "app_logo_image_data",
			"color_customization_data", "login_page_title"} {
			if _, there := seen[field]; !there {
				t.Errorf("%s is not told %s", name, field)
			}
		}
		for _, field := range []string{"session_timeout_minutes", "registration_approval_ccs", "default_node"} {
			if _, there := seen[field]; there {
				t.Errorf("%s is told %s", name, field)
			}
		}
		for _, path := range []string{"/api/v5/configuration", "/api/v5/advanced_configuration", "/api/v5/rate_limits"} {
			if status, _, _ := in.call(t, c, "PUT", path, map[string]any{}); status != http.StatusForbidden {
				t.Errorf("%s changed %s: %d", name, path, status)
			}
		}
	}
}

func TestSmallerDocuments(t *testing.T) {
	in := install(t)
	for path, change := range map[string]map[string]any{
		"/api/v5/advanced_configuration": {"max_tags_length": 12, "exclude_metadata_from_cookie": true},
		"/api/v5/rate_limits":            {"throttle_enabled": true, "throttle_limit_rps": 7},
	} {
		status, _, body := in.call(t, in.admin, "PUT", path, change)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, status, body)
		}
		_, _, body = in.call(t, in.admin, "GET", path, nil)
		for name, want := range object(t, mustJSON(t, change)) {
			if got := object(t, body)[name]; got != want {
				t.Errorf("%s %s: %v", path, name, got)
			}
		}
	}
	if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/rate_limits",
		map[string]any{"throttle_limit_rps": 0}); status != http.StatusBadRequest || !strings.Contains(body, "throttle_limit_rps") {
		t.Errorf("%d %s", status, body)
	}
}

// faspex-C4: an admin's rule replaces the usual one for new passwords, its text is told beforehand, and
// passwords that exist stay good.
func TestChangedRuleLocksNobodyOut(t *testing.T) {
	in := install(t)
	in.member(t, "ulf", "user", "abc-12")
	rule := map[string]any{"strong_password_regex": `^(?=.*[A-Z])(?=.*[0-9]).{7,}$`,
		"strong_password_requirements": "Seven characters, one a capital letter."}
	if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/configuration", rule); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	ulf := in.admin.As("ulf")
	if _, _, body := in.call(t, ulf, "GET", "/api/v5/account/password_rules", nil); !strings.Contains(body,
		"Seven characters, one a capital letter.") {
		t.Errorf("rules: %s", body)
	}
	set := func(from, to string) (int, string) {
		status, _, body := in.call(t, ulf, "PUT", "/api/v5/account/preferences", map[string]any{"password": map[string]any{
			"current_password": from, "new_password": to, "confirm_password": to}})
		return status, body
	}
	if status, body := set("abc-12", "abc-13"); status != http.StatusBadRequest ||
		!strings.Contains(body, "Seven characters") {
		t.Errorf("by the old rule: %d %s", status, body)
	}
	if status, body := set("abc-12", "Abcdef1"); status != http.StatusOK {
		t.Errorf("by the new rule: %d %s", status, body)
	}
}

// docs/faspex.md tells of each field what it does.
func TestDocumentNamesEverySetting(t *testing.T) {
	doc, err := os.ReadFile("../../docs/faspex.md")
	if err != nil {
		t.Fatal(err)
	}
	named := strings.FieldsFunc(string(doc), func(r rune) bool { return r == '`' || r == '\n' || r == ' ' || r == ',' })
	for _, of := range []any{settings.Configuration{}, settings.Advanced{}, settings.RateLimits{}} {
		for name := range object(t, mustJSON(t, of)) {
			if !slices.Contains(named, name) {
				t.Errorf("docs/faspex.md does not name %s", name)
			}
		}
	}
}
