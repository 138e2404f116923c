package seed_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/faspex/seed"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

func publicKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestRunTwice(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	o := seed.Options{ExternalURL: "https://old.example.com/", UIClientID: "ui", ServiceClientID: "service",
		OperatorClientID:  "operator",
		OperatorPublicKey: publicKey(t), AdminUsername: "admin", AdminPassword: "the first password"}
	done, err := seed.Run(ctx, s, o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"client Faspex", "client Faspex service", "client Faspex operator", "admin admin"},
		done); diff != "" {
		t.Errorf("first run (-want +got)\n%s", diff)
	}
	first, err := s.AccountByLogin(ctx, "admin")
	if err != nil || first.Role != store.RoleAdmin || !strings.HasPrefix(first.PasswordHash, "$argon2id$") {
		t.Errorf("admin: %+v, %v", first, err)
	}

	o.ExternalURL, o.OperatorPublicKey, o.AdminPassword = "https://new.example.com", publicKey(t), "another password"
	if done, err = seed.Run(ctx, s, o); err != nil || len(done) != 3 {
		t.Errorf("second run: %q, %v", done, err)
	}
	second, err := s.AccountByLogin(ctx, "admin")
	if err != nil || second.PasswordHash != first.PasswordHash {
		t.Errorf("the admin's password was changed, %v", err)
	}
	ui, err := s.OAuthClient(ctx, "ui")
	if err != nil {
		t.Fatal(err)
	}
	if !ui.RequirePKCE || ui.AllowJWTGrant || !ui.Internal ||
		!cmp.Equal(ui.RedirectURIs, []string{"https://new.example.com/aspera/faspex/"}) {
		t.Errorf("ui client: %+v", ui)
	}
	operator, err := s.OAuthClient(ctx, "operator")
	if err != nil || !operator.AllowJWTGrant || !operator.AllowGlobalKey || operator.PublicKey != o.OperatorPublicKey ||
		len(operator.RedirectURIs) != 0 {
		t.Errorf("operator client: %+v, %v", operator, err)
	}
}

// faspex-C16: the password breaks the rule for new ones, as the guide lets it.
// TestFirstAdminHasAnEmailAddress: the given one, or one of the name and the host that people use.
func TestFirstAdminHasAnEmailAddress(t *testing.T) {
	for _, test := range []struct{ url, name, given, want string }{
		{"https://faspex.example.com:8443/", "admin", "", "admin@faspex.example.com"},
		{"https://faspex.example.com", "admin", "boss@example.com", "boss@example.com"},
		{"https://faspex.example.com", "me@example.com", "", "me@example.com"},
		{"https://faspex.example.com", "me@example.com", "boss@example.com", "boss@example.com"},
		{"https://faspex.example.com", "Jo Doe", "", "admin@faspex.example.com"},
		{"https://faspex.example.com", "@", "", "admin@faspex.example.com"},
		{"https://192.0.2.7:30443", "admin", "", "admin@[192.0.2.7]"},
		{"https://[2001:db8::1]:30443", "admin", "", "admin@[IPv6:2001:db8::1]"},
	} {
		s := storetest.New(t)
		if _, err := seed.Run(t.Context(), s, seed.Options{
			ExternalURL: test.url, AdminUsername: test.name, AdminPassword: "p", AdminEmail: test.given,
		}); err != nil {
			t.Fatal(err)
		}
		if admin, err := s.AccountByLogin(t.Context(), test.name); err != nil || admin.Email != test.want {
			t.Errorf("%s, %q, %q: e-mail %q, want %q (%v)", test.url, test.name, test.given, admin.Email, test.want, err)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	good := seed.Options{ExternalURL: "https://x.example.com", OperatorClientID: "operator",
		OperatorPublicKey: publicKey(t), AdminUsername: "admin", AdminPassword: "p"}
	for name, spoil := range map[string]func(*seed.Options){
		"no url":                                 func(o *seed.Options) { o.ExternalURL = "" },
		"no admin":                               func(o *seed.Options) { o.AdminUsername = "" },
		"no password":                            func(o *seed.Options) { o.AdminPassword = "" },
		"a password that nobody could type":      func(o *seed.Options) { o.AdminPassword = "a\nb" },
		"a password that the login would refuse": func(o *seed.Options) { o.AdminPassword = strings.Repeat("ü", 257) },
		"an e-mail address that is none":         func(o *seed.Options) { o.AdminEmail = "boss" },
		"no key":                                 func(o *seed.Options) { o.OperatorPublicKey = "" },
	} {
		o := good
		spoil(&o)
		if _, err := seed.Run(t.Context(), nil, o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
