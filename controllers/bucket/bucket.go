// Package bucket is what StorageLocations and AccessKeys have in common: a bucket, and a Secret with what opens it.
package bucket

import (
	"context"
	"path"
	"strings"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// Keys of the Secret with the credentials of a bucket.
const (
	keyID   = "access_key_id"
	secret  = "secret_access_key"
	session = "session_token"
)

// Storage is a bucket as the node takes it. field is where it is in the spec.
func Storage(ctx context.Context, reader *secrets.Store, namespace, field string,
	b *v1alpha1.BucketStorage) (*nodeclient.Storage, phase.Outcome) {
	data, err := reader.Read(ctx, namespace, b.CredentialsSecretRef.Name, field+".credentialsSecretRef", keyID, secret)
	if err != nil {
		return nil, secrets.Outcome(err)
	}
	return &nodeclient.Storage{
		Type: "aws_s3", Path: Path(b), Endpoint: b.Endpoint, Region: b.Region, Bucket: b.Bucket,
		StorageClass:         b.StorageClass,
		ServerSideEncryption: string(b.ServerSideEncryption), KMSKeyID: b.KMSKeyID, PathStyle: b.PathStyle,
		Credentials: &nodeclient.StorageCredentials{
			AccessKeyID: string(data[keyID]), SecretAccessKey: string(data[secret]), SessionToken: string(data[session]),
		},
	}, phase.Done(v1alpha1.ReasonSucceeded, "")
}

// Path is the folder in the bucket, as the node tells it.
func Path(b *v1alpha1.BucketStorage) string { return path.Clean("/" + b.Path) }

// Named has the message of an outcome name the fields of the spec where the node names its own. field is where the
// bucket is in the spec.
func Named(outcome phase.Outcome, field string) phase.Outcome {
	outcome.Message = strings.NewReplacer(
		"storage.credentials.access_key_id", field+".credentialsSecretRef",
		"storage.credentials.secret_access_key", field+".credentialsSecretRef",
		"storage.credentials", field+".credentialsSecretRef",
		"storage.bucket", field+".bucket",
		"storage.region", field+".region",
		"storage.endpoint", field+".endpoint",
		"storage.path", field+".path",
		"storage.storage_class", field+".storageClass",
		"storage.server_side_encryption_aws_kms_key_id", field+".kmsKeyID",
		"storage.server_side_encryption", field+".serverSideEncryption",
	).Replace(outcome.Message)
	return outcome
}
