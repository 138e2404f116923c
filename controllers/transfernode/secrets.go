package transfernode

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/rotation"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/dataplane/nodeusers"
)

// nodeUsername is the node user the operator and Faspex share.
const nodeUsername = "faspex"

// secretsReady makes the Secrets of the node, and reads the certificate a user gave.
func (r *reconciler) secretsReady(ctx context.Context, o *observed) phase.Outcome {
	names := desired.NamesOf(o.node.Name)
	var wrongAnnotation error
	o.schedule, wrongAnnotation = rotation.Of(nil, o.node.Annotations)
	turning := desired.TokenKeyRotationOf(o.node)
	turning.At = o.schedule.At
	tokenKeys, outcome := r.ensure(ctx, o, secrets.Wanted{
		Name: names.TokenKeys, Keys: []string{desired.TokenKeyActive},
		Generate: func() (map[string][]byte, error) { return desired.TokenKeys(r.Now(), rand.Reader) },
		Replace:  invalid(desired.ValidTokenKeys),
		Turn: func(data map[string][]byte) (map[string][]byte, error) {
			return turning.Turn(data, r.Now(), rand.Reader)
		},
	})
	if !outcome.IsDone() {
		return outcome
	}
	o.node.Status.TokenKeys = desired.TokenKeyStatus(tokenKeys)
	sshHostKeys, outcome := r.ensure(ctx, o, secrets.Wanted{
		Name: names.SSHHostKey,
		Keys: []string{
			desired.SSHHostKeyEd25519, desired.SSHHostKeyEd25519 + ".pub",
			desired.SSHHostKeyRSA, desired.SSHHostKeyRSA + ".pub",
		},
		Generate: func() (map[string][]byte, error) { return desired.SSHHostKeys(rand.Reader) },
		Replace:  invalid(desired.ValidSSHHostKeys),
	})
	if !outcome.IsDone() {
		return outcome
	}
	nodeUser, outcome := r.ensure(ctx, o, secrets.Wanted{
		Name: names.NodeUser, Keys: []string{desired.NodeUserUsername, desired.NodeUserPassword},
		Generate: func() (map[string][]byte, error) { return desired.NodeUser(nodeUsername, rand.Reader) },
	})
	if !outcome.IsDone() {
		return outcome
	}
	served, outcome := r.certificate(ctx, o)
	if !outcome.IsDone() {
		return outcome
	}
	if outcome := r.authorizedKeys(ctx, o.node); !outcome.IsDone() {
		return outcome
	}
	if outcome := r.passwords(ctx, o.node); !outcome.IsDone() {
		return outcome
	}
	if outcome := r.nodeUsers(ctx, o.node); !outcome.IsDone() {
		return outcome
	}
	if outcome := r.storageKeys(ctx, o.node); !outcome.IsDone() {
		return outcome
	}
	authorities, err := certificate.Authorities(served)
	if err != nil {
		return phase.Invalid(v1alpha1.ReasonSecretInvalid,
			"spec.tls.secretRef: neither ca.crt nor tls.crt holds a certificate")
	}
	o.nodeUser, o.sshHostKeys, o.authorities = nodeUser, sshHostKeys, authorities
	o.node.Status.NodeUserSecretName = names.NodeUser
	if wrongAnnotation != nil {
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, wrongAnnotation.Error()).After(resync)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "token keys, SSH host keys, certificate and node user are there").
		After(turning.Next(tokenKeys, r.Now()))
}

// invalid tells, for data that is not empty, whether it is of no use.
func invalid(valid func(map[string][]byte) bool) func(map[string][]byte) bool {
	return func(data map[string][]byte) bool { return len(data) > 0 && !valid(data) }
}

// certificate makes the certificate of the Node API, or checks the given one.
func (r *reconciler) certificate(ctx context.Context, o *observed) (map[string][]byte, phase.Outcome) {
	names := desired.NamesOf(o.node.Name)
	subject := certificate.Subject{CommonName: names.Service, DNSNames: desired.DNSNames(o.node), IPs: desired.IPs(o.node)}
	if o.node.Spec.TLS == nil {
		if desired.WebSocketsByMachine(o.node) {
			pods, err := r.pods(ctx, o.node)
			if err != nil {
				return nil, phase.Transient(v1alpha1.ReasonAPIError, "the pods cannot be listed", err)
			}
			subject.IPs = append(subject.IPs, machineIPs(pods)...)
		}
		return r.ensure(ctx, o, secrets.Wanted{
			Name: names.TLS, Type: corev1.SecretTypeTLS,
			Keys:     []string{certificate.CertKey, certificate.PrivateKeyKey, certificate.CAKey},
			Generate: func() (map[string][]byte, error) { return certificate.New(r.Now(), subject) },
			Turn: func(data map[string][]byte) (map[string][]byte, error) {
				if !certificate.Renew(r.Now(), data, subject) && !o.schedule.Due(certificate.Made(data), r.Now()) {
					return data, nil
				}
				return certificate.Renewed(r.Now(), data, subject)
			},
		})
	}
	const field = "spec.tls.secretRef"
	data, err := r.secrets.Read(ctx, o.node.Namespace, o.node.Spec.TLS.SecretRef.Name, field, certificate.CertKey,
		certificate.PrivateKeyKey)
	if err != nil {
		return nil, secrets.Outcome(err)
	}
	// The operator and Faspex reach the node by the first name; a certificate without the shorter ones will do.
	subject.DNSNames, subject.IPs = []string{desired.Host(o.node)}, nil
	if err := certificate.Check(r.Now(), data, subject); err != nil {
		// A certificate that is not valid yet becomes so without anyone touching it.
		return nil, phase.Invalid(v1alpha1.ReasonSecretInvalid, field+": "+err.Error()).After(resync)
	}
	return data, phase.Done(v1alpha1.ReasonSucceeded, "")
}

// authorizedKeys reads the keys that users gave for their transfer users. hsts reads them itself, at each login.
func (r *reconciler) authorizedKeys(ctx context.Context, node *v1alpha1.TransferNode) phase.Outcome {
	for i, user := range node.Spec.TransferUsers {
		ref := user.AuthorizedKeysSecretRef
		if ref == nil {
			continue
		}
		field := fmt.Sprintf("spec.transferUsers[%d].authorizedKeysSecretRef", i)
		data, err := r.secrets.Read(ctx, node.Namespace, ref.Name, field, ref.Key)
		if err != nil {
			return secrets.Outcome(err)
		}
		if _, _, _, _, err := ssh.ParseAuthorizedKey(data[ref.Key]); err != nil {
			return phase.Invalid(v1alpha1.ReasonSecretInvalid, field+": holds no public key in the format of authorized_keys")
		}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// passwords checks that those that are named are there. hsts reads them itself, at each log-in.
func (r *reconciler) passwords(ctx context.Context, node *v1alpha1.TransferNode) phase.Outcome {
	for i, user := range node.Spec.TransferUsers {
		if ref := user.PasswordSecretRef; ref != nil {
			field := fmt.Sprintf("spec.transferUsers[%d].passwordSecretRef", i)
			if _, err := r.secrets.Read(ctx, node.Namespace, ref.Name, field, ref.Key); err != nil {
				return secrets.Outcome(err)
			}
		}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// nodeUsers checks the users that a Secret declares. hsts reads them itself, whenever they change.
func (r *reconciler) nodeUsers(ctx context.Context, node *v1alpha1.TransferNode) phase.Outcome {
	if node.Spec.NodeUsers == nil {
		return phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	const field = "spec.nodeUsers.secretRef"
	data, err := r.secrets.Read(ctx, node.Namespace, node.Spec.NodeUsers.SecretRef.Name, field)
	if err != nil {
		return secrets.Outcome(err)
	}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if _, err := nodeusers.Parse(name, data[name]); err != nil {
			return phase.Invalid(v1alpha1.ReasonSecretInvalid, fmt.Sprintf("%s: entry %s: %v", field, name, err))
		}
		if name == nodeUsername {
			return phase.Invalid(v1alpha1.ReasonSecretInvalid,
				fmt.Sprintf("%s: entry %s: the operator's own user has this name", field, name))
		}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// storageKeys checks the keys of encrypted storages. They are the user's: who loses them loses the files.
func (r *reconciler) storageKeys(ctx context.Context, node *v1alpha1.TransferNode) phase.Outcome {
	for i, storage := range node.Spec.Storage {
		if storage.Encryption == nil {
			continue
		}
		field := fmt.Sprintf("spec.storage[%d].encryption.secretRef", i)
		data, err := r.secrets.Read(ctx, node.Namespace, storage.Encryption.SecretRef.Name, field, desired.TokenKeyActive)
		if err != nil {
			return secrets.Outcome(err)
		}
		if !desired.ValidTokenKeys(data) {
			return phase.Invalid(v1alpha1.ReasonSecretInvalid,
				field+": active names no key, or a key is not 32 bytes in base64")
		}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// ensure makes one Secret; the finalizer deletes it.
func (r *reconciler) ensure(ctx context.Context, o *observed, want secrets.Wanted) (map[string][]byte, phase.Outcome) {
	want.Namespace, want.Labels = o.node.Namespace, desired.Labels(o.node)
	data, err := r.secrets.Ensure(ctx, nobody, want)
	if err != nil {
		return nil, secrets.Outcome(err)
	}
	return data, phase.Done(v1alpha1.ReasonSucceeded, "")
}
