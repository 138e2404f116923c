package nodeapi_test

import (
	"encoding/json"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
)

// A node user transfers as its transfer user if the node has one of that name, and is told so by each call that tells.
func TestUserIsToldItsTransferUser(t *testing.T) {
	a := start(t)
	a.server.Transfer.Users = []string{"xfer", "rebels"}
	node := a.server.Handler()
	for user, want := range map[string]string{"luke": "rebels", "greedo": "xfer", nodeUser: "xfer"} {
		password := nodePass
		if user != nodeUser {
			password = "pw"
			u := store.NodeUser{Name: user, TransferUser: map[string]string{"luke": "rebels", "greedo": "hunters"}[user],
				Docroot: "/" + user}
			if err := a.store.CreateNodeUser(t.Context(), u, password); err != nil {
				t.Fatal(err)
			}
		}
		var info client.Info
		w := served(node, user, password, "GET", "/info", "")
		if err := json.Unmarshal(w.Body.Bytes(), &info); err != nil || info.TransferUser != want {
			t.Errorf("info of %s: %q, %v, want %s", user, info.TransferUser, err, want)
		}
		var specs client.TransferSpecs
		w = served(node, user, password, "POST", "/files/upload_setup", `{"transfer_requests":[{"transfer_request":{}}]}`)
		if err := json.Unmarshal(w.Body.Bytes(), &specs); err != nil || specs.TransferSpecs[0].TransferSpec == nil ||
			specs.TransferSpecs[0].TransferSpec.RemoteUser != want {
			t.Errorf("setup of %s: %s, %v, want %s", user, w.Body, err, want)
		}
	}
}
