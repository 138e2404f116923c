package v1alpha1_test

import "testing"

func TestStorageLocationAdmission(t *testing.T) {
	const good = "transferNodeRef: {name: edge}\ntype: local\nlocal: {path: /default/packages}\n"
	local := func(path string) string {
		return "transferNodeRef: {name: edge}\ntype: local\nlocal: {path: '" + path + "'}"
	}
	const s3 = "transferNodeRef: {name: edge}\ntype: s3\n"
	const bucket = "s3: {bucket: packages, credentialsSecretRef: {name: bucket}}\n"
	checkAdmission(t, "StorageLocation", []admission{
		{name: "bucket", spec: s3 + bucket},
		{name: "bucket with everything", spec: s3 + "defaultInbox: true\n" +
			"s3: {endpoint: \"https://minio.example.com:9000\", region: eu-central-1, bucket: packages, path: /faspex, " +
			"storageClass: STANDARD_IA, serverSideEncryption: \"aws:kms\", kmsKeyID: k, pathStyle: true, " +
			"credentialsSecretRef: {name: bucket}}"},
		{name: "s3 without s3", spec: s3, refusal: "s3 is required when type is s3"},
		{name: "s3 with local", spec: s3 + bucket + "local: {path: /default}", refusal: "local is required when type is local"},
		{name: "local with s3", spec: good + bucket, refusal: "s3 is required when type is s3"},
		{name: "bucket of no name", spec: s3 + "s3: {bucket: A, credentialsSecretRef: {name: bucket}}",
			refusal: "spec.s3.bucket"},
		{name: "bucket without credentials", spec: s3 + "s3: {bucket: packages}", refusal: "spec.s3.credentialsSecretRef"},
		{name: "key without encryption", refusal: "kmsKeyID needs serverSideEncryption aws:kms",
			spec: s3 + "s3: {bucket: packages, kmsKeyID: k, credentialsSecretRef: {name: bucket}}"},
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
		{name: "another type", before: good, after: s3 + bucket, refusal: "type cannot change"},
		{name: "another bucket", before: s3 + bucket,
			after: s3 + "s3: {bucket: other, credentialsSecretRef: {name: bucket}}"},
		{name: "becomes the default", before: good, after: good + "defaultInbox: true"},
		{
			name: "another node", before: good,
			after:   "transferNodeRef: {name: other}\ntype: local\nlocal: {path: /default/packages}",
			refusal: "transferNodeRef cannot change",
		},
	})
}
