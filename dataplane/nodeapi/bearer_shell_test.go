package nodeapi_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
)

// bearerLines are the lines by which the published guide makes a bearer token of token-bearer.json and private_key.pem.
const bearerLines = `set -e
openssl dgst -sha512 -sign private_key.pem token-bearer.json | base64 > signature
cat token-bearer.json  > token-bearer.json.signed
echo "==SIGNATURE==" >> token-bearer.json.signed
cat signature >> token-bearer.json.signed
cat token-bearer.json.signed | zlib-flate -compress  | base64 -w0 > token-bearer.json.sig.z.b64
`

// zlibFlate is the program of that name for machines without qpdf: it packs what it reads.
const zlibFlate = `#!/usr/bin/perl -0777
use Compress::Zlib;
binmode STDIN; binmode STDOUT; my $text = <STDIN>; print compress($text);
`

// shell runs lines in a folder whose programs come first.
func shell(t *testing.T, dir, lines string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", lines)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", lines, err, out)
	}
}

// node-38: the published shell lines make a token that the node takes, and none that differs.
func TestBearerTokenOfShellLines(t *testing.T) {
	a := start(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "zlib-flate"), []byte(zlibFlate), 0o755); err != nil {
		t.Fatal(err)
	}
	const newKey = `openssl genpkey -algorithm RSA -out %[1]s -pkeyopt rsa_keygen_bits:%[2]d
openssl rsa -pubout -in %[1]s -out %[3]s
`
	shell(t, dir, fmt.Sprintf(newKey, "private_key.pem", 4096, "public_key.pem")+
		fmt.Sprintf(newKey, "stranger.pem", 2048, "stranger_public.pem"))
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, id := range []string{"ak", "other"} {
		public := read("public_key.pem")
		if id == "other" {
			public = read("stranger_public.pem")
		}
		_, err := a.master(t).CreateAccessKey(t.Context(), client.AccessKey{
			ID: id, Secret: "s", TokenVerificationKey: public, Storage: &client.Storage{Type: "local", Path: "/" + id},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	claims := func(key string, expires time.Time) string {
		return fmt.Sprintf("{\n  \"user_id\":\"luke@aspera.us\",\n  \"scope\":\"node.%s:admin:all\",\n  \"expires_at\":%q,\n"+
			"  \"group_ids\":[]\n}", key, expires.UTC().Format("2006-01-02T15:04:05Z"))
	}
	right := claims("ak", time.Now().Add(time.Hour))
	token := func(claims, lines string) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "token-bearer.json"), []byte(claims), 0o600); err != nil {
			t.Fatal(err)
		}
		shell(t, dir, lines)
		return read("token-bearer.json.sig.z.b64")
	}
	edit := func(command string) string {
		return strings.Replace(bearerLines, "cat token-bearer.json.signed |", command+"\ncat token-bearer.json.signed |", 1)
	}
	good := token(right, bearerLines)
	bare := strings.TrimRight(good, "=")
	for name, tt := range map[string]struct{ token, key, want string }{
		"as published":               {good, "ak", "200"},
		"a newline before the words": {token(right, edit(`sed -i 's/==SIG/\n==SIG/' token-bearer.json.signed`)), "ak", "200"},
		"a byte of the claims":       {token(right, edit(`sed -i s/luke/duke/ token-bearer.json.signed`)), "ak", "401"},
		"a byte of the signature": {token(right,
			edit(`sed -i '$y/ABCDEFGHIJ/BCDEFGHIJA/' token-bearer.json.signed`)), "ak", "401"},
		"a byte of the token":        {changed(good, len(good)/2), "ak", "401"},
		"the last byte of the token": {changed(bare, len(bare)-1), "ak", "401"},
		"a byte more": {token(right, strings.Replace(bearerLines, "-compress  |",
			"-compress | sed '$s/$/x/' |", 1)), "ak", "401"},
		"a newline at the end":    {token(right+"\n", bearerLines), "ak", "401"},
		"two newlines at the end": {token(right+"\n\n", bearerLines), "ak", "401"},
		"expired":                 {token(claims("ak", time.Now().Add(-time.Second)), bearerLines), "ak", "401"},
		"of another's key":        {token(right, strings.ReplaceAll(bearerLines, "private_key", "stranger")), "ak", "401"},
		"for another key":         {token(claims("other", time.Now().Add(time.Hour)), bearerLines), "other", "401"},
		"named for another key":   {good, "other", "401"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, body := a.curl(t, "/files/1", "-H", "X-Aspera-AccessKey: "+tt.key, "-H", "Authorization: Bearer "+tt.token)
			if code != tt.want {
				t.Errorf("%s %s, want %s", code, body, tt.want)
			}
		})
	}
}

// changed is a text of base64 with another letter at i.
func changed(text string, i int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	at := strings.IndexByte(letters, text[i])
	return text[:i] + letters[at^1:at^1+1] + text[i+1:]
}
