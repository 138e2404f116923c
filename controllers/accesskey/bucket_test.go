package accesskey_test

import (
	"crypto/x509"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/test/s3d"
)

// put puts a file into the server's bucket.
func put(t *testing.T, s *s3d.Server, p string) {
	t.Helper()
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(s.CA)
	bucket, err := objectstore.Open(objectstore.Settings{Endpoint: s.Endpoint, Bucket: s.Bucket, Region: "us-east-1"},
		func() (objectstore.Credentials, error) {
			return objectstore.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}, authorities, objectstore.NewMemory(objectstore.DefaultMemory, 0))
	if err != nil {
		t.Fatal(err)
	}
	tree := bucket.Tree(t.Context(), "/", "", nil)
	if err := tree.MkdirAll(path.Dir(p), 0); err != nil {
		t.Fatal(err)
	}
	if err := tree.Create(p, []byte("content"), 0); err != nil {
		t.Fatal(err)
	}
}

// A key has a bucket whose credentials come from a Secret. Others in the Secret are given to the node at once, ones that
// are refused, or a bucket that is not there, are named in the condition, and nothing in the bucket is ever deleted.
func TestKeyOfABucket(t *testing.T) {
	field := controllertest.NewReady(t)
	s := s3d.Start(t)
	field.NodeAPI.Trust(t, s.CA)
	takes := func(id string) {
		s.Before(func(w http.ResponseWriter, r *http.Request) bool {
			return strings.Contains(r.Header.Get("Authorization"), "Credential="+id+"/") || s3d.Refuse(w, r)
		})
	}
	takes("first")
	key := field.AccessKey("demo")
	key.Spec.Storage = v1alpha1.AccessKeyStorage{S3: &v1alpha1.BucketStorage{
		Endpoint: s.Endpoint, Region: "us-east-1", Bucket: s.Bucket, Path: "/team/",
		CredentialsSecretRef: v1alpha1.ObjectReference{Name: "bucket"},
	}}
	field.Create(t, key)
	condition := field.WaitCondition(t, key, "demo", v1alpha1.ConditionKeyCreated, isFalse,
		v1alpha1.ReasonSecretNotFound)
	if !strings.Contains(condition.Message, "spec.storage.s3.credentialsSecretRef") {
		t.Errorf("the message does not name the field: %s", condition.Message)
	}
	credentials := func(id string) map[string][]byte {
		return map[string][]byte{"access_key_id": []byte(id), "secret_access_key": []byte("S3CRET-of-" + id)}
	}
	secret := field.GivenSecret("bucket", credentials("first"))
	field.Create(t, secret)
	field.WaitReady(t, key, "demo")
	if !opens(t, field) {
		t.Error("the node does not take the credentials of the key")
	}
	given := key.Status.BucketCredentials
	field.WantNoWrites(t, key, "demo", field.NodeAPI.Calls)

	takes("second")
	field.Change(t, secret, "bucket", func() { secret.Data = credentials("second") })
	field.Eventually(t, "the node has the other credentials", func() bool {
		field.Get(t, key, "demo")
		return key.Status.BucketCredentials != given
	})
	field.WaitReady(t, key, "demo")
	field.Change(t, secret, "bucket", func() { secret.Data = credentials("third") })
	condition = field.WaitCondition(t, key, "demo", v1alpha1.ConditionKeyCreated, isFalse, v1alpha1.ReasonNodeRefused)
	if !strings.Contains(condition.Message, "spec.storage.s3.credentialsSecretRef") || strings.Contains(condition.Message, "S3CRET") ||
		strings.Contains(condition.Message, "third") {
		t.Errorf("the message is %s", condition.Message)
	}
	takes("third")
	field.WaitReady(t, key, "demo")

	s.Before(nil)
	other := field.AccessKey("other")
	other.Spec.Storage = *key.Spec.Storage.DeepCopy()
	other.Spec.Storage.S3.Bucket = "no-such-bucket"
	field.Create(t, other)
	condition = field.WaitCondition(t, other, "other", v1alpha1.ConditionKeyCreated, isFalse,
		v1alpha1.ReasonNodeRefused)
	if !strings.Contains(condition.Message, "s3://no-such-bucket/team does not exist") {
		t.Errorf("the message is %s", condition.Message)
	}
	put(t, s, "/team/kept")
	field.Delete(t, key)
	field.WaitGone(t, &v1alpha1.AccessKey{}, "demo")
	if objects := s.Objects(t, ""); !slices.Contains(objects, "team/kept") {
		t.Errorf("the bucket has %q", objects)
	}
}
