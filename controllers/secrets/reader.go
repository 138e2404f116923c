package secrets

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// reader reads Secrets from the cache. What the cache has no content of, because it is a user's, is read from the API
// server once for each version of it that the cache tells of, so that what is at rest costs no request.
type reader struct {
	client.Reader
	direct client.Reader

	mu    sync.Mutex
	known map[client.ObjectKey]*corev1.Secret
}

// NewReader returns a reader of Secrets over a cache, and the API server itself.
func NewReader(cached, direct client.Reader) client.Reader {
	return &reader{Reader: cached, direct: direct, known: map[client.ObjectKey]*corev1.Secret{}}
}

// Get implements client.Reader.
func (r *reader) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return r.Reader.Get(ctx, key, object, opts...)
	}
	if err := r.Reader.Get(ctx, key, secret, opts...); err != nil {
		r.keep(key, nil)
		if client.IgnoreNotFound(err) == nil {
			return r.direct.Get(ctx, key, secret, opts...) // the cache may lag
		}
		return err
	}
	if len(secret.Data) > 0 {
		return nil
	}
	if known := r.find(key); known != nil && known.UID == secret.UID && known.ResourceVersion == secret.ResourceVersion {
		known.DeepCopyInto(secret)
		return nil
	}
	if err := r.direct.Get(ctx, key, secret, opts...); err != nil {
		return err
	}
	r.keep(key, secret.DeepCopy())
	return nil
}

func (r *reader) find(key client.ObjectKey) *corev1.Secret {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[key]
}

func (r *reader) keep(key client.ObjectKey, secret *corev1.Secret) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if secret == nil {
		delete(r.known, key)
		return
	}
	r.known[key] = secret
}
