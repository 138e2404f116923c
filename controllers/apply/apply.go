// Package apply writes desired state by server-side apply, one field manager for each controller, and
// writes nothing that is already so.
//
// It knows nothing of what the objects mean. Objects that exist and belong to someone else are never taken over.
package apply

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// ManagedByLabel and ManagedBy mark every object that the operator makes.
const (
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "faspex-operator"

	// NameLabel and InstanceLabel tell the object of a user that an object was made for: what it is and its name.
	NameLabel     = "app.kubernetes.io/name"
	InstanceLabel = "app.kubernetes.io/instance"
)

// ErrConflict says that an object of the wanted name exists and belongs to someone else.
var ErrConflict = errors.New("an object of this name exists and belongs to someone else")

// Owner is the object that owned objects are deleted with.
type Owner interface {
	metav1.Object
	runtime.Object
}

// Applier writes for one controller. It remembers what it wrote, so that an unchanged desired state of an object that
// nobody touched costs no request. It is safe for concurrent use.
type Applier struct {
	client     client.Client
	controller string
	manager    string

	mu       sync.Mutex
	applied  map[objectKey]appliedState
	requests atomic.Int64
	changes  atomic.Int64
}

type objectKey struct {
	schema.GroupVersionKind
	client.ObjectKey
}

type appliedState struct {
	resourceVersion string
	hash            [sha256.Size]byte
}

// New returns an Applier that writes with the field manager "faspex-operator/<controller>" and reads through c, which
// is usually the manager's cached client.
func New(c client.Client, controller string) *Applier {
	return &Applier{client: c, controller: controller, manager: ManagedBy + "/" +
		controller, applied: map[objectKey]appliedState{}}
}

// Requests is how many writes the API server took.
func (a *Applier) Requests() int64 { return a.requests.Load() }

// Changes is how many of them changed an object.
func (a *Applier) Changes() int64 { return a.changes.Load() }

// FieldManager is the name that this applier writes under.
func (a *Applier) FieldManager() string { return a.manager }

// Apply makes the object that config describes (a typed applyconfiguration with kind, name and namespace). With
// an owner the object gets a controller reference to it and is deleted with it; without one it survives. It
// tells whether something changed. The error wraps ErrConflict when the object belongs to someone else, and
// names the object by kind and name.
func (a *Applier) Apply(ctx context.Context, owner Owner, config runtime.ApplyConfiguration) (changed bool, err error) {
	desired, err := toUnstructured(config)
	if err != nil {
		return false, err
	}
	gvk := desired.GroupVersionKind()
	key := objectKey{gvk, client.ObjectKeyFromObject(desired)}
	defer func() {
		if err != nil {
			err = fmt.Errorf("apply %s %s: %w", gvk.Kind, key.Name, err)
		}
	}()
	if owner != nil {
		ownerGVK, err := apiutil.GVKForObject(owner, a.client.Scheme())
		if err != nil {
			return false, err
		}
		desired.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(owner, ownerGVK)})
	}
	setLabel(desired, ManagedByLabel, ManagedBy)
	hash, err := hashOf(desired)
	if err != nil {
		return false, err
	}
	live, err := a.live(ctx, gvk, key.ObjectKey)
	if err != nil {
		return false, err
	}
	before := ""
	if live != nil {
		if foreign(live, owner, desired.GetLabels()) {
			return false, ErrConflict
		}
		before = live.GetResourceVersion()
		if a.unchanged(key, before, hash) {
			return false, nil
		}
	}
	if err := a.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(desired), client.FieldOwner(a.manager),
		client.ForceOwnership); err != nil {
		return false, err
	}
	a.remember(key, desired.GetResourceVersion(), hash)
	changed = desired.GetResourceVersion() != before
	a.count(gvk.Kind, changed)
	return changed, nil
}

// Create makes an object that is the caller's no more once it is there; one of that name that exists is left as it is.
// It tells whether it made one.
func (a *Applier) Create(ctx context.Context, object client.Object) (bool, error) {
	err := a.client.Create(ctx, object, client.FieldOwner(a.manager))
	if apierrors.IsAlreadyExists(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("create %s: %w", object.GetName(), err)
	}
	return true, a.countObject(object)
}

// Delete deletes the object if it exists and belongs to owner: it is owned by it, or labelled as made for it.
func (a *Applier) Delete(ctx context.Context, owner Owner, object client.Object) error {
	gvk, err := apiutil.GVKForObject(object, a.client.Scheme())
	if err != nil {
		return err
	}
	key := client.ObjectKeyFromObject(object)
	live, err := a.live(ctx, gvk, key)
	if err != nil || live == nil {
		return err
	}
	labels := map[string]string{NameLabel: live.GetLabels()[NameLabel], InstanceLabel: live.GetLabels()[InstanceLabel]}
	if owner != nil {
		labels[InstanceLabel] = owner.GetName()
	}
	if foreign(live, owner, labels) {
		return nil
	}
	uid := live.GetUID()
	err = a.client.Delete(ctx, live, client.Preconditions{UID: &uid},
		client.PropagationPolicy(metav1.DeletePropagationBackground))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %s %s: %w", gvk.Kind, key.Name, err)
	}
	a.count(gvk.Kind, true)
	a.mu.Lock()
	delete(a.applied, objectKey{gvk, key})
	a.mu.Unlock()
	return nil
}

// Patch writes the difference between before and object, unless someone else changed it in between; an
// object that is gone is no error.
func (a *Applier) Patch(ctx context.Context, before, object client.Object) error {
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := a.client.Patch(ctx, object, patch, client.FieldOwner(a.manager)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("patch %s: %w", object.GetName(), err)
	}
	return a.countObject(object)
}

func (a *Applier) live(ctx context.Context, gvk schema.GroupVersionKind, key client.ObjectKey) (client.Object, error) {
	typed, err := a.client.Scheme().New(gvk)
	if err != nil {
		return nil, err
	}
	object, ok := typed.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%s is no object", gvk.Kind)
	}
	switch err := a.client.Get(ctx, key, object); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return object, nil
}

// foreign tells whether live belongs to someone else. With an owner, what another controller has is foreign.
// Without one, or when live has none, live has to have the labels that we give it: objects that outlive their
// owner are found again by them.
func foreign(live client.Object, owner Owner, labels map[string]string) bool {
	if ref := metav1.GetControllerOf(live); ref != nil && owner != nil {
		return ref.UID != owner.GetUID()
	}
	if live.GetLabels()[ManagedByLabel] != ManagedBy {
		return true
	}
	for _, label := range []string{NameLabel, InstanceLabel} {
		if live.GetLabels()[label] != labels[label] {
			return true
		}
	}
	return false
}

func (a *Applier) unchanged(key objectKey, resourceVersion string, hash [sha256.Size]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.applied[key] == appliedState{resourceVersion, hash}
}

func (a *Applier) remember(key objectKey, resourceVersion string, hash [sha256.Size]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.applied[key] = appliedState{resourceVersion, hash}
}

func toUnstructured(config runtime.ApplyConfiguration) (*unstructured.Unstructured, error) {
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("encode apply configuration: %w", err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("decode apply configuration: %w", err)
	}
	return u, nil
}

// hashOf digests what is applied, without the version that it is applied to.
func hashOf(u *unstructured.Unstructured) ([sha256.Size]byte, error) {
	u = u.DeepCopy()
	u.SetResourceVersion("")
	raw, err := u.MarshalJSON()
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("encode: %w", err)
	}
	return sha256.Sum256(raw), nil
}

func setLabel(u *unstructured.Unstructured, key, value string) {
	labels := u.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[key] = value
	u.SetLabels(labels)
}
