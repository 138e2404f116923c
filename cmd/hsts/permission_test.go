package main

import (
	"bytes"
	"compress/zlib"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

var keyOwner = sync.OnceValues(func() (*rsa.PrivateKey, string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
})

// bearerToken is a token of a user of the access key "ak", as the key's owner signs one.
func bearerToken(t *testing.T, user string) string {
	t.Helper()
	claims := fmt.Sprintf(`{"user_id":%q,"scope":"node.ak:user:all","expires_at":%q,"group_ids":[]}`, user,
		time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z"))
	key, _ := keyOwner()
	digest := sha512.Sum512([]byte(claims))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA512, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	fmt.Fprintf(z, "%s\n==SIGNATURE==\n%s\n", claims, base64.StdEncoding.EncodeToString(signature))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return "Bearer " + base64.StdEncoding.EncodeToString(packed.Bytes())
}

// sharedKey makes the access key "ak", whose owner signs bearer tokens.
func (n *testNode) sharedKey(t *testing.T) {
	t.Helper()
	_, public := keyOwner()
	_, err := n.client(t, "node", nodePassword).CreateAccessKey(t.Context(), client.AccessKey{
		ID: "ak", Secret: "s", TokenVerificationKey: public, Storage: localFolder("/default/k"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// permit permits a user levels on a file of "ak".
func (n *testNode) permit(t *testing.T, user, fileID string, levels ...string) (id string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"access_type": "user", "access_id": user, "file_id": fileID,
		"access_levels": levels})
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	if n.call(t, "ak", "s", "POST", "/permissions", string(body), &made); made.ID == "" {
		t.Fatal("no permission was made")
	}
	return made.ID
}

// bearerSpec is a transfer of a user of "ak" with the folder of an id.
func (n *testNode) bearerSpec(t *testing.T, user, fileID string, direction transferspec.Direction, source,
	destination string) transferspec.Spec {
	t.Helper()
	spec := n.keySpec("ak", direction, source, destination)
	spec.Token = bearerToken(t, user)
	spec.Tags = json.RawMessage(fmt.Sprintf(`{"aspera":{"node":{"access_key":"ak","file_id":%q}}}`, fileID))
	return spec
}

// run runs ascp, and gives what it says of a failure.
func run(t *testing.T, spec transferspec.Spec, args ...string) (failed string) {
	t.Helper()
	out, err := command(t, spec, args...).CombinedOutput()
	if err != nil {
		return string(out)
	}
	return ""
}

// node-50: the permission and the upload of the published example.
func TestPublishedExampleOfABearer(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.sharedKey(t)
	file := filepath.Join(t.TempDir(), "testfile01")
	write(t, file, "hello")
	upload := n.bearerSpec(t, "luke@aspera.us", "1", transferspec.Send, file, "/tmp/DIR1/DIR2")
	refused := func(what string) {
		t.Helper()
		if out := run(t, upload); !strings.Contains(out, "error 37: ") ||
			!strings.Contains(out, "it has none to write there") {
			t.Errorf("%s: %q", what, out)
		}
	}
	refused("without a permission")
	var made struct{ ID string }
	n.call(t, "ak", "s", "POST", "/permissions",
		`{"access_id":"luke@aspera.us", "access_type":"user", "access_level":"view", "file_id":"1"}`, &made)
	refused("with view")
	n.call(t, "ak", "s", "PUT", "/permissions/"+made.ID, `{"access_level":"edit"}`, nil)
	if out := run(t, upload); out != "" {
		t.Fatalf("with edit: %s", out)
	}
	if text, err := os.ReadFile(filepath.Join(n.cfg.StorageRoot, "default/k/tmp/DIR1/DIR2/testfile01")); err != nil ||
		string(text) != "hello" {
		t.Errorf("what arrived: %q, %v", text, err)
	}
	n.call(t, "ak", "s", "DELETE", "/permissions/"+made.ID, "", nil)
	refused("after the permission is gone")
}

// node-51, the transfers: each level and what it permits of four transfers. The calls are in
// TestEachLevelPermitsItsCalls of nodeapi.
func TestLevelsOfTransfers(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.sharedKey(t)
	k := filepath.Join(n.cfg.StorageRoot, "default/k")
	write(t, filepath.Join(k, "d/there"), "old")
	write(t, filepath.Join(k, "d/sub/deep/f"), "deep")
	var top []struct{ ID, Name string }
	n.call(t, "ak", "s", "GET", "/files/1/files", "", &top)
	id := top[0].ID
	local := t.TempDir()
	write(t, filepath.Join(local, "new"), "new")
	write(t, filepath.Join(local, "there"), "a newer one")
	for _, level := range []string{"list", "read", "write", "delete", "mkdir", "rename", "preview"} {
		n.permit(t, level, id, level)
		permitted := map[string]string{}
		for name, spec := range map[string]transferspec.Spec{
			"upload by id":       n.bearerSpec(t, level, id, transferspec.Send, filepath.Join(local, "new"), "/"+level),
			"upload by path":     n.bearerSpec(t, level, "1", transferspec.Send, filepath.Join(local, "new"), "/d/"+level+"2"),
			"download a file":    n.bearerSpec(t, level, "1", transferspec.Receive, "/d/there", t.TempDir()),
			"download a folder":  n.bearerSpec(t, level, id, transferspec.Receive, "sub", t.TempDir()),
			"upload beside":      n.bearerSpec(t, level, "1", transferspec.Send, filepath.Join(local, "new"), "/beside"),
			"download all":       n.bearerSpec(t, level, "1", transferspec.Receive, "/", t.TempDir()),
			"upload by climbing": n.bearerSpec(t, level, id, transferspec.Send, filepath.Join(local, "new"), "/../../beside"),
		} {
			if out := run(t, spec); out == "" {
				permitted[name] = "permitted"
			} else if !strings.Contains(out, "error 37: ") && !strings.Contains(out, "leads outside of the permitted folder") {
				t.Errorf("%s with %s: %s", name, level, out)
			}
		}
		want := map[string]string{}
		switch level {
		case "read":
			want = map[string]string{"download a file": "permitted", "download a folder": "permitted"}
		case "write":
			want = map[string]string{"upload by id": "permitted", "upload by path": "permitted"}
		}
		if fmt.Sprint(permitted) != fmt.Sprint(want) {
			t.Errorf("%s permits %v, want %v", level, permitted, want)
		}
	}
	if _, err := os.Stat(filepath.Join(n.cfg.StorageRoot, "default/beside")); err == nil {
		t.Error("an upload has left its folder")
	}
	// node-55: a file that would be replaced is left as it is, and the rest arrives.
	both := n.bearerSpec(t, "write", id, transferspec.Send, filepath.Join(local, "there"), "/")
	both.Paths = append(both.Paths, transferspec.Path{Source: filepath.Join(local, "new")})
	out := run(t, both)
	if !strings.Contains(out, "there is no permission to replace it") {
		t.Errorf("an upload over a file: %q", out)
	}
	text := func(name string) string {
		got, err := os.ReadFile(filepath.Join(k, "d", name))
		if err != nil {
			return err.Error()
		}
		return string(got)
	}
	if text("there") != "old" || text("new") != "new" {
		t.Errorf("there is %q, new is %q", text("there"), text("new"))
	}
	eventually(t, "record of the file", func() (any, bool) {
		list, _, err := n.client(t, "ak", "s").Transfers(t.Context(), client.TransferQuery{})
		if err != nil || len(list) == 0 {
			return err, false
		}
		last, err := n.client(t, "ak", "s").Transfer(t.Context(), list[len(list)-1].ID)
		if err != nil {
			return err, false
		}
		codes := map[string]int{}
		for _, f := range last.Files {
			codes[filepath.Base(f.Path)] = f.ErrorCode
		}
		return codes, len(codes) == 2 && codes["there"] == 5 && codes["new"] == 0
	})
	n.permit(t, "both", id, "write", "delete")
	both.Token = bearerToken(t, "both")
	if out := run(t, both); out != "" || text("there") != "a newer one" {
		t.Errorf("with the level delete: %q, there is %q", out, text("there"))
	}
}

// node-54: what is permitted on a folder is for all beneath, and no link leads beside.
func TestDownloadOfWhatIsInherited(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.sharedKey(t)
	k := filepath.Join(n.cfg.StorageRoot, "default/k")
	write(t, filepath.Join(k, "mine/sub/f"), "mine")
	write(t, filepath.Join(k, "theirs/g"), "theirs")
	symlink(t, "../theirs", filepath.Join(k, "mine/link"))
	symlink(t, "../../theirs/g", filepath.Join(k, "mine/sub/file"))
	var top []struct{ ID, Name string }
	n.call(t, "ak", "s", "GET", "/files/1/files", "", &top)
	n.permit(t, "luke", top[0].ID, "read")
	to := t.TempDir()
	_ = run(t, n.bearerSpec(t, "luke", top[0].ID, transferspec.Receive, ".", to), "--symbolic-links=follow")
	got := files(t, to)
	for name, text := range got {
		if strings.Contains(text, "theirs") {
			t.Errorf("%s is what is beside", name)
		}
	}
	if text, err := os.ReadFile(filepath.Join(to, "sub/f")); err != nil || string(text) != "mine" {
		t.Errorf("the inherited file: %q, %v, of %v", text, err, got)
	}
}

// node-56: the end of a permission holds on every node for what begins after it.
func TestEndOfAPermissionHoldsEverywhere(t *testing.T) {
	t.Parallel()
	db := mariadbd.Start(t).Database(t)
	one, other := startNodeOf(t, "n1", db), newNode(t, "n2", db)
	other.cfg.StorageRoot = one.cfg.StorageRoot
	other.start(t)
	one.sharedKey(t)
	id := one.permit(t, "luke", "1", "read", "list")
	write(t, filepath.Join(one.cfg.StorageRoot, "default/k/f"), "x")
	for _, n := range []*testNode{one, other} {
		if out := run(t, n.bearerSpec(t, "luke", "1", transferspec.Receive, "/f", t.TempDir())); out != "" {
			t.Fatalf("download: %s", out)
		}
	}
	one.call(t, "ak", "s", "DELETE", "/permissions/"+id, "", nil)
	for _, n := range []*testNode{one, other} {
		if out := run(t, n.bearerSpec(t, "luke", "1", transferspec.Receive, "/f", t.TempDir())); !strings.Contains(out,
			"it has none to read there") {
			t.Errorf("download after the end: %q", out)
		}
	}
}
