package v1alpha1_test

import "testing"

func TestStorageLocationAdmission(t *testing.T) {
	const good = "transferNodeRef: {name: edge}\ntype: local\nlocal: {path: /default/packages}\n"
	local := func(path string) string {
		return "transferNodeRef: {name: edge}\ntype: local\nlocal: {path: '" + path + "'}"
	}
	checkAdmission(t, "StorageLocation", []admission{
		{name: "smallest", spec: good},
		{name: "everything", spec: good + "defaultInbox: true\nreadPermission: limited\nenableLinking: true\nsuspend: false"},
		{name: "spaces and letters", spec: local("/default/Große Dateien")},
		{name: "no node", spec: "type: local\nlocal: {path: /a}", refusal: "spec.transferNodeRef"},
		{name: "no type", spec: "transferNodeRef: {name: edge}\nlocal: {path: /a}", refusal: "spec.type"},
		{name: "unknown type", spec: "transferNodeRef: {name: edge}\ntype: tape", refusal: "spec.type"},
		{name: "local without local", spec: "transferNodeRef: {name: edge}\ntype: local",
			refusal: "local is required when type is local"},
		{name: "relative", spec: local("a/b"), refusal: "path must be absolute"},
		{name: "climbs", spec: local("/a/.."), refusal: "path must be absolute"},
		{name: "trailing slash", spec: local("/a/"), refusal: "path must be absolute"},
		{name: "empty element", spec: local("/a//b"), refusal: "path must be absolute"},
		// What no cluster can ever have.
		{name: "node that will never be", spec: "transferNodeRef: {name: a.b}\ntype: local\nlocal: {path: /a}",
			refusal: "no TransferNode can have this name"},
		{name: "storage that will never be", spec: local("/My Files/a"),
			refusal: "must begin with the name of an entry of the TransferNode's storage"},
		{name: "control characters", refusal: "control characters",
			spec: "transferNodeRef: {name: edge}\ntype: local\nlocal: {path: \"/default/a\\nb\"}"},
		{name: "permission", spec: good + "readPermission: everyone", refusal: "spec.readPermission"},
	})
	checkChanges(t, "StorageLocation", []change{
		{name: "becomes the default", before: good, after: good + "defaultInbox: true"},
		{
			name: "another node", before: good,
			after:   "transferNodeRef: {name: other}\ntype: local\nlocal: {path: /default/packages}",
			refusal: "transferNodeRef cannot change",
		},
	})
}
