package browser_test

import (
	"testing"
)

// page-89, page-94, page-95: every route of the Admin application in every state.
var _ = journey("admin routes", func(t *testing.T, w *world) {
	root, bob := w.anAdmin(t, "Ada", "Root"), w.person(t, "Bob", hostile[:20])
	w.sent(t, bob, hostile, root)
	nodes, err := w.in.Admin.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	node := "/admin/nodes-storage/" + nodes[0].ID
	folders, err := w.in.Admin.SharedFolders(t.Context(), nodes[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	w.inEveryState(t, root, []route{
		{"/admin/users", "Users"},
		{"/admin/users?role=manager", "Users"},
		{"/admin/users/new", "Add user"},
		{"/admin/users/" + w.accountOf(t, bob.login).ID, bob.name},
		{"/admin/packages", "Packages"},
		{"/admin/nodes-storage", "Nodes and storage"},
		{"/admin/nodes-storage/new", "Add node"},
		{node + "/profile", nodes[0].Name},
		{node + "/storage", nodes[0].Name},
		{node + "/storage/new", "Create storage location"},
		{node + "/storage/" + folders[0].ID + "/profile", folders[0].Name},
		{"/admin/api-clients", "API clients"},
		{"/admin/api-clients/new", "Register API client"},
		{"/admin/configuration", "Configuration"},
		{"/admin/health", "Health"},
	})
})
