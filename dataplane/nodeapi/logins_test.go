package nodeapi_test

import (
	"crypto/rand"
	"crypto/rsa"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"faspex.io/operator/dataplane/store"
)

func TestLoginsAreThrottled(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "a", "s", "/tenants/a")
	for _, id := range []string{"a", "nobody"} {
		var looked, refused atomic.Int32
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				_, err := a.client(t, id, "wrong"+strconv.Itoa(i)).Info(t.Context())
				switch {
				case strings.Contains(err.Error(), "401"):
					looked.Add(1)
				case strings.Contains(err.Error(), "429"):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if looked.Load() != 20 || refused.Load() != 40 {
			t.Errorf("%s: %d secrets were looked at, %d were not", id, looked.Load(), refused.Load())
		}
	}
	_, err := a.client(t, "a", "s").Info(t.Context())
	status(t, err, 429)
	// The node user's own client is known from its former call.
	for i := range 20 {
		_, err := a.client(t, nodeUser, "wrong"+strconv.Itoa(i)).Info(t.Context())
		status(t, err, 401)
	}
	_, err = a.master(t).Info(t.Context())
	status(t, err, 429)
	for _, secret := range []string{"wrong1", nodePass} {
		if strings.Contains(a.log.String(), secret) {
			t.Error("the log holds a secret")
		}
	}
}

// node-24, its cause: each refusal makes one hash, whoever it names, so that none is quicker than another.
func TestEachRefusalHashesOnce(t *testing.T) {
	a := shared(t)
	u := store.NodeUser{Name: "luke", TransferUser: "rebels", Docroot: "/k"}
	if err := a.store.CreateNodeUser(t.Context(), u, "pw"); err != nil {
		t.Fatal(err)
	}
	for name, credentials := range refusals(t) {
		for range 3 {
			before := a.store.Hashed()
			if code, _, body := a.curl(t, "/info", credentials...); code != "401" {
				t.Errorf("%s: %s %s", name, code, body)
			}
			if hashed := a.store.Hashed() - before; hashed != 1 {
				t.Errorf("%s: %d hashes, want 1", name, hashed)
			}
		}
	}
}

// refusals are wrong credentials of each kind, as arguments of curl.
func refusals(t testing.TB) map[string][]string {
	t.Helper()
	bearer := func(text string) []string { return []string{"-H", "Authorization: Bearer " + text} }
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mine, _ := owner()
	return map[string][]string{
		"wrong secret of a known key":     {"-u", "ak:wrong"},
		"wrong secret of an unknown key":  {"-u", "ak-unknown:wrong"},
		"unknown user":                    {"-u", "nobody@example.com:wrong"},
		"a name that no user has":         {"-u", "n\u00f6body:wrong"},
		"wrong password of a node user":   {"-u", "luke:wrong"},
		"wrong password of the node user": {"-u", nodeUser + ":wrong"},
		"wrong bearer signature":          bearer(signed(t, other, "node.ak:user:all", "leia")),
		"bearer of an unknown key":        bearer(signed(t, mine, "node.unknown:user:all", "leia")),
		"no bearer token at all":          bearer("bm90aGluZw=="),
	}
}
