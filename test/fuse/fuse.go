// Package fuse kills what is tested after a number of writes, as a process is killed between two of them: the write is
// done, and nothing that comes after reaches anybody.
package fuse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// ErrBurnt is what every call fails with that a process would not have made any more.
var ErrBurnt = errors.New("the process was killed")

// Fuse lets a number of writes through that change something. It is safe for concurrent use.
type Fuse struct {
	mu     sync.Mutex
	left   int
	burnt  bool
	writes []string
	end    context.CancelFunc
}

// Renew begins another life, which ends after so many writes, and with it the context.
func (f *Fuse) Renew(ctx context.Context, writes int) context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.end != nil {
		f.end()
	}
	f.left, f.burnt = writes, false
	ctx, f.end = context.WithCancel(ctx)
	return ctx
}

// Writes are those of all lives.
func (f *Fuse) Writes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.writes)
}

// Burnt is an error when the life is over.
func (f *Fuse) Burnt() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.burnt {
		return ErrBurnt
	}
	return nil
}

// Wrote counts a write that has changed something.
func (f *Fuse) Wrote(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes = append(f.writes, what)
	f.left--
	if f.left <= 0 && f.end != nil {
		f.burnt = true
		f.end()
	}
}

// Client is c as one who may be killed uses it.
func (f *Fuse) Client(c client.WithWatch) client.WithWatch {
	return interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object,
			options ...client.GetOption) error {
			if err := f.Burnt(); err != nil {
				return err
			}
			return c.Get(ctx, key, o, options...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			if err := f.Burnt(); err != nil {
				return err
			}
			return c.List(ctx, list, options...)
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
			return f.write(named("create", o), func() (bool, error) { return true, c.Create(ctx, o, options...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.DeleteOption) error {
			return f.write(named("delete", o), func() (bool, error) { return true, c.Delete(ctx, o, options...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch,
			options ...client.PatchOption) error {
			return f.write(named("patch", o), func() (bool, error) {
				before := o.GetResourceVersion()
				err := c.Patch(ctx, o, patch, options...)
				return o.GetResourceVersion() != before, err
			})
		},
		Apply: func(ctx context.Context, c client.WithWatch, config runtime.ApplyConfiguration,
			options ...client.ApplyOption) error {
			return f.write(named("apply", config), func() (bool, error) {
				before, err := live(ctx, c, config)
				if err != nil {
					return false, err
				}
				if err := c.Apply(ctx, config, options...); err != nil {
					return false, err
				}
				after, err := live(ctx, c, config)
				return !equality.Semantic.DeepEqual(before, after), err
			})
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, name string, o client.Object, patch client.Patch,
			options ...client.SubResourcePatchOption) error {
			return f.write(named("patch "+name+" of", o), func() (bool, error) {
				before := o.GetResourceVersion()
				err := c.SubResource(name).Patch(ctx, o, patch, options...)
				return o.GetResourceVersion() != before, err
			})
		},
	})
}

func (f *Fuse) write(what string, do func() (changed bool, err error)) error {
	if err := f.Burnt(); err != nil {
		return err
	}
	changed, err := do()
	if err == nil && changed {
		f.Wrote(what)
	}
	return err
}

// named is what is done to which object.
func named(what string, object any) string {
	if o, ok := object.(client.Object); ok {
		return fmt.Sprintf("%s %T %s", what, object, o.GetName())
	}
	return what
}

// live is the version of the object that config is of, empty when there is none.
func live(ctx context.Context, c client.Client, config runtime.ApplyConfiguration) (string, error) {
	object, ok := config.(client.Object)
	if !ok {
		return "", errors.New("the applied configuration tells no name")
	}
	there, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return "", errors.New("the applied configuration is no object")
	}
	there.SetResourceVersion("")
	err := c.Get(ctx, client.ObjectKeyFromObject(object), there)
	return there.GetResourceVersion(), client.IgnoreNotFound(err)
}
