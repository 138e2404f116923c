package core_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
)

// faspex-E14: the page's own client is there from the start, and nobody changes, renews or deletes it.
func TestClientOfThePageStays(t *testing.T) {
	in := install(t)
	const path = "/auth/oauth_clients/ui-client"
	_, _, before := in.call(t, in.admin, "GET", path, nil)
	if got := jsonOf[api.OAuthClient](t, before); got.ClientID != "ui-client" || len(got.RedirectURIs) != 1 ||
		got.RedirectURIs[0] != externalURL+"/aspera/faspex/" {
		t.Fatalf("%s", before)
	}
	for _, try := range []struct {
		method, path string
		body         any
	}{
		{"PUT", path, map[string]any{"redirect_uris": []string{"https://evil.example.com/"}}},
		{"PUT", path, map[string]any{"name": "ours"}}, {"POST", path + "/secret", nil}, {"DELETE", path, nil},
	} {
		if status, _, body := in.call(t, in.admin, try.method, try.path, try.body); status != http.StatusForbidden {
			t.Errorf("%s %s: %d %s", try.method, try.path, status, body)
		}
	}
	if _, _, after := in.call(t, in.admin, "GET", path, nil); after != before {
		t.Errorf("changed: %s, was %s", after, before)
	}
}

// faspex-E15: a token acts with exactly the rights that its user has when it is used, whatever client it was given to
// (TestCapabilitiesAreWhatIsEnforced: each right of each role).
func TestTokenHasTheRightsOfItsUser(t *testing.T) {
	in := install(t)
	ulf, id := in.member(t, "ulf", "user", "abc-12")
	page := in.login(t, "ulf", "abc-12")
	tokens := map[string]string{"of the page": page.tokens.AccessToken,
		"by the key of the operator's client": tokenOf(t, ulf)}
	for _, step := range []struct {
		role               string
		accounts, settings int
	}{{"user", 403, 403}, {"manager", 200, 403}, {"admin", 200, 200}, {"user", 403, 403}} {
		in.set(t, id, map[string]any{"role": step.role})
		for name, token := range tokens {
			for path, want := range map[string]int{"/api/v5/account": 200, "/api/v5/accounts": step.accounts,
				"/api/v5/nodes": step.settings, "/auth/oauth_clients": step.settings} {
				if got := in.bearer(t, token, path); got != want {
					t.Errorf("token %s of a %s, %s: %d, want %d", name, step.role, path, got, want)
				}
			}
		}
	}
}

// faspex-E17: a user's public key in PEM is taken in both forms, PKIX and PKCS #1 (ssh-keygen -e -m pem), and the
// private half then logs its user in.
func TestOwnKeyOfEachForm(t *testing.T) {
	in := install(t)
	_, _, body := in.call(t, in.admin, "POST", "/auth/oauth_clients",
		map[string]any{"name": "cli", "client_type": "public", "allow_jwt_grant": true, "access_grant_all_users": true})
	cli := jsonOf[api.OAuthClient](t, body)
	ulf, _ := in.member(t, "ulf", "user", "abc-12")
	for form, public := range map[string]func(*rsa.PrivateKey) *pem.Block{
		"PKCS #1": func(key *rsa.PrivateKey) *pem.Block {
			return &pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.PublicKey)}
		},
		"PKIX": func(key *rsa.PrivateKey) *pem.Block {
			der, err := x509.MarshalPKIXPublicKey(key.Public())
			if err != nil {
				t.Fatal(err)
			}
			return &pem.Block{Type: "PUBLIC KEY", Bytes: der}
		},
	} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		own, err := client.New(client.Config{URL: in.url, Grant: &client.Grant{ClientID: cli.ClientID, User: "ulf",
			PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})}})
		if err != nil {
			t.Fatal(err)
		}
		if err := own.Login(t.Context()); err == nil {
			t.Errorf("%s: a key that nobody gave logs in", form)
		}
		if status, _, answer := in.call(t, ulf, "PUT", "/api/v5/account/preferences", map[string]any{
			"public_key":       string(pem.EncodeToMemory(public(key))),
			"current_password": "abc-12"}); status != http.StatusOK {
			t.Fatalf("%s: %d %s", form, status, answer)
		}
		if a, err := own.Account(t.Context()); err != nil || a.Name != "ulf" {
			t.Errorf("%s: %s, %v", form, a.Name, err)
		}
	}
}

// faspex-D6: the address that the lists of an account are compared with is the real peer's, whatever the client says
// (TestForgedAddressOfALogin in faspex/auth: logins).
func TestForgedAddressOfActions(t *testing.T) {
	x := newExchange(t)
	p, err := x.bob.CreatePackage(t.Context(), api.PackageCreate{Title: "for alice", Recipients: to("alice")})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	forged := map[string]string{"X-Forwarded-For": "10.1.2.3", "X-Real-IP": "10.1.2.3", "Forwarded": "for=10.1.2.3"}
	for list, want := range map[string][2]int{"10.*.*.*": {403, 403}, "127.0.0.1": {201, 200}} {
		x.set(t, x.idOf(t, "alice"), map[string]any{"allowed_ip_addresses_for_upload": []string{list},
			"allowed_ip_addresses_for_download": []string{list}})
		for i, try := range [][2]string{{"/api/v5/packages", `{"title":"x","recipients":[{"name":"bob"}]}`},
			{"/api/v5/packages/" + p.ID + "/transfer_spec/download", `{}`}} {
			status, _, body := x.send(t, x.alice, "POST", try[0], try[1], forged)
			if status != want[i] || status == http.StatusForbidden && !strings.Contains(body, "address_not_allowed") {
				t.Errorf("%s from %s: %d %s", try[0], list, status, body)
			}
		}
	}
}
