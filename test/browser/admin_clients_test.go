package browser_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"faspex.io/operator/faspex/client"
)

// page-77: a secret is shown once, and a key is replaced without another id.
var _ = journey("admin clients", func(t *testing.T, w *world) {
	root := w.anAdmin(t, "Ada", "Root")
	b := w.open(t)
	b.logIn(root, "/admin/api-clients")
	b.heading("API clients")
	b.sees("No API clients")
	b.checkPage("no clients")
	b.use("Register API client")
	b.heading("Register API client")
	b.checkPage("a new client")
	b.startTop()
	b.typeInto("Name", "nightly job")
	b.tabTo("May log people in by a signed assertion")
	b.keys(kb.Enter)
	b.tabTo("Has a key of its own that signs for everybody")
	b.keys(kb.Enter)
	first, second := keyPair(t), keyPair(t)
	b.tabTo("Public key")
	b.paste(first.public)
	b.use("Register")
	b.sees("Store this secret now", "only here and only now")
	b.checkPage("the secret")
	shown := value[[]string](b,
		`[...document.querySelectorAll('.cds--modal.is-visible .cds--snippet code, .cds--modal.is-visible pre')].map(e => e.innerText.trim()).filter((v, i, all) => all.indexOf(v) === i)`)
	if len(shown) != 2 || len(shown[1]) < 20 {
		t.Fatalf("shown: %q", shown)
	}
	id, secret := shown[0], shown[1]
	b.tabTo("Copy the secret")
	b.use("I have stored it")
	b.heading("nightly job")
	b.at("/admin/api-clients/" + id)
	b.checkPage("a client")
	if text := value[string](b, `document.documentElement.outerHTML`); strings.Contains(text, secret) {
		t.Error("the page shows the secret still")
	}
	b.goTo("/admin/api-clients/" + id)
	b.heading("nightly job")
	if text := value[string](b, `document.documentElement.outerHTML`); strings.Contains(text, secret) {
		t.Error("the page shows the secret again")
	}
	logIn := func(key pair) error {
		c, err := client.New(client.Config{URL: w.in.URL,
			Grant: &client.Grant{ClientID: id, PrivateKey: key.private, User: root.login}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseIdleConnections()
		return c.Login(t.Context())
	}
	if !known(t, w, id, secret) {
		t.Error("the secret that was shown is not the client's")
	}
	if err := logIn(first); err != nil {
		t.Errorf("log in by the first key: %v", err)
	}

	b.startTop()
	b.tabTo("Public key")
	value[any](b, `document.activeElement.select()`)
	b.paste(second.public)
	b.use("Save")
	b.toast("The API client was saved")
	b.at("/admin/api-clients/" + id)
	if logIn(first) == nil || logIn(second) != nil {
		t.Errorf("after another key: by the first one %v, by the second %v", logIn(first), logIn(second))
	}

	b.startTop()
	b.use("Replace secret")
	b.sees("Replace the secret of nightly job?")
	b.use("Replace secret")
	b.sees("Store this secret now")
	again := value[string](b,
		`[...document.querySelectorAll('.cds--modal.is-visible .cds--snippet code, .cds--modal.is-visible pre')].map(e => e.innerText.trim()).at(-1)`)
	b.use("I have stored it")
	if again == secret || known(t, w, id, secret) || !known(t, w, id, again) {
		t.Errorf("the old secret is good: %v, the new one: %v", known(t, w, id, secret), known(t, w, id, again))
	}

	b.startTop()
	b.use("Delete")
	b.sees("Delete nightly job?")
	b.use("Delete")
	b.toast("nightly job was deleted")
	b.at("/admin/api-clients")
	b.sees("No API clients")
	b.clean()
})

type pair struct {
	private []byte
	public  string
}

func keyPair(t *testing.T) pair {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		private: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		public:  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	}
}

// known reports whether the token endpoint takes a secret for a client's: a code that nobody has is refused as a
// code then, and not as a client.
func known(t *testing.T, w *world, id, secret string) bool {
	t.Helper()
	form := url.Values{"client_id": {id}, "client_secret": {secret}, "grant_type": {"authorization_code"},
		"code": {"none"}, "redirect_uri": {"https://x.example/"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.in.URL+base+
		"/auth/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Error string `json:"error"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Error != "invalid_client"
}
