package v1alpha1_test

import (
	"strings"
	"testing"
)

func TestAccessKeyAdmission(t *testing.T) {
	const good = "transferNodeRef: {name: edge}\nstorage: {local: {path: /default}}\n"
	checkAdmission(t, "AccessKey", []admission{
		{name: "smallest", spec: good},
		{name: "everything", spec: `
transferNodeRef: {name: edge}
storage: {storageLocationRef: {name: inbox}}
transfer: {targetRateKbps: 1000, targetRateCapKbps: 2000, policy: high, cipher: aes-192-gcm}
tokenVerificationKey: {secretRef: {name: key, key: public.pem}}
secretName: my-key
rotation: {every: 720h, overlap: 48h}
suspend: true`},
		{name: "rotation by the annotation alone", spec: good + "rotation: {overlap: 1m}"},
		{name: "rotation within the overlap", spec: good + "rotation: {every: 24h}", refusal: "every must exceed overlap"},
		{name: "rotation all the time", spec: good + "rotation: {every: 30m, overlap: 1m}", refusal: "at least 1h"},
		{name: "overlap for ever", spec: good + "rotation: {overlap: 721h}", refusal: "overlap must be between"},
		{name: "rotation of nothing", spec: good + "rotation: {}", refusal: "spec.rotation"},
		{name: "longest name", objectName: strings.Repeat("a", 63), spec: good},
		{name: "name that is no label", objectName: strings.Repeat("a", 64), spec: good, refusal: "at most 63 characters"},
		{name: "inline key", spec: good +
			"tokenVerificationKey: {inline: \"-----BEGIN PUBLIC KEY-----\\nMA==\\n-----END PUBLIC KEY-----\"}"},
		{name: "no node", spec: "storage: {local: {path: /default}}", refusal: "spec.transferNodeRef"},
		{name: "no storage", spec: "transferNodeRef: {name: edge}", refusal: "spec.storage"},
		{name: "storage of no kind", spec: "transferNodeRef: {name: edge}\nstorage: {}",
			refusal: "exactly one of storageLocationRef, local and s3"},
		{
			name:    "storage of two kinds",
			spec:    "transferNodeRef: {name: edge}\nstorage: {local: {path: /a}, storageLocationRef: {name: b}}",
			refusal: "exactly one of storageLocationRef, local and s3",
		},
		{name: "climbs", spec: "transferNodeRef: {name: edge}\nstorage: {local: {path: /a/../../b}}",
			refusal: "path must be absolute"},
		{
			name: "target above cap", spec: good + "transfer: {targetRateKbps: 2, targetRateCapKbps: 1}",
			refusal: "targetRateKbps must not exceed targetRateCapKbps",
		},
		// What no cluster can ever have.
		{name: "node that will never be", spec: "transferNodeRef: {name: Edge}\nstorage: {local: {path: /default}}",
			refusal: "spec.transferNodeRef.name"},
		{name: "location that will never be", refusal: "spec.storage.storageLocationRef.name",
			spec: "transferNodeRef: {name: edge}\nstorage: {storageLocationRef: {name: 'a b'}}"},
		{name: "storage that will never be", spec: "transferNodeRef: {name: edge}\nstorage: {local: {path: /A}}",
			refusal: "must begin with the name of an entry of the TransferNode's storage"},
		{name: "control characters", refusal: "control characters",
			spec: "transferNodeRef: {name: edge}\nstorage: {local: {path: \"/default/a\\nb\"}}"},
		{name: "control characters in a bucket's path", refusal: "control characters",
			spec: "transferNodeRef: {name: edge}\n" +
				"storage: {s3: {bucket: abc, path: \"/a\\nb\", credentialsSecretRef: {name: s}}}"},
		{name: "cipher", spec: good + "transfer: {cipher: none}", refusal: "spec.transfer.cipher"},
		{name: "key of no kind", spec: good + "tokenVerificationKey: {}", refusal: "exactly one of inline and secretRef"},
		{name: "private key", spec: good + "tokenVerificationKey: {inline: '-----BEGIN PRIVATE KEY-----'}",
			refusal: "must be a public key in PEM"},
		{name: "name of the Secret", spec: good + "secretName: My_Key", refusal: "spec.secretName"},
	})
	checkChanges(t, "AccessKey", []change{
		{name: "another limit", before: good, after: good + "transfer: {targetRateKbps: 5}"},
		{name: "another node", before: good, after: "transferNodeRef: {name: other}\nstorage: {local: {path: /default}}",
			refusal: "transferNodeRef cannot change"},
		{name: "another root", before: good, after: "transferNodeRef: {name: edge}\nstorage: {local: {path: /other}}",
			refusal: "storage cannot change"},
	})
}
