package service_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/webhook"
)

// receiver is a system that webhooks call.
type receiver struct {
	url    string
	mu     sync.Mutex
	status int
	calls  []call
}

type call struct {
	path   string
	header http.Header
	body   []byte
}

func (r *receiver) got() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// hooked is a scene whose webhooks may call this machine, and what they call.
func hooked(t *testing.T) (*scene, *receiver) {
	t.Helper()
	s := newScene(t)
	allowed, err := address.Parse("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s.in.Webhooks = allowed
	s.worker = s.in.Worker(t, "worker-2", s.clock.Now)
	r := &receiver{status: http.StatusOK}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, call{req.URL.Path, req.Header.Clone(), body})
		w.Header().Set("X-Workflow", "42")
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, "taken")
	}))
	t.Cleanup(web.Close)
	r.url = web.URL
	return s, r
}

// hook makes a webhook and gives its id and its secret.
func (s *scene) hook(name, url string, fields map[string]any) (id, secret string) {
	s.t.Helper()
	body := map[string]any{"name": name, "url": url}
	for field, value := range fields {
		body[field] = value
	}
	made := s.answered(s.in.Admin, http.StatusCreated, http.MethodPost, "/webhooks", body)
	return made["id"].(string), made["secret"].(string)
}

// events gives what a webhook did, the newest first.
func (s *scene) events(id string) (all []map[string]any) {
	s.t.Helper()
	for _, e := range s.answered(s.in.Admin, http.StatusOK, http.MethodGet, "/webhooks/"+id+"/events", nil)["events"].([]any) {
		all = append(all, e.(map[string]any))
	}
	return all
}

// faspex-AC1: a package that was uploaded is told once to each active webhook that it matches, by a POST with the
// documented keys, and recipients also by their numbers. faspex-AC8: the body is signed with the webhook's secret (what is
// internal is refused: TestWebhookCallsNothingInternal). faspex-AC7: calls are listed by webhook and status, with request
// and answer. Private recipients are not told.
func TestWebhookIsToldOfAnUpload(t *testing.T) {
	s, r := hooked(t)
	s.in.User(t, "Carol", "Secret", "")
	s.group("/workgroups", map[string]any{"name": "Editors"}, map[string]string{"alice@example.com": "standard"})
	first, secret := s.hook("first", r.url+"/first", nil)
	second, _ := s.hook("second", r.url+"/second", map[string]any{"package_name": "Pl", "sender_email": "alice@example.com",
		"sender_email_exact": true})
	s.hook("not active", r.url+"/inactive", map[string]any{"active": false})
	s.hook("another package", r.url+"/other", map[string]any{"package_name": "Plan", "package_name_exact": true})
	p := s.create(func(b *api.PackageCreate) {
		b.Title, b.Note, b.Metadata = "Plans", "as agreed", map[string]json.RawMessage{"job": json.RawMessage(`"42"`)}
		b.Recipients = append(named("bob@example.com"), api.RecipientName{Name: "Editors", RecipientType: "workgroup"})
		b.PrivateRecipients = named("carol@example.com")
	})
	s.run()
	if calls := r.got(); len(calls) != 0 {
		t.Errorf("called before the upload: %+v", calls)
	}
	s.upload(p)
	s.run()
	s.run()
	s.want(p, "released", "completed")
	calls := r.got()
	slices.SortFunc(calls, func(a, b call) int { return strings.Compare(a.path, b.path) })
	if len(calls) != 2 || calls[0].path != "/first" || calls[1].path != "/second" {
		t.Fatalf("calls: %+v", calls)
	}
	var told map[string]any
	if err := json.Unmarshal(calls[0].body, &told); err != nil {
		t.Fatal(err)
	}
	alice, err := s.in.Admin.AccountByName(t.Context(), "alice@example.com")
	if err != nil {
		t.Fatal(err)
	}
	metadata := told["faspex_metadata_fields"].(map[string]any)
	delete(told, "faspex_metadata_fields")
	want := map[string]string{
		"faspex_pkg_directory": "/packages/Plans - " + p.PackageUUID + ".aspera-package/PKG - Plans",
		"faspex_pkg_name":      "Plans", "faspex_pkg_note": "as agreed", "faspex_pkg_id": p.ID, "faspex_pkg_delivery_id": p.ID,
		"faspex_recipient_list": "bob@example.com,Editors", "faspex_recipient_count": "2", "faspex_sender_id": alice.ID,
		"faspex_sender_name": "alice@example.com", "faspex_sender_email": "alice@example.com", "faspex_pkg_total_bytes": "10",
		"faspex_pkg_total_files": "2", "faspex_pkg_uuid": p.PackageUUID, "faspex_recipient_0": "bob@example.com",
		"faspex_recipient_1": "Editors",
	}
	for key, value := range want {
		if got := fmt.Sprint(told[key]); got != value {
			t.Errorf("%s: %q, want %q", key, got, value)
		}
	}
	if len(told) != len(want) || metadata["job"] != "42" || metadata["_pkg_name"] != "Plans" ||
		strings.Contains(strings.ToLower(string(calls[0].body)), "carol") {
		t.Errorf("told: %s", calls[0].body)
	}
	at := calls[0].header.Get("Webhook-Timestamp")
	var seconds int64
	if _, err := fmt.Sscan(at, &seconds); err != nil {
		t.Fatal(err)
	}
	signed, err := webhook.Sign(secret, calls[0].header.Get("Webhook-Id"), time.Unix(seconds, 0), calls[0].body)
	if err != nil || signed.Get("Webhook-Signature") != calls[0].header.Get("Webhook-Signature") ||
		calls[0].header.Get("Webhook-Signature") == calls[1].header.Get("Webhook-Signature") {
		t.Errorf("signature %q, want %q, %v", calls[0].header.Get("Webhook-Signature"), signed.Get("Webhook-Signature"), err)
	}

	all := s.events(first)
	if len(all) != 1 || all[0]["status"] != "completed" || all[0]["response_code"] != 200.0 || all[0]["response_body"] != "taken" ||
		!strings.Contains(all[0]["response_headers"].(string), "X-Workflow: 42") ||
		!strings.Contains(all[0]["request_headers"].(string), "Webhook-Signature: v1,") || all[0]["package_name"] != "Plans" ||
		all[0]["request_payload"].(map[string]any)["faspex_pkg_uuid"] != p.PackageUUID || all[0]["webhook_name"] != "first" {
		t.Errorf("events: %+v", all)
	}
	for query, total := range map[string]float64{"": 2, "?webhook_id=" + second: 1, "?status=failed": 0, "?status=completed": 2,
		"?q=Plan": 2, "?q=Films": 0, "?sort=webhook_name": 2} {
		if got := s.answered(s.in.Admin, http.StatusOK, http.MethodGet, "/all_webhooks_events"+query, nil); got["total_count"] != total {
			t.Errorf("events%s: %v", query, got)
		}
	}
	if text := s.in.Log.String(); strings.Contains(text, secret) {
		t.Error("the secret is in the log")
	}
	mona, err := s.in.Admin.CreateAccount(t.Context(), api.AccountChange{Name: ptr("mona"), FirstName: ptr("Mona"),
		LastName: ptr("M"), Email: ptr("mona@example.com"), Role: ptr("manager")})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/webhooks", "/webhooks/" + first, "/webhooks/" + first + "/events", "/all_webhooks_events"} {
		s.answered(s.in.Admin.As(mona.Name), http.StatusForbidden, http.MethodGet, path, nil)
		s.answered(s.alice, http.StatusForbidden, http.MethodGet, path, nil)
	}
	s.answered(s.in.Admin, http.StatusNoContent, http.MethodDelete, "/webhooks/"+first, nil)
	s.answered(s.in.Admin, http.StatusNotFound, http.MethodGet, "/webhooks/"+first+"/events", nil)
}

// faspex-AC3: filters by recipients match people alone: a workgroup or an inbox of that name, and their members, are none.
func TestRecipientFiltersMatchNoGroups(t *testing.T) {
	s, r := hooked(t)
	for kind, path := range map[string]string{"workgroup": "/workgroups", "shared_inbox": "/shared_inboxes"} {
		s.group(path, map[string]any{"name": "bob " + kind}, map[string]string{"alice@example.com": "standard", "bob@example.com": "standard"})
		p := s.create(func(b *api.PackageCreate) {
			b.Title, b.Recipients = "To a "+kind, []api.RecipientName{{Name: "bob " + kind, RecipientType: kind}}
		})
		defer func() { s.want(p, "released", "completed") }()
		s.hook(kind+" by name", r.url+"/name", map[string]any{"recipient_name": "bob"})
		s.hook(kind+" by address", r.url+"/address", map[string]any{"recipient_email": "bob"})
		s.hook(kind+" without", r.url+"/without", map[string]any{"package_name": "To a " + kind})
		s.upload(p)
	}
	s.run()
	s.run()
	for _, c := range r.got() {
		if c.path != "/without" {
			t.Errorf("called by a group: %s %s", c.path, c.body)
		}
	}
	if n := len(r.got()); n != 2 {
		t.Errorf("%d calls", n)
	}
	person := s.create(func(b *api.PackageCreate) { b.Title = "To a person" })
	s.upload(person)
	s.run()
	s.run()
	if n := len(r.got()); n != 6 { // two names and two addresses more
		t.Errorf("%d calls", n)
	}
}

// faspex-AC6: whatever a webhook answers, and when it answers nothing, the package goes on. faspex-AC5: a timeout is
// between a second and ten minutes, a minute if nothing is said; after one there is one more try. A call that failed is
// made anew when somebody says so, and one that waits is cancelled.
func TestWebhookHoldsNothingUp(t *testing.T) {
	s, r := hooked(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	broken, _ := s.hook("broken", r.url+"/broken", nil)
	quiet, _ := s.hook("quiet", "http://"+silent.Addr().String(), map[string]any{"connection_timeout": 1})
	for seconds, status := range map[int]int{0: 400, 1: 200, 600: 200, 601: 400} {
		s.answered(s.in.Admin, status, http.MethodPut, "/webhooks/"+broken, map[string]any{"connection_timeout": seconds})
	}
	if got := s.answered(s.in.Admin, http.StatusOK, http.MethodGet, "/webhooks/"+quiet, nil); got["connection_timeout"] != 1.0 {
		t.Errorf("%v", got)
	}
	if got := s.answered(s.in.Admin, http.StatusCreated, http.MethodPost, "/webhooks", map[string]any{"name": "fresh",
		"url": "https://example.com", "active": false}); got["connection_timeout"] != 60.0 || got["ssl"] != true {
		t.Errorf("%v", got)
	}
	r.answer(http.StatusInternalServerError)
	p := s.create(nil)
	s.upload(p)
	statuses := map[string]bool{}
	for range 6 {
		s.clock.advance(80 * time.Second)
		if err := s.worker.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all := s.events(quiet); len(all) > 0 {
			statuses[all[0]["status"].(string)] = true
		}
	}
	s.want(p, "released", "completed")
	if all := s.events(quiet); len(all) != 1 || all[0]["status"] != "failed" || !statuses["retrying"] ||
		all[0]["error_desc"] != "There was no answer in time." || all[0]["response_code"] != nil {
		t.Errorf("quiet: %+v, was %v", all, statuses)
	}
	if n := strings.Count(s.in.Log.String(), `"msg":"called a webhook","webhook":"quiet"`); n != 2 {
		t.Errorf("%d tries", n)
	}
	all := s.events(broken)
	if len(all) != 1 || all[0]["status"] != "failed" || all[0]["response_code"] != 500.0 || len(r.got()) != 1 {
		t.Fatalf("broken: %+v, %d calls", all, len(r.got()))
	}
	r.answer(http.StatusNoContent)
	path := "/webhooks/" + broken + "/events/" + all[0]["id"].(string)
	s.answered(s.in.Admin, http.StatusConflict, http.MethodPut, path, map[string]any{"status": "cancelled"})
	for _, cancelled := range []bool{true, false} {
		s.answered(s.in.Admin, http.StatusNoContent, http.MethodPost, path+"/retry", nil)
		s.answered(s.in.Admin, http.StatusConflict, http.MethodPost, path+"/retry", nil)
		want, calls := "completed", 2
		if cancelled {
			s.answered(s.in.Admin, http.StatusOK, http.MethodPut, path, map[string]any{"status": "cancelled"})
			want, calls = "cancelled", 1
		}
		s.run()
		if got := s.events(broken)[0]; got["status"] != want || len(r.got()) != calls {
			t.Errorf("%s: %+v, %d calls", want, got, len(r.got()))
		}
	}
	s.answered(s.in.Admin, http.StatusNotFound, http.MethodGet, strings.Replace(path, "/"+broken+"/", "/"+quiet+"/", 1), nil)
}

// What is internal is called by no name that leads there and by no redirect, unless the installation allows it.
func TestWebhookCallsNothingInternal(t *testing.T) {
	s, r := hooked(t)
	port := r.url[strings.LastIndex(r.url, ":"):]
	away := httptest.NewServer(http.RedirectHandler(r.url+"/secret", http.StatusTemporaryRedirect))
	defer away.Close()
	redirected, _ := s.hook("redirects", away.URL, nil)
	s.upload(s.create(nil))
	s.run()
	s.run()
	if all := s.events(redirected); len(r.got()) != 0 || all[0]["status"] != "failed" || all[0]["response_code"] != 307.0 {
		t.Errorf("redirected: %+v, %d calls", all, len(r.got()))
	}
	s.in.Webhooks = address.List{}
	s.worker = s.in.Worker(t, "worker-3", s.clock.Now)
	var hooks []string
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		id, _ := s.hook(host, "http://"+host+port, nil)
		hooks = append(hooks, id)
	}
	s.upload(s.create(nil))
	s.run()
	s.run()
	for _, id := range hooks {
		if all := s.events(id); len(all) != 1 || all[0]["status"] != "failed" ||
			!strings.Contains(all[0]["error_desc"].(string), "an internal one") {
			t.Errorf("%+v", all)
		}
	}
	if n := len(r.got()); n != 0 {
		t.Errorf("%d calls", n)
	}
}
