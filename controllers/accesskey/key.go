package accesskey

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/bucket"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/rotation"
	"faspex.io/operator/controllers/secrets"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// Keys of the Secret.
const (
	secretID     = "id"
	secretSecret = "secret"
)

// keyCreated writes id and secret into the Secret first and then sees to it that the node knows them: whatever crash
// comes in between, the next run finds the id and finishes.
func (r *reconciler) keyCreated(ctx context.Context, o *observed) phase.Outcome {
	verificationKey, outcome := r.verificationKey(ctx, o.key)
	if !outcome.IsDone() {
		return outcome
	}
	storage, outcome := r.bucketStorage(ctx, o.key)
	if !outcome.IsDone() {
		return outcome
	}
	schedule, wrongAnnotation := rotation.Of(o.key.Spec.Rotation, o.key.Annotations)
	former, err := r.formerOr(ctx, o.key, generate)
	if err != nil {
		return apply.Outcome(err)
	}
	data, err := r.secrets.Ensure(ctx, o.key, secrets.Wanted{
		Name: SecretName(o.key), Namespace: o.key.Namespace, Labels: Labels(o.key),
		Keys: []string{secretID, secretSecret}, Generate: former, Turn: plan(o.key, schedule, r.Now()),
	})
	if err != nil {
		return apply.Outcome(fmt.Errorf("spec.secretName: %w", err))
	}
	node, err := r.Nodes.AsNodeUser(ctx, o.node)
	if err != nil {
		return nodeapi.Failed("connect to the node", err)
	}
	want := wanted{
		id: string(data[secretID]), secret: string(data[secretSecret]), path: o.path,
		verificationKey: verificationKey, transfer: limits(o.key.Spec.Transfer), bucket: storage,
	}
	if o.location != nil {
		want.mounted = o.location.Spec.S3
	}
	found, outcome := r.converge(ctx, o.node, node, want, o.key.Status.BucketCredentials)
	if !outcome.IsDone() {
		return bucket.Named(outcome, bucketField)
	}
	if outcome := r.forgetFormer(ctx, o.key, node, want.id); !outcome.IsDone() {
		return outcome
	}
	if outcome := r.rotate(ctx, o.key, node, data, schedule.Overlap); !outcome.IsDone() {
		return outcome
	}
	o.key.Status.ID, o.key.Status.RootFileID, o.key.Status.SecretName = want.id, found.RootFileID, SecretName(o.key)
	o.key.Status.BucketCredentials = digestOf(storage, want.secret)
	if wrongAnnotation != nil {
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, wrongAnnotation.Error()).After(resync)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "the node knows the key").After(resync)
}

// converge makes the key on the node, or makes it right, and returns what the node says of it.
// credentials is what the status says of those that it was given.
func (r *reconciler) converge(ctx context.Context, at *v1alpha1.TransferNode, node nodeapi.API, want wanted,
	credentials string) (nodeclient.AccessKey, phase.Outcome) {
	configuration, err := want.configuration()
	if err != nil {
		return nodeclient.AccessKey{}, phase.Transient(v1alpha1.ReasonInvalidSpec, "spec.transfer: cannot be sent", err)
	}
	found, err := node.AccessKey(ctx, want.id)
	if nodeclient.IsNotFound(err) {
		found, err = node.CreateAccessKey(ctx, nodeclient.AccessKey{
			ID: want.id, Secret: want.secret, Storage: want.storage(),
			TokenVerificationKey: want.verificationKey, Configuration: configuration,
		})
		if err == nil {
			credentials = digestOf(want.bucket, want.secret)
		}
		if nodeclient.IsConflict(err) {
			// Another pod or an earlier attempt made it in between.
			found, err = node.AccessKey(ctx, want.id)
		}
	}
	if err != nil {
		return found, nodeapi.Failed("make the access key", err)
	}
	works, err := r.secretWorks(ctx, at, want)
	if err != nil {
		return found, nodeapi.Failed("try the access key", err)
	}
	wrong := violation(want, seen{key: &found, secretWorks: works, credentials: credentials})
	if wrong == "" {
		return found, phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	ctrl.LoggerFrom(ctx).Info("repairing the access key", "accessKey", want.id, "why", wrong)
	change := nodeclient.AccessKeyUpdate{TokenVerificationKey: &want.verificationKey, Storage: want.storage(),
		Configuration: configuration}
	if !works { // one that works stays, and so does the one before while it is good
		change.Secret = &want.secret
	}
	err = node.UpdateAccessKey(ctx, want.id, change)
	if err != nil {
		return found, nodeapi.Failed("update the access key", err)
	}
	found, err = node.AccessKey(ctx, want.id)
	if err != nil {
		return found, nodeapi.Failed("read the access key", err)
	}
	return found, phase.Done(v1alpha1.ReasonSucceeded, "")
}

// secretWorks asks the node, as the key, who it is.
func (r *reconciler) secretWorks(ctx context.Context, at *v1alpha1.TransferNode, want wanted) (bool, error) {
	self, err := r.Nodes.AsAccessKey(ctx, at, want.id, want.secret)
	if err != nil {
		return false, err
	}
	_, err = self.AccessKey(ctx, "self")
	if nodeclient.IsUnauthorized(err) {
		return false, nil
	}
	return err == nil, err
}

// formerOr is generate, or what gives the id and the secret of the Secret that the key was in before spec.secretName
// changed: the key moves, and whoever uses it goes on.
func (r *reconciler) formerOr(ctx context.Context, key *v1alpha1.AccessKey,
	generate func() (map[string][]byte, error)) (func() (map[string][]byte, error), error) {
	name := key.Status.SecretName
	if name == "" || name == SecretName(key) {
		return generate, nil
	}
	secret := &corev1.Secret{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: name}, secret)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return nil, fmt.Errorf("read the former Secret: %w", err)
	case err != nil || !ownedBy(secret, key) || len(secret.Data[secretID]) == 0 || len(secret.Data[secretSecret]) == 0:
		return generate, nil
	}
	return func() (map[string][]byte, error) {
		return maps.Clone(secret.Data), nil
	}, nil
}

// forgetFormer removes the key and the Secret that this object had before its Secret was lost or renamed.
func (r *reconciler) forgetFormer(ctx context.Context, key *v1alpha1.AccessKey, node nodeapi.API,
	id string) phase.Outcome {
	if former := key.Status.ID; former != "" && former != id {
		if err := node.DeleteAccessKey(ctx, former); err != nil && !nodeclient.IsNotFound(err) {
			return nodeapi.Failed("remove the former access key", err)
		}
	}
	if former := key.Status.SecretName; former != "" && former != SecretName(key) {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: former}}
		if err := r.applier.Delete(ctx, key, secret); err != nil {
			return phase.Transient(v1alpha1.ReasonAPIError, "the former Secret cannot be deleted", err)
		}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// verificationKey is the public key of the spec in PEM, empty without one.
func (r *reconciler) verificationKey(ctx context.Context, key *v1alpha1.AccessKey) (string, phase.Outcome) {
	done := phase.Done(v1alpha1.ReasonSucceeded, "")
	given := key.Spec.TokenVerificationKey
	if given == nil {
		return "", done
	}
	const field = "spec.tokenVerificationKey"
	text, from := given.Inline, field+".inline"
	if ref := given.SecretRef; ref != nil {
		from = field + ".secretRef"
		data, err := r.secrets.Read(ctx, key.Namespace, ref.Name, from, ref.Key)
		if err != nil {
			return "", secrets.Outcome(err)
		}
		text = string(data[ref.Key])
	}
	if err := checkPublicKey(text); err != nil {
		return "", phase.Invalid(v1alpha1.ReasonInvalidSpec, from+": "+err.Error())
	}
	return text, done
}

// generate invents an id that is safe in a URL, and a secret.
func generate() (map[string][]byte, error) {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return nil, fmt.Errorf("access key id: %w", err)
	}
	return map[string][]byte{
		secretID:     []byte("ak" + hex.EncodeToString(id)),
		secretSecret: secrets.Password(),
	}, nil
}

// Labels are on the objects of a key.
func Labels(key *v1alpha1.AccessKey) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":      "access-key",
		"app.kubernetes.io/instance":  key.Name,
		"app.kubernetes.io/component": "access-key",
		"app.kubernetes.io/part-of":   "faspex",
	}
}
