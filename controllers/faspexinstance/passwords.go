package faspexinstance

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/rotation"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/controllers/trouble"
)

// The users of the database whose passwords turn, as rotation.Passwords knows them: the restricted one, which core,
// service and utility are, and the one that migrates.
const (
	restrictedUser = "user"
	adminUser      = "admin"
)

// turning reads which passwords are being replaced, and begins when some are due. What lies in the cache is not believed
// while a replacement is under way.
func (r *reconciler) turning(ctx context.Context, o *observed) (rotation.Passwords, error) {
	schedule, err := rotation.Of(rotationOf(o.instance), o.instance.Annotations)
	o.wrongRotation = err
	if restoring(o.instance) {
		return nil, nil
	}
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: o.instance.Namespace, Name: desired.NamesOf(o.instance.Name).DatabaseRotation}
	for _, from := range []client.Reader{r.client, r.direct} {
		if err := from.Get(ctx, key, secret); client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("read which passwords are replaced: %w", err)
		}
		if p := rotation.Passwords(secret.Data); !p.Pending() && !p.Ending() {
			break
		}
	}
	p := rotation.Passwords(secret.Data)
	if !schedule.Due(p.Made(o.instance.CreationTimestamp.Time), r.now()) {
		return p, nil
	}
	return r.remember(ctx, o, func(p rotation.Passwords) rotation.Passwords {
		if !schedule.Due(p.Made(o.instance.CreationTimestamp.Time), r.now()) {
			return p
		}
		return p.Begin(restrictedUser, adminUser)
	})
}

func rotationOf(i *v1alpha1.FaspexInstance) *v1alpha1.Rotation {
	if i.Spec.Database.RotateEvery == nil {
		return nil
	}
	return &v1alpha1.Rotation{Every: i.Spec.Database.RotateEvery}
}

// remember notes a step of the replacement.
func (r *reconciler) remember(ctx context.Context, o *observed,
	step func(rotation.Passwords) rotation.Passwords) (rotation.Passwords, error) {
	want := desired.DatabaseRotationSecret(o.instance)
	want.Turn = func(data map[string][]byte) (map[string][]byte, error) { return step(data), nil }
	data, err := r.secrets.Ensure(ctx, nobody, want)
	return data, err
}

// replace puts the next passwords, which the server takes by now, into the Secrets that the pods read. The former ones are
// remembered first.
func (r *reconciler) replace(ctx context.Context, o *observed) error {
	names := desired.NamesOf(o.instance.Name)
	p, err := r.remember(ctx, o, func(p rotation.Passwords) rotation.Passwords {
		return p.Replacing(map[string][]byte{restrictedUser: o.databaseUser[desired.KeyPassword],
			adminUser: o.root[desired.KeyAdminPassword]})
	})
	if err != nil {
		return err
	}
	for _, in := range []struct {
		user, secret, key string
		data              *map[string][]byte
	}{
		{restrictedUser, names.DatabaseUser, desired.KeyPassword, &o.databaseUser},
		{adminUser, names.Database, desired.KeyAdminPassword, &o.root},
	} {
		next := p.Next(in.user, (*in.data)[in.key])
		*in.data, err = r.secrets.Ensure(ctx, nobody, secrets.Wanted{
			Name: in.secret, Namespace: o.instance.Namespace, Labels: desired.Labels(o.instance, desired.ComponentDatabase),
			Turn: func(data map[string][]byte) (map[string][]byte, error) {
				turned := maps.Clone(data)
				turned[in.key] = next
				return turned, nil
			},
		})
		if err != nil {
			return err
		}
	}
	if _, err := r.remember(ctx, o, func(p rotation.Passwords) rotation.Passwords { return p.Finish(r.now()) }); err != nil {
		return err
	}
	ctrl.LoggerFrom(ctx).Info("replaced the passwords of the database", "instance", o.instance.Name)
	r.recorder.Eventf(o.instance, nil, corev1.EventTypeNormal, v1alpha1.EventRotated, "Rotate",
		"the passwords of the database are replaced; the former ones work until no pod uses them")
	return nil
}

// passwordsReplaced ends the former passwords of the database when no pod that has them is left.
func (r *reconciler) passwordsReplaced(ctx context.Context, o *observed) phase.Outcome {
	if o.wrongRotation != nil {
		return phase.Invalid(v1alpha1.ReasonInvalidSpec, o.wrongRotation.Error()).After(provisionRecheck)
	}
	if !o.passwordsEnd {
		return phase.Absent()
	}
	waits := phase.Waiting(v1alpha1.ReasonProgressing,
		"the former passwords of the database work until no pod uses them").After(trouble.Recheck)
	for _, component := range []string{desired.ComponentCore, desired.ComponentService, desired.ComponentUtility} {
		if !o.rolledOut[component] {
			return waits
		}
		// A Deployment does not count pods that are ending.
		var pods corev1.PodList
		err := r.direct.List(ctx, &pods, client.InNamespace(o.instance.Namespace),
			client.MatchingLabels(desired.SelectorLabels(o.instance, component)))
		if err != nil {
			return phase.Transient(v1alpha1.ReasonAPIError, "the pods cannot be listed", err)
		}
		for _, pod := range pods.Items {
			if pod.DeletionTimestamp != nil {
				return waits
			}
		}
	}
	if _, err := r.remember(ctx, o, rotation.Passwords.End); err != nil {
		return apply.Outcome(err)
	}
	return phase.Absent()
}
