package secrets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/controllers/apply"
)

// Errors of Read.
var (
	// ErrNotFound: the Secret does not exist.
	ErrNotFound = errors.New("secret not found")
	// ErrInvalid: the Secret lacks a key.
	ErrInvalid = errors.New("secret is invalid")
)

// Wanted is a Secret to make.
type Wanted struct {
	Name, Namespace string
	Labels          map[string]string
	// Type of the Secret; Opaque when empty.
	Type corev1.SecretType
	// Fixed are keys whose value is known and kept current.
	Fixed map[string][]byte
	// Generate makes the values of keys that are absent or empty; it is called at most once, and may return more than
	// one key, so that values that belong together are made together. Keys it returns that exist already are ignored
	// unless Replace says otherwise.
	Generate func() (map[string][]byte, error)
	// Keys are those that must be there; Generate is called when one is absent or empty.
	Keys []string
	// Replace, if set, tells whether what exists is of no more use (a certificate that ends): all
	// of Keys are then generated anew.
	Replace func(data map[string][]byte) bool
	// Turn, if set, gives what the Secret shall hold, given what it holds: values that rotate. What it gives must turn
	// into itself until time has passed. It must not change its argument.
	Turn func(data map[string][]byte) (map[string][]byte, error)
}

// Store makes and reads Secrets for one controller.
type Store struct {
	applier *apply.Applier
	client  client.Client
	direct  client.Reader
	given   client.Reader
}

// NewStore returns a Store that writes through applier, reads our own Secrets from c (usually cached) and
// everything else, and whatever it is about to invent, from direct, which must not be a cache: a cache that lags
// must never lead to a second password.
func NewStore(applier *apply.Applier, c client.Client, direct client.Reader) *Store {
	return &Store{applier: applier, client: c, direct: direct, given: NewReader(c, direct)}
}

// Ensure makes the Secret and returns its data. Existing values are kept. With an owner the Secret is deleted
// with it, without one it survives.
func (s *Store) Ensure(ctx context.Context, owner apply.Owner, want Wanted) (map[string][]byte, error) {
	data, err := s.ensure(ctx, owner, want, s.client)
	if apierrors.IsConflict(err) { // the cache lags
		return s.ensure(ctx, owner, want, s.direct)
	}
	return data, err
}

func (s *Store) ensure(ctx context.Context, owner apply.Owner, want Wanted, from client.Reader) (map[string][]byte, error) {
	key := client.ObjectKey{Namespace: want.Namespace, Name: want.Name}
	live, err := get(ctx, from, key)
	if err != nil {
		return nil, err
	}
	changes := true
	if live != nil {
		if changes, err = want.changes(live.Data); err != nil {
			return nil, fmt.Errorf("secret %s: %w", want.Name, err)
		}
	}
	if changes {
		if live, err = get(ctx, s.direct, key); err != nil {
			return nil, err
		}
	}
	var data map[string][]byte
	if live != nil {
		if live.Labels[apply.ManagedByLabel] != apply.ManagedBy {
			return nil, fmt.Errorf("secret %s: %w", want.Name, apply.ErrConflict)
		}
		data = live.Data
	}
	data, err = want.complete(data)
	if err != nil {
		return nil, fmt.Errorf("generate secret %s: %w", want.Name, err)
	}
	config := corev1ac.Secret(want.Name, want.Namespace).WithLabels(want.Labels).WithData(data)
	if want.Type != "" {
		config = config.WithType(want.Type)
	}
	if live == nil {
		// Creating first lets exactly one of two racing writers win; applying afterwards takes ownership of the fields.
		if err := s.create(ctx, want, data); err != nil {
			return nil, err
		}
	} else {
		// Values that have turned meanwhile must not be written over by those that a cache still has.
		config = config.WithResourceVersion(live.ResourceVersion)
	}
	if _, err := s.applier.Apply(ctx, owner, config); err != nil {
		return nil, err
	}
	if live != nil {
		return data, s.drop(ctx, live, data)
	}
	return data, nil
}

// drop removes the values of secret that data has no more. Applying does not: they were created by another operation
// than apply, which owns them too.
func (s *Store) drop(ctx context.Context, secret *corev1.Secret, data map[string][]byte) error {
	gone := map[string]any{}
	for key := range secret.Data {
		if _, kept := data[key]; !kept {
			gone[key] = nil
		}
	}
	if len(gone) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"data": gone})
	if err != nil {
		return fmt.Errorf("encode what is dropped of secret %s: %w", secret.Name, err)
	}
	err = s.client.Patch(ctx, secret.DeepCopy(), client.RawPatch(types.MergePatchType, patch),
		client.FieldOwner(s.applier.FieldManager()))
	if err != nil {
		return fmt.Errorf("drop former values of secret %s: %w", secret.Name, err)
	}
	return nil
}

func (s *Store) create(ctx context.Context, want Wanted, data map[string][]byte) error {
	labels := maps.Clone(want.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[apply.ManagedByLabel] = apply.ManagedBy
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: want.Name, Namespace: want.Namespace, Labels: labels},
		Type:       want.Type, Data: data,
	}
	if err := s.client.Create(ctx, secret, client.FieldOwner(s.applier.FieldManager())); err != nil {
		return fmt.Errorf("create secret %s: %w", want.Name, err)
	}
	return nil
}

// Read returns the data of a Secret that a user gave, in the version that the cache tells of. The error wraps ErrNotFound or,
// when one of keys is absent or empty, ErrInvalid; field is the path of the field that refers to the
// Secret and begins the error's text.
func (s *Store) Read(ctx context.Context, namespace, name, field string, keys ...string) (map[string][]byte, error) {
	secret, err := get(ctx, s.given, client.ObjectKey{Namespace: namespace, Name: name})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	if secret == nil {
		return nil, fmt.Errorf("%s: %w: %s", field, ErrNotFound, name)
	}
	for _, key := range keys {
		if len(secret.Data[key]) == 0 {
			return nil, fmt.Errorf("%s: %w: %s has no key %s", field, ErrInvalid, name, key)
		}
	}
	return secret.Data, nil
}

func get(ctx context.Context, from client.Reader, key client.ObjectKey) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	switch err := from.Get(ctx, key, secret); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get secret %s: %w", key.Name, err)
	}
	return secret, nil
}

// lacks tells whether data has to be written.
func (w Wanted) lacks(data map[string][]byte) bool {
	for _, key := range w.Keys {
		if len(data[key]) == 0 {
			return true
		}
	}
	for key, value := range w.Fixed {
		if !bytes.Equal(data[key], value) {
			return true
		}
	}
	return w.Replace != nil && w.Replace(data)
}

// changes tells whether the Secret shall hold something else than data.
func (w Wanted) changes(data map[string][]byte) (bool, error) {
	if w.lacks(data) {
		return true, nil
	}
	if w.Turn == nil {
		return false, nil
	}
	turned, err := w.Turn(data)
	return !maps.EqualFunc(data, turned, bytes.Equal), err
}

// complete is what the Secret shall hold, given what it holds.
func (w Wanted) complete(existing map[string][]byte) (map[string][]byte, error) {
	data := maps.Clone(existing)
	if data == nil || (w.Replace != nil && w.Replace(data)) {
		data = map[string][]byte{}
	}
	for _, key := range w.Keys {
		if len(data[key]) > 0 {
			continue
		}
		generated, err := w.Generate()
		if err != nil {
			return nil, err
		}
		for k, v := range generated {
			if len(data[k]) == 0 {
				data[k] = v
			}
		}
		break
	}
	maps.Copy(data, w.Fixed)
	if w.Turn != nil {
		return w.Turn(data)
	}
	return data, nil
}
