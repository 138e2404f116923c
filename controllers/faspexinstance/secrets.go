package faspexinstance

import (
	"context"
	"maps"
	"slices"
	"time"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/certificate"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/rotation"
	"faspex.io/operator/controllers/secrets"
)

// certificateRecheck is how often the end of the certificate is looked at.
const certificateRecheck = 12 * time.Hour

// secretsReady makes the Secrets and ConfigMaps and reads the Secrets that the spec refers to.
func (r *reconciler) secretsReady(ctx context.Context, o *observed) phase.Outcome {
	if err := r.givenSecrets(ctx, o); err != nil {
		return secrets.Outcome(err)
	}
	if err := r.ownSecrets(ctx, o); err != nil {
		return secrets.Outcome(err)
	}
	names := desired.NamesOf(o.instance.Name)
	for _, name := range slices.Sorted(maps.Keys(o.config)) {
		owner := o.owner()
		if name == names.Database || name == names.DatabaseScript {
			owner = nobody
		}
		if _, err := r.applier.Apply(ctx, owner, o.config[name].Apply(o.instance)); err != nil {
			return apply.Outcome(err)
		}
	}
	if o.instance.Spec.TLS != nil {
		if err := certificate.Check(r.now(), o.tls, desired.CertificateSubject(o.instance, false)); err != nil {
			return phase.Waiting(v1alpha1.ReasonSecretInvalid, "spec.tls.secretRef: "+err.Error()).After(certificateRecheck)
		}
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "Secrets and ConfigMaps are there").After(certificateRecheck)
}

// givenSecrets reads what the spec refers to.
func (r *reconciler) givenSecrets(ctx context.Context, o *observed) error {
	spec, namespace := o.instance.Spec, o.instance.Namespace
	if external := spec.Database.External; external != nil {
		given, err := r.secrets.Read(ctx, namespace, external.RootSecretRef.Name, "spec.database.external.rootSecretRef",
			"username", "password")
		if err != nil {
			return err
		}
		o.root = given
	}
	if name := o.database.CASecret; name != "" {
		given, err := r.secrets.Read(ctx, namespace, name, "spec.database.external.tls.caSecretRef", certificate.CAKey)
		if err != nil {
			return err
		}
		o.databaseCA = map[string][]byte{certificate.CAKey: given[certificate.CAKey]}
	}
	if spec.TLS != nil {
		given, err := r.secrets.Read(ctx, namespace, spec.TLS.SecretRef.Name, "spec.tls.secretRef", certificate.CertKey,
			certificate.PrivateKeyKey)
		if err != nil {
			return err
		}
		o.tls = given
	}
	if spec.Admin != nil && spec.Admin.SecretRef != nil {
		_, err := r.secrets.Read(ctx, namespace, spec.Admin.SecretRef.Name, "spec.admin.secretRef", desired.AdminUsername,
			desired.AdminPassword)
		if err != nil {
			return err
		}
	}
	return nil
}

// ownSecrets makes what is not given.
func (r *reconciler) ownSecrets(ctx context.Context, o *observed) error {
	i := o.instance
	type wanted struct {
		want secrets.Wanted
		into *map[string][]byte
	}
	var database map[string][]byte
	list := []wanted{
		{desired.DatabaseSecret(i, o.root), &database},
		{desired.DatabaseUserSecret(i), &o.databaseUser},
		{desired.UtilitySecret(i), &o.utility},
		{desired.OperatorClientSecret(i), &o.operatorClient},
	}
	if desired.HasGateway(i) {
		list = append(list, wanted{desired.GatewaySecret(i), &o.gateway})
	}
	if i.Spec.TLS == nil {
		// The annotation alone says when: the age is the certificate's own business. passwordsReplaced tells when the
		// annotation is wrong.
		schedule, _ := rotation.Of(nil, i.Annotations)
		list = append(list, wanted{desired.GeneratedTLSSecret(i, r.now(), schedule), &o.tls})
	}
	for _, w := range list {
		data, err := r.secrets.Ensure(ctx, nobody, w.want)
		if err != nil {
			return err
		}
		*w.into = data
	}
	o.root = database
	if restoring(i) { // the backup has them
		return nil
	}
	return r.dataSecrets(ctx, o)
}
