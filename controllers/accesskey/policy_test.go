package accesskey

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

func TestViolation(t *testing.T) {
	want := wanted{
		id: "ak1", secret: "s", path: "/default/demo", verificationKey: "PEM\n",
		transfer: transferConfiguration{TargetRateKbps: 10, Cipher: "aes-128"},
	}
	for _, test := range []struct {
		name string
		edit func(*seen)
		want string
	}{
		{"right", func(*seen) {}, ""},
		{"secret", func(s *seen) { s.secretWorks = false }, "the node does not take the secret"},
		{"storage", func(s *seen) { s.key.Storage.Path = "/other" }, "the storage is another"},
		{"no storage", func(s *seen) { s.key.Storage = nil }, "the storage is another"},
		{"verification key", func(s *seen) { s.key.TokenVerificationKey = "" }, "the token verification key is another"},
		{"line end", func(s *seen) { s.key.TokenVerificationKey = "PEM" }, ""},
		{"no limits", func(s *seen) { s.key.Configuration = nil }, "the transfer limits are others"},
		{"other limits", func(s *seen) { s.key.Configuration = json.RawMessage(`{"transfer":{"target_rate_kbps":11}}`) },
			"the transfer limits are others"},
		{"more of the configuration", func(s *seen) {
			s.key.Configuration = json.RawMessage(`{"transfer":{"cipher":"aes-128","target_rate_kbps":10,"preserve_timestamps":true},"server":{}}`)
		}, ""},
		{"unreadable", func(s *seen) { s.key.Configuration = json.RawMessage(`[]`) }, "the configuration cannot be read"},
		{"the first of several", func(s *seen) { s.secretWorks = false; s.key.Storage = nil },
			"the node does not take the secret"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := seen{secretWorks: true, key: &nodeclient.AccessKey{
				ID: "ak1", Storage: &nodeclient.Storage{Type: "local", Path: "/default/demo"}, TokenVerificationKey: "PEM\n",
				Configuration: json.RawMessage(`{"transfer":{"target_rate_kbps":10,"cipher":"aes-128"}}`),
			}}
			test.edit(&s)
			if got := violation(want, s); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Credentials of a bucket that are others than the node was given are given to it; what tells them apart tells
// nothing of them.
func TestBucketCredentials(t *testing.T) {
	bucket := func(secret string) *nodeclient.Storage {
		return &nodeclient.Storage{Type: "aws_s3", Bucket: "b", Path: "/in",
			Credentials: &nodeclient.StorageCredentials{AccessKeyID: "id", SecretAccessKey: secret}}
	}
	want := wanted{secret: "s", path: "/in", bucket: bucket("one")}
	given := digestOf(bucket("one"), "s")
	if strings.Contains(given, "one") || given == digestOf(bucket("one"), "other") || given == digestOf(bucket("two"), "s") {
		t.Errorf("the digest is %s", given)
	}
	for _, test := range []struct {
		name string
		edit func(*wanted, *seen)
		want string
	}{
		{"right", func(*wanted, *seen) {}, ""},
		{"renewed", func(w *wanted, _ *seen) { w.bucket = bucket("two") }, "the credentials of the bucket are others"},
		{"not told", func(_ *wanted, s *seen) { s.credentials = "" }, "the credentials of the bucket are others"},
		{"bucket", func(_ *wanted, s *seen) { s.key.Storage.Bucket = "c" }, "the storage is another"},
		{"folder", func(_ *wanted, s *seen) { s.key.Storage.Path = "/" }, "the storage is another"},
		{"local", func(_ *wanted, s *seen) { s.key.Storage.Type = "local" }, "the storage is another"},
		{"no bucket", func(w *wanted, _ *seen) { w.bucket = nil }, "the storage is another"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, s := want, seen{secretWorks: true, credentials: given, key: &nodeclient.AccessKey{Storage: bucket("")}}
			test.edit(&w, &s)
			if got := violation(w, s); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	if got := limits(nil); got != (transferConfiguration{}) {
		t.Errorf("without limits: %+v", got)
	}
	got := limits(&v1alpha1.AccessKeyTransfer{
		TargetRateKbps: 1, TargetRateCapKbps: 2, Policy: v1alpha1.TransferPolicyLow, Cipher: v1alpha1.CipherAES192GCM,
	})
	if want := (transferConfiguration{TargetRateKbps: 1, TargetRateCapKbps: 2, Policy: "low",
		Cipher: "aes-192"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestJudgeStorage(t *testing.T) {
	node := &v1alpha1.TransferNode{
		ObjectMeta: metav1.ObjectMeta{Name: "demo"},
		Spec:       v1alpha1.TransferNodeSpec{Storage: []v1alpha1.StorageMount{{Name: "default"}}},
	}
	location := func(on string, ready bool) *v1alpha1.StorageLocation {
		l := &v1alpha1.StorageLocation{Spec: v1alpha1.StorageLocationSpec{
			TransferNodeRef: v1alpha1.ObjectReference{Name: on}, Local: &v1alpha1.LocalStorage{Path: "/default/packages"},
		}}
		if ready {
			meta.SetStatusCondition(&l.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionPathReady,
				Status: metav1.ConditionTrue})
		}
		return l
	}
	byRef := v1alpha1.AccessKeyStorage{StorageLocationRef: &v1alpha1.ObjectReference{Name: "packages"}}
	for _, test := range []struct {
		name     string
		storage  v1alpha1.AccessKeyStorage
		location *v1alpha1.StorageLocation
		path     string
		reason   string
		invalid  bool
	}{
		{"inline", v1alpha1.AccessKeyStorage{Local: &v1alpha1.LocalStorage{Path: "/default/a/b"}}, nil, "/default/a/b",
			v1alpha1.ReasonSucceeded, false},
		{"inline, no such storage", v1alpha1.AccessKeyStorage{Local: &v1alpha1.LocalStorage{Path: "/fast"}}, nil, "",
			v1alpha1.ReasonInvalidSpec, true},
		{"neither", v1alpha1.AccessKeyStorage{}, nil, "", v1alpha1.ReasonInvalidSpec, true},
		{"no location", byRef, nil, "", v1alpha1.ReasonStorageLocationNotFound, false},
		{"of another node", byRef, location("other", true), "", v1alpha1.ReasonInvalidSpec, true},
		{"not ready", byRef, location("demo", false), "", v1alpha1.ReasonStorageLocationNotReady, false},
		{"ready", byRef, location("demo", true), "/default/packages", v1alpha1.ReasonSucceeded, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			key := &v1alpha1.AccessKey{Spec: v1alpha1.AccessKeySpec{TransferNodeRef: v1alpha1.ObjectReference{Name: "demo"},
				Storage: test.storage}}
			path, outcome := judgeStorage(&observed{key: key, node: node, location: test.location})
			if path != test.path || outcome.Reason != test.reason || outcome.IsInvalid() != test.invalid {
				t.Errorf("got %q, %+v", path, outcome)
			}
		})
	}
}
