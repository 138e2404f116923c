package nodeapi_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
)

// What a user's restrictions don't permit is neither made nor taken as a name, by whichever call.
func TestRestrictedUserMakesNothingBeside(t *testing.T) {
	a := start(t)
	u := store.NodeUser{Name: "admin", TransferUser: "t", Restrictions: []string{"file:////data/team"}}
	if err := a.store.CreateNodeUser(t.Context(), u, "pw"); err != nil {
		t.Fatal(err)
	}
	a.write(t, "data/team/f", "x")
	admin := a.client(t, "admin", "pw")
	createKey(t, admin, "mine", "s", "/data/team/k")
	err := admin.UpdateAccessKey(t.Context(), "mine", client.AccessKeyUpdate{
		Storage: &client.Storage{Type: "local", Path: "/data/other/k"},
	})
	status(t, err, 403)
	for call, item := range map[string]string{
		"rename": `{"path":"/data","source":"team","destination":"other"}`,
		"create": `{"path":"/data/other","type":"directory"}`,
		"delete": `{"path":"/data"}`,
	} {
		code, _, body := a.curl(t, "/files/"+call, "-u", "admin:pw", "-d", `{"paths":[`+item+`]}`)
		if e := pathErrors(t, body)[0]; code != "200" || e.Code != 403 || !strings.Contains(e.UserMessage, "restrictions") {
			t.Errorf("%s: %s %s", call, code, body)
		}
	}
	entries, err := os.ReadDir(filepath.Join(a.dir, "data"))
	if err != nil || len(entries) != 1 || entries[0].Name() != "team" {
		t.Errorf("what is there: %s, %v", fmt.Sprint(entries), err)
	}
}
