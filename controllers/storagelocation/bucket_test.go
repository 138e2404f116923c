package storagelocation_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/test/s3d"
)

// bucketLocation is a StorageLocation in the server's bucket, with the default inbox.
func bucketLocation(field *controllertest.Field, s *s3d.Server, name string) *v1alpha1.StorageLocation {
	location, yes := field.StorageLocation(name), true
	location.Spec.Type, location.Spec.Local = v1alpha1.StorageLocationS3, nil
	location.Spec.DefaultInbox = &yes
	location.Spec.S3 = &v1alpha1.BucketStorage{Endpoint: s.Endpoint, Region: "us-east-1", Bucket: s.Bucket, Path: "/team/",
		CredentialsSecretRef: v1alpha1.ObjectReference{Name: "bucket"}}
	return location
}

// A location in a bucket becomes Ready and is a folder of the node. Its condition names the field that is wrong, and
// never what is in the Secret; when it goes, all that is in the bucket stays.
func TestLocationInABucket(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	s := s3d.Start(t)
	field.NodeAPI.Trust(t, s.CA)
	takes := func(id string) {
		s.Before(func(w http.ResponseWriter, r *http.Request) bool {
			return strings.Contains(r.Header.Get("Authorization"), "Credential="+id+"/") || s3d.Refuse(w, r)
		})
	}
	takes("first")
	location := bucketLocation(field, s, "packages")
	field.Create(t, location)
	names := func(reason, want string) {
		t.Helper()
		condition := field.WaitCondition(t, location, "packages", v1alpha1.ConditionPathReady, isFalse, reason)
		if !strings.Contains(condition.Message, want) || strings.Contains(condition.Message, "S3CRET") {
			t.Errorf("the message does not name %s: %s", want, condition.Message)
		}
	}
	names(v1alpha1.ReasonSecretNotFound, "spec.s3.credentialsSecretRef")
	credentials := func(id string) map[string][]byte {
		return map[string][]byte{"access_key_id": []byte(id), "secret_access_key": []byte("S3CRET-of-" + id)}
	}
	secret := field.GivenSecret("bucket", credentials("first"))
	field.Create(t, secret)
	field.WaitReady(t, location, "packages")
	found := folder(t, field)
	if found.Directory != "/packages" || !found.DefaultInbox || location.Status.FreeBytes != nil {
		t.Errorf("Faspex knows %+v, free are %v", found, location.Status.FreeBytes)
	}
	field.WantNoWrites(t, location, "packages", field.NodeAPI.Calls)

	node := asNodeUser(t, field)
	if err := node.CreateDirectory(t.Context(), "/packages/kept"); err != nil {
		t.Fatal(err)
	}
	key := field.AccessKey("user")
	key.Spec.Storage = v1alpha1.AccessKeyStorage{StorageLocationRef: &v1alpha1.ObjectReference{Name: "packages"}}
	field.Create(t, key)
	field.WaitReady(t, key, "user")
	field.WantNoWrites(t, key, "user", field.NodeAPI.Calls)
	onNode, err := node.AccessKey(t.Context(), key.Status.ID)
	if err != nil || onNode.Storage.Bucket != s.Bucket || onNode.Storage.Path != "/team" {
		t.Errorf("the key has %+v, %v", onNode.Storage, err)
	}

	// Other credentials are used at once. Ones that are refused are told of, as is a bucket that is not there, or one of
	// another region.
	takes("second")
	field.Change(t, secret, "bucket", func() { secret.Data = credentials("second") })
	field.WaitReady(t, location, "packages")
	field.Change(t, secret, "bucket", func() { secret.Data = credentials("third") })
	names(v1alpha1.ReasonNodeRefused, "spec.s3.credentialsSecretRef")
	s.Before(nil)
	field.WaitReady(t, location, "packages")
	field.Change(t, location, "packages", func() { location.Spec.S3.Bucket = "no-such-bucket" })
	names(v1alpha1.ReasonNodeRefused, "spec.s3.bucket")
	s.Before(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusBadRequest)
		_, err := w.Write([]byte(`<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>`))
		return err != nil
	})
	field.Change(t, location, "packages", func() { location.Spec.S3.Bucket = s.Bucket })
	names(v1alpha1.ReasonNodeRefused, "spec.s3.region")
	s.Before(nil)
	field.WaitReady(t, location, "packages")

	field.Delete(t, location)
	field.WaitCondition(t, location, "packages", v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonDependents)
	field.Delete(t, key)
	field.WaitGone(t, location, "packages")
	if objects := s.Objects(t, ""); !slices.Equal(objects, []string{"team/kept/"}) {
		t.Errorf("the bucket has %q", objects)
	}
	if _, err := node.Browse(t.Context(), client.BrowseRequest{Path: "/packages"}); !client.IsNotFound(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	if folders, err := field.Faspex.SharedFolders(t.Context(), location.Status.NodeID); err != nil || len(folders) != 0 {
		t.Errorf("Faspex still knows %v (%v)", folders, err)
	}

	clash := bucketLocation(field, s, "default")
	field.Create(t, clash)
	condition := field.WaitCondition(t, clash, "default", v1alpha1.ConditionStalled, isTrue, v1alpha1.ReasonInvalidSpec)
	if !strings.Contains(condition.Message, "metadata.name") {
		t.Errorf("the message is %s", condition.Message)
	}
}

// asNodeUser connects to the node as the operator does.
func asNodeUser(t *testing.T, field *controllertest.Field) nodeapi.API {
	t.Helper()
	node := &v1alpha1.TransferNode{}
	field.Get(t, node, controllertest.Node)
	api, err := field.Nodes.AsNodeUser(t.Context(), node)
	if err != nil {
		t.Fatal(err)
	}
	return api
}
