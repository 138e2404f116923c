package accesskey

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/rotation"
	"faspex.io/operator/controllers/secrets"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
)

// Keys of the Secret that tell of rotations: secretNext is a secret that the node may not know yet, the others hold
// times in RFC 3339.
const (
	secretNext        = "next_secret"
	secretRotatedAt   = "rotated_at"
	secretFormerUntil = "former_secret_until"
)

// plan gives what the Secret shall hold: a next secret when one is due. It is there before the node learns of it, so that
// whatever crash comes in between, the next run goes on with the same.
func plan(key *v1alpha1.AccessKey, schedule rotation.Schedule, now time.Time) func(map[string][]byte) (map[string][]byte,
	error) {
	return func(data map[string][]byte) (map[string][]byte, error) {
		if len(data[secretNext]) > 0 || !schedule.Due(rotatedAt(key, data), now) {
			return data, nil
		}
		planned := maps.Clone(data)
		planned[secretNext] = secrets.Password()
		return planned, nil
	}
}

// rotatedAt is when the secret was made.
func rotatedAt(key *v1alpha1.AccessKey, data map[string][]byte) time.Time {
	if at, err := time.Parse(time.RFC3339, string(data[secretRotatedAt])); err == nil {
		return at
	}
	return key.CreationTimestamp.Time
}

// rotate gives the node the next secret of data, from when on it takes both, and then the Secret, which holds it in the
// place of the former one. Whoever reads the Secret at any time gets a secret that works.
func (r *reconciler) rotate(ctx context.Context, key *v1alpha1.AccessKey, node nodeapi.API, data map[string][]byte,
	overlap time.Duration) phase.Outcome {
	if len(data[secretNext]) > 0 {
		next, now := string(data[secretNext]), r.Now().UTC().Truncate(time.Second)
		until := now.Add(overlap)
		err := node.UpdateAccessKey(ctx, string(data[secretID]), nodeclient.AccessKeyUpdate{
			Secret: &next, FormerSecret: string(data[secretSecret]), FormerSecretUntil: &until})
		if err != nil {
			return nodeapi.Failed("rotate the access key", err)
		}
		data, err = r.secrets.Ensure(ctx, key, secrets.Wanted{
			Name: SecretName(key), Namespace: key.Namespace, Labels: Labels(key),
			Turn: func(data map[string][]byte) (map[string][]byte, error) {
				turned := maps.Clone(data)
				delete(turned, secretNext)
				turned[secretSecret] = []byte(next)
				turned[secretRotatedAt] = []byte(now.Format(time.RFC3339))
				turned[secretFormerUntil] = []byte(until.Format(time.RFC3339))
				return turned, nil
			},
		})
		if err != nil {
			return apply.Outcome(fmt.Errorf("spec.secretName: %w", err))
		}
		r.recorder.Eventf(key, nil, corev1.EventTypeNormal, v1alpha1.EventRotated, "Rotate",
			"the Secret holds another secret; the one before is good until %s", until.Format(time.RFC3339))
	}
	key.Status.RotatedAt, key.Status.FormerSecretUntil = nil, nil
	if at, err := time.Parse(time.RFC3339, string(data[secretRotatedAt])); err == nil {
		key.Status.RotatedAt = &metav1.Time{Time: at}
	}
	if until, err := time.Parse(time.RFC3339, string(data[secretFormerUntil])); err == nil && until.After(r.Now()) {
		key.Status.FormerSecretUntil = &metav1.Time{Time: until}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}
