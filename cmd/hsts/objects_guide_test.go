package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
)

// guideKey is the ak.json of the published guide, but for its id, its endpoint and its bucket.
const guideKey = `{
"id": "ak",
"secret" : "s",
"storage" : {
	"type" : "aws_s3",
	"path" : "/",
	"endpoint" : "ENDPOINT",
	"bucket" : "BUCKET",
	"storage_class" : "STANDARD",
	"server_side_encryption" : null,
	"credentials" : {
		"access_key_id" : "777AJPRW777BX7QTQKHQ",
		"secret_access_key" : "UAuFAW4SM7UahCZAqU1vZH4lgur"
	}
}
}`

// node-113: the key of the guide is made, and what the guide does with it works: lists, uploads by the file id 1, into a
// folder beneath it and by a folder's id, downloads, and the same with a bearer token that has a permission. All other
// calls by id, and all cases of bearer tokens and permissions, are held to the same in a folder and in a bucket by
// TestEachLevelPermitsItsCalls and TestPermissionsReachNothingBeside.
func TestKeyOfTheGuide(t *testing.T) {
	t.Parallel()
	s, nodes := startBucketNodes(t, "n1")
	n := nodes[0]
	body := strings.NewReplacer("ENDPOINT", s.Endpoint, "BUCKET", s.Bucket).Replace(guideKey)
	var made client.AccessKey
	if code := n.call(t, "node", nodePassword, http.MethodPost, "/access_keys", body, &made); code != http.StatusOK ||
		made.ID != "ak" || made.RootFileID != "1" {
		t.Fatalf("%d %+v", code, made)
	}
	_, public := keyOwner()
	verification, err := json.Marshal(map[string]string{"token_verification_key": public})
	if err != nil {
		t.Fatal(err)
	}
	n.call(t, "node", nodePassword, http.MethodPut, "/access_keys/ak", string(verification), nil)

	file := filepath.Join(t.TempDir(), "testfile03")
	want := large(t, file, 9<<20)
	spec := func(token, id string, direction transferspec.Direction, source, destination string) transferspec.Spec {
		spec := n.keySpec("ak", direction, source, destination)
		spec.Token = token
		spec.Tags = json.RawMessage(`{"aspera":{"node":{"access_key":"ak","file_id":"` + id + `"}}}`)
		return spec
	}
	send := func(token, id, destination, object string) {
		t.Helper()
		if out, err := command(t, spec(token, id, transferspec.Send, file, destination)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if s.Content(t, object) != want {
			t.Errorf("%s is not what was sent", object)
		}
	}
	receive := func(token, id, source string) {
		t.Helper()
		dir := t.TempDir()
		if out, err := command(t, spec(token, id, transferspec.Receive, source, dir)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if files(t, dir)["testfile03"] != want {
			t.Errorf("%s is not what was sent", source)
		}
	}
	basic := basicToken("ak")
	send(basic, "1", "/", "testfile03")
	send(basic, "1", "/tmp", "tmp/testfile03")
	top := n.idsOf(t, "1")
	send(basic, top["tmp"], "/DIR1/DIR2", "tmp/DIR1/DIR2/testfile03")
	receive(basic, "1", "/tmp/testfile03")
	receive(basic, top["tmp"], "testfile03")

	n.call(t, "ak", "s", http.MethodPost, "/permissions",
		`{"access_id":"luke@aspera.us","access_type":"user","access_level":"edit","file_id":"`+top["tmp"]+`"}`, nil)
	luke := bearerToken(t, "luke@aspera.us")
	send(luke, top["tmp"], "/luke", "tmp/luke/testfile03")
	receive(luke, top["tmp"], "luke/testfile03")
	refusedWith(t, "an upload beside", spec(luke, "1", transferspec.Send, file, "/beside"), "error 37")
	if code := n.bearerCall(t, luke, http.MethodGet, "/files/"+top["tmp"]+"/files", ""); code != http.StatusOK {
		t.Errorf("a list with the bearer token: %d", code)
	}
	if strings.Contains(n.log.String(), "UAuFAW4SM7UahCZAqU1vZH4lgur") {
		t.Error("the secret is in the log")
	}
}
