package core_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/store"
)

// faspex-A12, faspex-A13 (accounts that admins make): five user properties, of which the required ones must be given.
func TestUserProperties(t *testing.T) {
	in := install(t)
	const path = "/api/v5/user_profile_fields"
	add := func(name string, required bool) (int, string) {
		status, _, body := in.call(t, in.admin, "POST", path,
			map[string]any{"name": name, "required": required, "saml_field_name": ""})
		return status, body
	}
	status, body := add("Department", true)
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	department := object(t, body)["id"].(string)
	for _, name := range []string{"Floor", "Phone", "Desk", "Car"} {
		if status, body := add(name, false); status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, body := add("Sixth", false); status != http.StatusConflict {
		t.Errorf("the sixth: %d %s", status, body)
	}
	create := func(name string, attributes any) (int, string) {
		status, _, body := in.call(t, in.admin, "POST", "/api/v5/accounts", map[string]any{"name": name, "first_name": "U",
			"last_name": "F", "email": name + "@example.com", "user_profile_data_attributes": attributes})
		return status, body
	}
	for name, attributes := range map[string]any{
		"none": []any{}, "empty": []any{map[string]any{"user_profile_field_id": department, "value": "  "}},
		"unknown": []any{map[string]any{"user_profile_field_id": "99", "value": "x"},
			map[string]any{"user_profile_field_id": department, "value": "Sound"}},
	} {
		if status, body := create(name, attributes); status != http.StatusBadRequest ||
			!strings.Contains(body, "body.user_profile_data_attributes") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	status, body = create("ulf", []any{map[string]any{"user_profile_field_id": department, "value": "Sound"}})
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	id := object(t, body)["id"].(string)
	_, _, body = in.call(t, in.admin, "GET", "/api/v5/accounts/"+id+"?expand=true", nil)
	if !strings.Contains(body, `"user_profile_field_id":"`+department+`","value":"Sound"`) ||
		strings.Count(body, "user_profile_field_id") != 5 {
		t.Errorf("%s", body)
	}
	if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/accounts/"+id,
		map[string]any{"user_profile_data_attributes": []any{}}); status != http.StatusBadRequest {
		t.Errorf("taken away: %d %s", status, body)
	}
	// A property that becomes required later keeps nobody from changing something else.
	if status, _, body := in.call(t, in.admin, "PUT", path+"/2", map[string]any{"required": true}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/accounts/"+id,
		map[string]any{"last_name": "G"}); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := in.call(t, in.admin, "DELETE", path+"/"+department, nil); status != http.StatusNoContent {
		t.Errorf("%d %s", status, body)
	}
	if status, body := add("Sixth", false); status != http.StatusCreated || object(t, body)["id"] == department {
		t.Errorf("after one went: %d %s", status, body)
	}
}

// Other addresses of the server are kept in order, and a wrong one is refused with the field's name.
func TestAlternateAddresses(t *testing.T) {
	in := install(t)
	const path = "/api/v5/configuration/alternate_addresses"
	for name, good := range map[string]bool{"files.example.com": true, "198.51.100.24,192.168.0.0/18,10.0.0.*": true,
		"": false, "https://x/": false, "a b": false, "10.0.0.1,,": false} {
		status, _, body := in.call(t, in.admin, "POST", path, map[string]any{"address_name": name, "include_in_emails": true})
		if good != (status == http.StatusCreated) || !good && !strings.Contains(body, "body.address_name") {
			t.Errorf("%q: %d %s", name, status, body)
		}
	}
	_, _, body := in.call(t, in.admin, "GET", path+"?limit=1", nil)
	if l := object(t, body); l["total_count"] != 2.0 || len(l["alternate_addresses"].([]any)) != 1 {
		t.Errorf("%s", body)
	}
	if status, _, body := in.call(t, in.admin, "PUT", path+"/1", map[string]any{"description": "Inside"}); status != http.StatusOK ||
		object(t, body)["description"] != "Inside" || object(t, body)["include_in_emails"] != true {
		t.Errorf("%d %s", status, body)
	}
	if _, _, body := in.call(t, in.admin, "GET", "/api/v5/configuration", nil); object(t, body)["enable_alternate_address"] != true {
		t.Errorf("%s", body)
	}
	for _, want := range []int{http.StatusNoContent, http.StatusNotFound} {
		if status, _, body := in.call(t, in.admin, "DELETE", path+"/1", nil); status != want {
			t.Errorf("%d %s", status, body)
		}
	}
}

// faspex-D12 (the API): each type of event has a policy of its own, 365 days by default; a purge on demand takes the
// named types alone.
func TestEventsHavePurgePolicies(t *testing.T) {
	in := install(t)
	const path = "/api/v5/events_purge_policies"
	_, _, body := in.call(t, in.admin, "GET", path+"?event_type=login_failed", nil)
	policy := object(t, body)["events_purge_policies"].([]any)[0].(map[string]any)
	if policy["duration"] != 365.0 || policy["active"] != true || object(t, body)["total_count"] != 1.0 {
		t.Errorf("%s", body)
	}
	id := policy["id"].(string)
	if status, _, body := in.call(t, in.admin, "PUT", path+"/"+id, map[string]any{"duration": 30}); status != http.StatusOK ||
		object(t, body)["duration"] != 30.0 || object(t, body)["active"] != true {
		t.Errorf("%d %s", status, body)
	}
	if _, _, body := in.call(t, in.admin, "GET", path+"/"+id, nil); object(t, body)["duration"] != 30.0 {
		t.Errorf("%s", body)
	}
	if status, _, body := in.call(t, in.admin, "PUT", path+"/"+id, map[string]any{"duration": 0}); status != http.StatusBadRequest {
		t.Errorf("%d %s", status, body)
	}
	for _, of := range []string{store.LoginFailed, store.LoginSuccess} {
		if err := in.store.AddApplicationEvent(t.Context(), store.ApplicationEvent{Type: of, Application: "faspex",
			CreatedAt: time.Now().AddDate(0, 0, -10)}); err != nil {
			t.Fatal(err)
		}
	}
	status, _, body := in.call(t, in.admin, "POST", "/api/v5/application_events/purge_once",
		map[string]any{"event_types": []string{"login_failed"}, "duration": 5})
	if status != http.StatusOK || object(t, body)["login_failed"] != 1.0 {
		t.Errorf("%d %s", status, body)
	}
	if _, left, err := in.store.ApplicationEvents(t.Context(),
		store.ApplicationEventFilter{Types: []string{store.LoginSuccess}, To: time.Now().AddDate(0, 0, -9)},
		store.Page{Limit: 10}); err != nil || left != 1 {
		t.Errorf("%d left, %v", left, err)
	}
	if status, _, body := in.call(t, in.admin, "POST", "/api/v5/application_events/purge_once",
		map[string]any{"event_types": []string{"everything"}, "duration": 5}); status != http.StatusBadRequest {
		t.Errorf("%d %s", status, body)
	}
}

// faspex-AD1: of each kind of work it is told how much waits, runs, is late, hangs and failed.
func TestHealthOfJobs(t *testing.T) {
	in := install(t)
	now := time.Now()
	for reference, due := range map[string]time.Time{"late": now.Add(-time.Hour), "due": now, "later": now.Add(time.Hour)} {
		if err := in.store.EnsureJob(t.Context(), store.Job{Method: "send_mail", Name: "Send mail", Type: "email",
			Reference: reference, NextAvailability: due}); err != nil {
			t.Fatal(err)
		}
	}
	summary := func(kind string) map[string]any {
		_, _, body := in.call(t, in.admin, "GET", "/api/v5/monitor/jobs", nil)
		return object(t, body)["jobs"].(map[string]any)[kind].(map[string]any)["summary"].(map[string]any)
	}
	if s := summary("email"); s["total"] != 3.0 || s["backlogged"] != 1.0 || s["pending_records"] != 3.0 ||
		s["monitoring_status"] != "backlogged" || s["oldest_record_at"] == nil {
		t.Errorf("%v", s)
	}
	// A worker takes the one that is late, and is lost.
	if _, err := in.store.ClaimJob(t.Context(), "lost", now.Add(-30*time.Minute), time.Minute); err != nil {
		t.Fatal(err)
	}
	if s := summary("email"); s["stalled"] != 1.0 || s["monitoring_status"] != "stalled" {
		t.Errorf("%v", s)
	}
	if s := summary("relay"); s["total"] != 0.0 || s["monitoring_status"] != "processing" {
		t.Errorf("%v", s)
	}
}

// An account that sends more requests a second than rate_limits says is told to wait, and no other account is.
func TestRequestsAreLimited(t *testing.T) {
	in := install(t)
	ulf, ina := in.user(t, "ulf", "user"), in.user(t, "ina", "user")
	if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/rate_limits",
		map[string]any{"throttle_enabled": true, "throttle_limit_rps": 3}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	deadline := time.Now().Add(time.Minute)
	for limited := false; !limited; {
		status, header, body := in.call(t, ulf, "GET", "/api/v5/account/password_rules", nil)
		if limited = status == http.StatusTooManyRequests; limited && (header.Get("Retry-After") != "1" ||
			!strings.Contains(body, "too many requests")) {
			t.Errorf("%v %s", header, body)
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing limits the requests of an account")
		}
	}
	if status, _, body := in.call(t, ina, "GET", "/api/v5/account/password_rules", nil); status != http.StatusOK {
		t.Errorf("another account: %d %s", status, body)
	}
}
