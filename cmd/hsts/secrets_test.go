package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// secrets are texts that nobody may find, by what they are.
type secrets map[string]string

// make thinks of one, which no encoding hides by chance.
func (s secrets) make(what string) string {
	s[what] = rand.Text()
	return s[what]
}

// search looks for all of them, in the forms that texts are stored in.
func (s secrets) search(t *testing.T, where, text string) {
	t.Helper()
	lower := strings.ToLower(text)
	for what, secret := range s {
		forms := []string{secret, hex.EncodeToString([]byte(secret)), url.QueryEscape(secret),
			base64.StdEncoding.EncodeToString([]byte(secret))[:len(secret)]}
		// Within a longer text, base64 has a secret in three ways.
		for _, before := range []string{"x", "xx"} {
			forms = append(forms, base64.StdEncoding.EncodeToString([]byte(before + secret))[4:len(secret)])
		}
		if i := slices.IndexFunc(forms, func(f string) bool { return strings.Contains(lower, strings.ToLower(f)) }); i >= 0 {
			at := strings.Index(lower, strings.ToLower(forms[i]))
			t.Errorf("%s shows the %s: ...%s", where, what, text[max(0, at-80):min(len(text), at+40)])
		}
	}
}

// dump is the whole database, as its own program writes it.
func dump(t *testing.T, db *mysql.Config) string {
	t.Helper()
	host, number, err := net.SplitHostPort(db.Addr)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "mariadb-dump", "--host", host, "--port", number, "--protocol", "tcp",
		"--skip-ssl", "--user", db.User, "--skip-lock-tables", "--no-tablespaces", db.DBName)
	cmd.Env = append(os.Environ(), "MYSQL_PWD="+db.Passwd)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("dump: %v %s", err, out)
	}
	return string(out)
}

// answer is all that a call answers, its headers too.
func (n *testNode) answer(t *testing.T, user, password, method, path, body string) (code int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(user, password)
	res, err := n.http(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, fmt.Sprint(res.Header, string(text))
}

// node-30, the node: the secrets of storages, of configurations and of all who log in are in no answer, no log, no
// metric and nowhere in the database. The node keeps hashes of those that it has to recognize and nothing of the
// others, so that there is nothing that would have to be sealed. Events and conditions are in TestNodeUsersOfASecret.
func TestNobodyFindsASecret(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	n := newNode(t, "n1", db)
	n.env.LogLevel = slog.LevelDebug
	s := secrets{}
	n.cfg.NodeUsers.Folder = filepath.Join(t.TempDir(), "users")
	n.cfg.Secrets.Passwords = filepath.Join(t.TempDir(), "passwords")
	n.cfg.TransferUsers = []config.TransferUser{
		{Name: "xfer"}, {Name: "own", Docroot: "/default/own", Incoming: token.ModeAllow},
	}
	write(t, filepath.Join(n.cfg.NodeUsers.Folder, "luke"), "password: "+s.make("password in the Secret")+
		"\ntransferUser: rebels\ndocroot: /default/rebels\n")
	write(t, filepath.Join(n.cfg.NodeUsers.Folder, "bad"), "password: "+s.make("password in a bad entry")+"\nx: [")
	write(t, filepath.Join(n.cfg.Secrets.Passwords, "own"), s.make("SSH password"))
	write(t, filepath.Join(n.cfg.Secrets.NodeUser, "password"), s.make("password of the node user"))
	master := s["password of the node user"]
	n.start(t)
	if out, err := hsts(t, db, s.make("password of the command line")+"\n", "user", "add", "leia", "--transfer-user",
		"command", "--docroot", "/default/leia"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	var answers []string
	ask := func(user, password, method, path, body string) int {
		t.Helper()
		code, answer := n.answer(t, user, password, method, path, body)
		answers = append(answers, fmt.Sprintf("%s %s as %s: %d %s", method, path, user, code, answer))
		return code
	}
	want := func(code, wanted int) {
		t.Helper()
		if code != wanted {
			t.Errorf("%s, want %d", answers[len(answers)-1], wanted)
		}
	}

	// What is made, changed and refused.
	keySecret := s.make("secret of an access key")
	code, _ := n.answer(t, "node", master, "POST", "/access_keys", fmt.Sprintf(`{"id":"ak","secret":%q,
		"storage":{"type":"local","path":"/default/k"},"configuration":{"transfer":{"content_protection_secret":%q}}}`,
		keySecret, s.make("content protection secret"))) // The answer to whoever makes a key has its secret, once.
	want(code, http.StatusOK)
	next := s.make("second secret of an access key")
	want(ask("node", master, "PUT", "/access_keys/ak", fmt.Sprintf(`{"secret":%q,"configuration":{"transfer":
		{"content_protection_secret":%q}}}`, next, s.make("second content protection secret"))), http.StatusNoContent)
	for what, body := range map[string]string{
		"token encryption key": `{"configuration":{"transfer":{"token_encryption_key":%q}}}`,
		"secret in an object":  `{"configuration":{"transfer":{"content_protection_secret":{"x":%q}}}}`,
		"unknown field":        `{"configuration":{"transfer":{"passphrase":%q}}}`,
		"unknown section":      `{"configuration":{"secrets":{"x":%q}}}`,
		"broken JSON":          `{"configuration":{"transfer":{"content_protection_secret":%q`,
		"secret of a kind":     `{"secret":{"x":%q}}`,
		"storage credentials": `{"storage":{"type":"aws_s3","path":"/","bucket":"b","credentials":{"access_key_id":"AKIA",
			"secret_access_key":%q}}}`,
		"storage account": `{"storage":{"type":"azure_sas","shared_access_signature":%q}}`,
	} {
		body = fmt.Sprintf(body, s.make(what))
		if code := ask("node", master, "PUT", "/access_keys/ak", body); code < 400 {
			t.Errorf("%s is taken: %s", what, answers[len(answers)-1])
		}
		if code := ask("node", master, "POST", "/access_keys", body); code < 400 {
			t.Errorf("%s is taken: %s", what, answers[len(answers)-1])
		}
	}

	// Who logs in, rightly and wrongly, at each door.
	want(ask("ak", next, "GET", "/access_keys/self", ""), http.StatusOK)
	want(ask("leia", s["password of the command line"], "GET", "/info", ""), http.StatusOK)
	want(ask("luke", s["password in the Secret"], "GET", "/info", ""), http.StatusOK)
	want(ask("leia", s.make("wrong password"), "GET", "/info", ""), http.StatusUnauthorized)
	local := filepath.Join(t.TempDir(), "f.txt")
	write(t, local, "content")
	basic := func(secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("ak:"+secret))
	}
	spec := n.keySpec("ak", transferspec.Send, local, "/")
	spec.Token = basic(next)
	if out := run(t, spec); !strings.Contains(out, "takes encrypted files alone") { // The secret is the right one.
		t.Errorf("upload with a basic token: %s", out)
	}
	spec.Token = basic(s.make("wrong secret in a token"))
	if out := run(t, spec); out == "" {
		t.Error("an upload with a wrong secret")
	}
	up, err := n.client(t, "node", master).UploadSetup(t.Context(), client.TransferRequest{DestinationRoot: "/default/in"})
	if err != nil {
		t.Fatal(err)
	}
	s["transfer token"] = up.Token[:40]
	up.Paths = []transferspec.Path{{Source: local}}
	if out := run(t, up); out != "" {
		t.Errorf("upload with a transfer token: %s", out)
	}
	awaitStatus(t, n.client(t, "node", master), idOf(t, up), client.StatusCompleted)
	ascp := func(password string) (said string, status int) {
		return n.plain(t, []string{"ASPERA_SCP_PASS=" + password}, local, "own@127.0.0.1:/")
	}
	if said, status := ascp(s["SSH password"]); status != 0 {
		t.Errorf("upload with an SSH password: %s", said)
	}
	if _, status := ascp(s.make("wrong SSH password")); status == 0 {
		t.Error("an upload with a wrong SSH password")
	}

	for _, path := range []string{"/info", "/access_keys", "/access_keys/ak", "/ops/transfers",
		"/ops/transfers/" + idOf(t, up)} {
		want(ask("node", master, "GET", path, ""), http.StatusOK)
	}
	res, err := http.Get(n.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	metrics, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range answers {
		s.search(t, "an answer", answer)
	}
	s.search(t, "the metrics", string(metrics))
	// What is written a moment later is in the dump, too.
	eventually(t, "the record of the last transfer", func() (any, bool) {
		return nil, strings.Contains(dump(t, db), "'own'")
	})
	everything := dump(t, db)
	for _, there := range []string{"'ak'", "'luke'", "'leia'", "$argon2id$"} {
		if !strings.Contains(everything, there) {
			t.Errorf("the dump has no %s: it is not of this database", there)
		}
	}
	s.search(t, "the database", everything)
	if err := n.stop(); err != nil {
		t.Error(err)
	}
	s.search(t, "the log", n.log.String())
}
