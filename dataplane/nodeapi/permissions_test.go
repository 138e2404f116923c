package nodeapi_test

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
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/test/s3d"
)

var owner = sync.OnceValues(func() (*rsa.PrivateKey, string) {
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

// bearerOf is a bearer token of a user of the access key "ak", as its owner signs one.
func bearerOf(t *testing.T, scope, user string, groups ...string) string {
	t.Helper()
	key, _ := owner()
	return signed(t, key, "node.ak:"+scope, user, groups...)
}

// signed is a bearer token that anybody signed.
func signed(t testing.TB, key *rsa.PrivateKey, scope, user string, groups ...string) string {
	t.Helper()
	claims, err := json.Marshal(map[string]any{
		"user_id": user, "scope": scope, "group_ids": groups,
		"expires_at": time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z"),
	})
	if err != nil {
		t.Fatal(err)
	}
	digest := sha512.Sum512(claims)
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
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}

// shared is a key "ak" whose owner signs bearer tokens.
func shared(t *testing.T) *api {
	t.Helper()
	a := start(t)
	_, public := owner()
	_, err := a.master(t).CreateAccessKey(t.Context(), client.AccessKey{
		ID: "ak", Secret: "s", TokenVerificationKey: public, Storage: &client.Storage{Type: "local", Path: "/k"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// sharedBucket is shared with the key's folder in a bucket, where write puts what is in k.
func sharedBucket(t *testing.T) *api {
	t.Helper()
	a := start(t)
	a.bucket = s3d.Start(t)
	a.authorities.AppendCertsFromPEM(a.bucket.CA)
	_, public := owner()
	if _, err := a.master(t).CreateAccessKey(t.Context(), client.AccessKey{ID: "ak", Secret: "s",
		TokenVerificationKey: public, Storage: bucketStorage(a.bucket)}); err != nil {
		t.Fatal(err)
	}
	return a
}

// keysOfEachStorage are nodes with the key "ak" in each kind of storage.
var keysOfEachStorage = map[string]func(*testing.T) *api{"folder": shared, "bucket": sharedBucket}

// as makes a call as the bearer of a token.
func (a *api) as(t *testing.T, bearer, method, path, body string) (code, answer string) {
	t.Helper()
	args := []string{"-g", "-H", "Authorization: Bearer " + bearer, "-H", "X-Aspera-AccessKey: ak", "-X", method}
	if body != "" {
		args = append(args, "-d", body)
	}
	code, _, answer = a.curl(t, path, args...)
	if code == "200" && strings.Contains(answer, `"paths":[`) {
		if e, failed := pathErrors(t, answer)[0]; failed {
			return fmt.Sprint(e.Code), answer
		}
	}
	return code, answer
}

func (a *api) id(t *testing.T, folder, name string) string {
	t.Helper()
	var found []struct{ ID string }
	a.call(t, "ak:s", "/files/"+folder+"/files?name="+name, &found)
	if len(found) != 1 {
		t.Fatalf("%s is not in %s", name, folder)
	}
	return found[0].ID
}

func (a *api) permit(t *testing.T, kind, who, fileID string, levels ...string) (id string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"access_type": kind, "access_id": who, "file_id": fileID,
		"access_levels": levels})
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	if code, _ := a.call(t, "ak:s", "/permissions", &made, "-d", string(body)); code != "200" || made.ID == "" {
		t.Fatalf("permit %s: %s", body, code)
	}
	return made.ID
}

// node-49: permissions are made, listed, changed and removed as the interface has them.
func TestPermissionLife(t *testing.T) {
	a := shared(t)
	a.write(t, "k/d/e/f", "x")
	d := a.id(t, "1", "d")
	e := a.id(t, d, "e")
	luke := bearerOf(t, "user:all", "luke")
	if code, _ := a.as(t, luke, "GET", "/files/1", ""); code != "403" {
		t.Errorf("a user without a permission on the root: %s", code)
	}
	var made map[string]any
	a.call(t, "ak:s", "/permissions", &made, "-d",
		`{"access_id":"luke","access_type":"user","access_level":"edit","file_id":"1","tags":{"a":1}}`)
	id, _ := made["id"].(string)
	levels := []any{"delete", "list", "mkdir", "preview", "read", "rename", "write"}
	for field, want := range map[string]any{
		"file_id": "1", "access_id": "luke", "access_type": "user", "access_level": "edit", "access_levels": levels,
		"created_by_id": "ak", "last_updated_by_id": "ak",
		"tags": map[string]any{"a": 1.0},
	} {
		equal(t, field, made[field], want)
	}
	if code, _ := a.as(t, luke, "GET", "/files/1", ""); code != "200" {
		t.Errorf("a user with a permission on the root: %s", code)
	}
	for body, want := range map[string]string{
		`{"access_id":"luke","access_type":"user","access_level":"view","file_id":"1"}`:                             "409",
		`{"access_id":"luke","access_type":"user","access_level":"view","file_id":"999"}`:                           "404",
		`{"access_id":"luke","access_type":"user","access_level":"view"}`:                                           "404",
		`{"access_id":"luke","access_type":"robot","access_level":"view","file_id":"1"}`:                            "400",
		`{"access_id":"","access_type":"user","access_level":"view","file_id":"1"}`:                                 "400",
		`{"access_id":"x","access_type":"user","access_level":"all","file_id":"1"}`:                                 "400",
		`{"access_id":"x","access_type":"user","access_levels":["read","fly"],"file_id":"1"}`:                       "400",
		`{"access_id":"x","access_type":"user","access_levels":[],"file_id":"1"}`:                                   "400",
		`{"access_id":"x","access_type":"user","file_id":"1"}`:                                                      "400",
		`{"access_id":"x","access_type":"user","access_levels":{"read":true},"file_id":"1"}`:                        "400",
		`{"access_id":"` + strings.Repeat("ü", 256) + `","access_type":"user","access_level":"view","file_id":"1"}`: "400",
	} {
		if code, _ := a.call(t, "ak:s", "/permissions", nil, "-d", body); code != want {
			t.Errorf("%s: %s, want %s", body, code, want)
		}
	}
	if code, _ := a.call(t, asNodeUser, "/permissions", nil); code != "403" {
		t.Errorf("permissions of the node user: %s", code)
	}
	a.permit(t, "group", "crew", d, "list", "read", "preview")
	a.permit(t, "user", "leia", e, "list")
	a.permit(t, "user", "han", e, "write")
	list := func(query string) string {
		t.Helper()
		var found []struct {
			AccessID string `json:"access_id"`
		}
		code, headers := a.call(t, "ak:s", "/permissions?"+query, &found, "-g")
		var who []string
		for _, p := range found {
			who = append(who, p.AccessID)
		}
		_, total, _ := strings.Cut(headers, "X-Total-Count: ")
		total, _, _ = strings.Cut(total, "\r")
		return fmt.Sprintf("%s %s of %s", code, strings.Join(who, ","), total)
	}
	for query, want := range map[string]string{
		"":                                    "200 luke,crew,leia,han of 4",
		"file_id=" + e:                        "200 leia,han of 2",
		"file_id=" + e + "&inherited=false":   "200 leia,han of 2",
		"file_id=" + e + "&inherited=true":    "200 luke,crew,leia,han of 4",
		"file_id=" + d + "&inherited=true":    "200 luke,crew of 2",
		"access_type=group":                   "200 crew of 1",
		"access_type=user&access_id=leia":     "200 leia of 1",
		"access_levels[]=write":               "200 luke,han of 2",
		"per_page=3&page=1":                   "200 luke,crew,leia of 4",
		"per_page=3&page=2":                   "200 han of 4",
		"per_page=3&page=3":                   "200  of 4",
		"created_by_id=ak&per_page=1":         "200 luke of 4",
		"created_by_id=nobody":                "200  of 0",
		"include[]=access_level&file_id=" + e: "200 leia,han of 2",
	} {
		equal(t, query, list(query), want)
	}
	for query, want := range map[string]string{"file_id=999": "404", "page=0": "400", "per_page=x": "400",
		"inherited=maybe&file_id=1": "400", "access_levels[]=fly": "400"} {
		if got := list(query); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	var embedded struct{ Name, Path, Type string }
	a.call(t, "ak:s", "/permissions/"+a.permit(t, "user", "embed", e, "list")+"?embed[]=file", &embedded, "-g")
	if embedded.Name != "e" || embedded.Path != "/d/e" || embedded.Type != "folder" {
		t.Errorf("embedded file: %+v", embedded)
	}
	var changed struct {
		AccessLevel  string   `json:"access_level"`
		AccessLevels []string `json:"access_levels"`
	}
	if code, _ := a.call(t, "ak:s", "/permissions/"+id, &changed, "-X", "PUT", "-d",
		`{"access_levels":["read","list","preview"]}`); code != "200" || changed.AccessLevel != "view" {
		t.Errorf("change: %s %+v", code, changed)
	}
	code, headers, body := a.curl(t, "/permissions/"+id, "-u", "ak:s", "-X", "DELETE")
	if code != "200" || body != "" || !strings.Contains(headers, "Content-Length: 0") {
		t.Errorf("delete: %s %q", code, body)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if code, _, _ := a.curl(t, "/permissions/"+id, "-u", "ak:s", "-X", method); code != "404" {
			t.Errorf("%s of what is gone: %s", method, code)
		}
	}
	createKey(t, a.master(t), "other", "s", "/k")
	if code, _, _ := a.curl(t, "/permissions/"+a.permit(t, "user", "x", e, "list"), "-u", "other:s"); code != "404" {
		t.Errorf("a permission of another key: %s", code)
	}
	if code, _ := a.as(t, luke, "GET", "/files/1", ""); code != "403" {
		t.Errorf("after the permission is gone: %s", code)
	}
}

// node-51, the calls: each level permits its own, and no other. The transfers are in TestLevelsOfTransfers of cmd/hsts. In
// a bucket it is the same.
func TestEachLevelPermitsItsCalls(t *testing.T) {
	for name, made := range keysOfEachStorage {
		t.Run(name, func(t *testing.T) { eachLevelPermitsItsCalls(t, made(t)) })
	}
}

func eachLevelPermitsItsCalls(t *testing.T, a *api) {
	a.server.Transfers = &transfer.Server{} // Jobs are made here, and nobody works on them.
	allLevels := []string{"list", "read", "write", "delete", "mkdir", "rename", "preview"}
	calls := []struct{ level, method, path, body string }{
		{"read", "POST", "/ops/transfers", `{"direction":"send","remote_host":"node.example.com","token":"Basic eDp5",
			"source_root":"/d","paths":[{"source":"f"}]}`},
		{"write", "POST", "/ops/transfers", `{"direction":"receive","remote_host":"node.example.com","token":"Basic eDp5",
			"destination_root":"/d","paths":[{"source":"f"}]}`},
		{"list", "GET", "/files/{d}", ""},
		{"list", "GET", "/files/{d}/files", ""},
		{"list", "POST", "/files/browse", `{"path":"/d"}`},
		{"list", "POST", "/files/page", `{"path":"/d"}`},
		{"list", "POST", "/files/search", `{"path":"/d"}`},
		{"list", "POST", "/files/du", `{"path":"/d"}`},
		{"list", "POST", "/files/info", `{"paths":[{"path":"/d/f"}]}`},
		{"list", "POST", "/space", `{"paths":[{"path":"/d"}]}`},
		{"read", "GET", "/files/{f}/content", ""},
		{"read", "GET", "/files/%2Fd%2Ff/contents", ""},
		{"mkdir", "POST", "/files/{d}/files", `{"name":"new","type":"folder"}`},
		{"mkdir", "POST", "/files/create", `{"paths":[{"path":"/d/new2/x","type":"directory"}]}`},
		{"write", "POST", "/files/{d}/files", `{"name":"file","type":"file","contents":"eA=="}`},
		{"write", "POST", "/files/create", `{"paths":[{"path":"/d/file2","type":"file","contents":"eA=="}]}`},
		{"write", "POST", "/files/create", `{"paths":[{"path":"/d/link","type":"symbolic_link","target":{"path":"/d/f"}}]}`},
		{"rename", "PUT", "/files/{r}", `{"name":"r2"}`},
		{"rename", "POST", "/files/rename", `{"paths":[{"path":"/d","source":"r3","destination":"r4"}]}`},
		{"delete", "DELETE", "/files/{x}", ""},
		{"delete", "POST", "/files/delete", `{"paths":[{"path":"/d/x2"}]}`},
		{"none", "GET", "/permissions", ""},
		{"none", "POST", "/permissions", `{"access_id":"me","access_type":"user","access_level":"edit","file_id":"1"}`},
		{"none", "GET", "/permissions/{p}", ""},
		{"none", "PUT", "/permissions/{p}", `{"access_level":"edit"}`},
		{"none", "DELETE", "/permissions/{p}", ""},
		{"none", "GET", "/storages/packages", ""},
		{"none", "PUT", "/storages/packages", `{"storage":{"type":"aws_s3"}}`},
		{"none", "DELETE", "/storages/packages", ""},
		{"none", "GET", "/access_keys", ""},
		{"none", "POST", "/access_keys", `{"id":"mine","storage":{"type":"local","path":"/d"}}`},
		{"none", "GET", "/access_keys/self", ""},
		{"none", "GET", "/access_keys/ak", ""},
		{"none", "GET", "/self", ""},
		{"none", "PUT", "/access_keys/self", `{"secret":"mine"}`},
		{"none", "DELETE", "/access_keys/self", ""},
		{"none", "POST", "/files/upload_setup", `{"transfer_requests":[{"transfer_request":{"destination_root":"/d"}}]}`},
		{"none", "POST", "/files/download_setup", `{"transfer_requests":[{"transfer_request":{"source_root":"/d"}}]}`},
		{"none", "POST", "/ops/revocations", `{"tags":{"a":1}}`},
		{"all", "GET", "/", ""},
		{"all", "GET", "/info", ""},
		{"all", "GET", "/ops/transfers", ""},
		{"all", "GET", "/ops/transfers/bandwidth", ""},
		{"all", "GET", "/events", ""},
		{"others'", "GET", "/events/1", ""},
		{"none", "GET", "/usage", ""},
		{"none", "GET", "/usage/ak", ""},
		{"others'", "GET", "/ops/transfers/none", ""},
		{"others'", "PUT", "/ops/transfers/none", `{"status":"canceled"}`},
		{"others'", "CANCEL", "/ops/transfers/none", ""},
		{"others'", "DELETE", "/ops/transfers/none", ""},
		{"others'", "GET", "/ops/jobs/none", ""},
		{"others'", "DELETE", "/ops/jobs/none", ""},
	}
	if a.bucket != nil {
		calls = slices.DeleteFunc(calls, func(c struct{ level, method, path, body string }) bool {
			return strings.Contains(c.body, "symbolic_link") // There are none in a bucket.
		})
	}
	for _, pattern := range nodeapi.Patterns(a.server) {
		shape := regexp.MustCompile("^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(
			regexp.QuoteMeta(strings.ReplaceAll(pattern, "{$}", "")), "[^/]+") + "$")
		if !slices.ContainsFunc(calls, func(c struct{ level, method, path, body string }) bool {
			return shape.MatchString(c.method + " " + c.path)
		}) {
			t.Errorf("%s is in no line of the table", pattern)
		}
	}
	for _, granted := range allLevels {
		t.Run(granted, func(t *testing.T) {
			if err := os.RemoveAll(filepath.Join(a.dir, "k/d")); err != nil {
				t.Fatal(err)
			}
			if a.bucket != nil {
				if err := a.client(t, "ak", "s").Delete(t.Context(), "/d"); err != nil && !client.IsNotFound(err) {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"f", "r", "r3", "x", "x2"} {
				a.write(t, "k/d/"+name, "x")
			}
			user := "user of " + granted
			d := a.id(t, "1", "d")
			replace := strings.NewReplacer("{d}", d, "{f}", a.id(t, d, "f"), "{r}", a.id(t, d, "r"), "{x}", a.id(t, d, "x"),
				"{p}", a.permit(t, "user", user, d, granted))
			bearer := bearerOf(t, "user:all", user)
			for _, c := range calls {
				code, body := a.as(t, bearer, c.method, replace.Replace(c.path), c.body)
				want := "403"
				switch c.level {
				case granted, "all":
					want = "2"
				case "others'": // What is another's is not there.
					want = "404"
				}
				if !strings.HasPrefix(code, want) {
					t.Errorf("%s %s %s: %s %s, want %s", c.method, c.path, c.body, code, body, want)
				}
				if want == "403" && !strings.Contains(body, "not for users") && !strings.Contains(body, "bearer token") &&
					!strings.Contains(body, "node user") {
					t.Errorf("%s %s is refused with %s", c.method, c.path, body)
				}
			}
		})
	}
}

// node-52, node-53 and node-57: a permission reaches what is beneath and nothing beside, for its user or group alone.
func TestPermissionsReachNothingBeside(t *testing.T) {
	for name, made := range keysOfEachStorage {
		t.Run(name, func(t *testing.T) { permissionsReachNothingBeside(t, made(t)) })
	}
}

func permissionsReachNothingBeside(t *testing.T, a *api) {
	a.write(t, "k/team/project/f", "mine")
	a.write(t, "k/team/other/g", "theirs")
	a.write(t, "k/top", "theirs")
	a.write(t, "outside/h", "theirs")
	if a.bucket == nil { // A bucket has no links.
		if err := os.Symlink("../other", filepath.Join(a.dir, "k/team/project/link")); err != nil {
			t.Fatal(err)
		}
	}
	team := a.id(t, "1", "team")
	project, other := a.id(t, team, "project"), a.id(t, team, "other")
	a.permit(t, "user", "luke", project, "list", "read", "write", "delete", "mkdir", "rename", "preview")
	a.permit(t, "group", "crew", other, "list", "read")
	luke, crew, alone := bearerOf(t, "user:all", "luke"), bearerOf(t, "user:all", "lando", "crew", "x"),
		bearerOf(t, "user:all", "lando")
	for _, c := range []struct{ who, method, path, body, want string }{
		{luke, "GET", "/files/" + project + "/files", "", "200"},
		{luke, "POST", "/files/browse", `{"path":"/team/project"}`, "200"},
		{luke, "GET", "/files/%2Fteam%2Fproject%2Ff/contents", "", "200"},
		{luke, "GET", "/files/1/files", "", "403"},
		{luke, "GET", "/files/" + team, "", "403"},
		{luke, "GET", "/files/" + team + "/files", "", "403"},
		{luke, "GET", "/files/" + other, "", "403"},
		{luke, "GET", "/files/999999", "", "403"},
		{luke, "POST", "/files/browse", `{"path":"/"}`, "403"},
		{luke, "POST", "/files/browse", `{"path":"/team"}`, "403"},
		{luke, "POST", "/files/browse", `{"path":"/team/project/.."}`, "403"},
		{luke, "POST", "/files/browse", `{"path":"/team/project/link"}`, "200"},
		{luke, "POST", "/files/browse", `{"path":"/team/project/link/g"}`, "403"},
		{luke, "POST", "/files/info", `{"paths":[{"path":"/none"}]}`, "403"},
		{luke, "POST", "/files/info", `{"paths":[{"path":"/top"}]}`, "403"},
		{luke, "POST", "/files/search", `{"path":"/"}`, "403"},
		{luke, "POST", "/files/rename", `{"paths":[{"path":"/team","source":"project","destination":"p2"}]}`, "200"},
		{luke, "POST", "/files/rename", `{"paths":[{"path":"/team","source":"p2","destination":"project"}]}`, "200"},
		{luke, "POST", "/files/delete", `{"paths":[{"path":"/team/other/g"}]}`, "403"},
		{luke, "POST", "/files/create", `{"paths":[{"path":"/new","type":"directory"}]}`, "403"},
		{luke, "POST", "/files/create", `{"paths":[{"path":"/team/project/../new","type":"directory"}]}`, "403"},
		{crew, "GET", "/files/" + other + "/files", "", "200"},
		{crew, "GET", "/files/" + project + "/files", "", "403"},
		{alone, "GET", "/files/" + other + "/files", "", "403"},
		{bearerOf(t, "user:all", "crew"), "GET", "/files/" + other + "/files", "", "403"},
		{bearerOf(t, "admin:all", "anybody"), "GET", "/files/1/files", "", "200"},
	} {
		if a.bucket != nil && strings.Contains(c.body, "/link") {
			continue
		}
		code, body := a.as(t, c.who, c.method, c.path, c.body)
		if code != c.want || strings.Contains(body, "theirs") {
			t.Errorf("%s %s %s: %s %s, want %s", c.method, c.path, c.body, code, body, c.want)
		}
	}
	_, body := a.as(t, luke, "POST", "/files/browse", `{"path":"/team/project"}`)
	if strings.Contains(body, "other") {
		t.Errorf("a link shows what is not permitted: %s", body)
	}
	// Transfers of others are nobody's business.
	for _, who := range []struct{ kind, user string }{{"bearer", "luke"}, {"bearer", "leia"}, {"basic", "luke"},
		{"basic", "ak"}} {
		a.record(t, record.Transfer{
			TransferID: uuid.NewString(), SessionID: uuid.NewString(), Direction: "send", AccessKey: "ak",
			KeyCreatedUsec: a.keyMade(t), TokenUser: who.user, TokenKind: who.kind,
		})
	}
	var seen []client.Transfer
	_, body = a.as(t, luke, "GET", "/ops/transfers", "")
	if err := json.Unmarshal([]byte(body), &seen); err != nil || len(seen) != 1 ||
		seen[0].StartSpec.TokenType != "bearer" || seen[0].StartSpec.ServerTokenUserID != "luke" {
		t.Errorf("transfers that luke sees: %s", body)
	}
	all, err := a.store.Transfers(t.Context(), store.TransferFilter{Limit: 10})
	if err != nil || len(all) != 4 {
		t.Fatal(len(all), err)
	}
	for _, one := range all {
		want := "404"
		if one.TokenKind == "bearer" && one.TokenUser == "luke" {
			want = "200"
		}
		for _, call := range [][2]string{{"GET", ""}, {"PUT", `{"target_rate_kbps":1}`}} {
			if code, body := a.as(t, luke, call[0], "/ops/transfers/"+one.ID, call[1]); code != want {
				t.Errorf("%s of a transfer of %s %s: %s %s", call[0], one.TokenKind, one.TokenUser, code, body)
			}
		}
	}
}

// keyMade is when the key "ak" was made.
func (a *api) keyMade(t *testing.T) int64 {
	t.Helper()
	k, err := a.store.AccessKey(t.Context(), "ak")
	if err != nil {
		t.Fatal(err)
	}
	return k.CreatedUsec
}

// node-45: the root of every key is "1", in calls, tags and permissions.
func TestEveryRootIsOne(t *testing.T) {
	a := shared(t)
	a.write(t, "k/sub/f", "x")
	createKey(t, a.master(t), "all", "s", "/")
	createKey(t, a.client(t, "ak", "s"), "below", "s", "/sub")
	var top, mine []struct{ ID, Name string }
	a.call(t, "all:s", "/files/1/files", &top)
	i := slices.IndexFunc(top, func(e struct{ ID, Name string }) bool { return e.Name == "k" })
	a.call(t, "below:s", "/files/1/files", &mine)
	if i < 0 || len(mine) != 1 || mine[0].Name != "f" {
		t.Fatalf("roots list %v and %v", top, mine)
	}
	// The folder of "ak" has another id where it is no root, and permissions on either are one.
	code, _ := a.call(t, "ak:s", "/permissions", nil, "-d",
		`{"access_id":"luke","access_type":"user","access_level":"view","file_id":"`+top[i].ID+`"}`)
	if code != "200" {
		t.Fatalf("permission by the other id: %s", code)
	}
	if code, _ := a.call(t, "ak:s", "/permissions", nil, "-d",
		`{"access_id":"luke","access_type":"user","access_level":"view","file_id":"1"}`); code != "409" {
		t.Errorf("permission by 1: %s", code)
	}
	if code, _ := a.as(t, bearerOf(t, "user:all", "luke"), "GET", "/files/1/files", ""); code != "200" {
		t.Errorf("the root of the key by 1: %s", code)
	}
	// Ids are the same for all keys, and lead nowhere outside of a key's folder.
	if f := a.id(t, a.id(t, "1", "sub"), "f"); f != mine[0].ID {
		t.Errorf("a file has ids %s and %s", f, mine[0].ID)
	}
	if code, _, _ := a.curl(t, "/files/"+top[i].ID, "-u", "below:s"); code != "404" {
		t.Errorf("the folder above a key's: %s", code)
	}
}
