package main

import (
	"context"
	"path"
	"strings"
	"sync"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/faspmgr"
	"faspex.io/operator/dataplane/transferspec"
)

// completeKeepalive checks a session that takes its sources from the manager.
func (r *request) completeKeepalive() error {
	switch {
	case !r.keepalive:
		return nil
	case r.direction != transferspec.Send:
		return fail.New(fail.Usage, "--keepalive is for sending: a server is told at the beginning what it is to send")
	case r.managementPort == 0:
		return fail.New(fail.Usage, "--keepalive needs a manager (-M) that names the files")
	case len(r.sources) > 0:
		return fail.New(fail.Usage, "with --keepalive the manager names the files, and the command line none")
	case r.after != (sourceFate{}) || r.options.Sessions > 1 || r.options.DeleteExtra:
		return fail.New(fail.Usage, "with --keepalive sources are neither removed nor split, and nothing is deleted")
	}
	return nil
}

// orders are the sources that a manager has named so far.
type orders struct {
	mu     sync.Mutex
	roots  []transfer.Root
	closed bool
	grown  chan struct{} // closed at the next change
}

func newOrders() *orders { return &orders{grown: make(chan struct{})} }

func (o *orders) add(r transfer.Root) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.roots = append(o.roots, r)
		o.signal()
	}
}

// close says that no more come.
func (o *orders) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.signal()
}

// signal wakes who waits. o.mu is held.
func (o *orders) signal() {
	close(o.grown)
	o.grown = make(chan struct{})
}

// next waits for the source with a number; ok is false when there will be none.
func (o *orders) next(ctx context.Context, i int) (r transfer.Root, ok bool, err error) {
	for {
		o.mu.Lock()
		if i < len(o.roots) {
			defer o.mu.Unlock()
			return o.roots[i], true, nil
		}
		closed, grown := o.closed, o.grown
		o.mu.Unlock()
		if closed {
			return r, false, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return r, false, context.Cause(ctx)
		}
	}
}

// order takes a source from the manager: Source, and Destination if it gets another name than its own.
func (t *task) order(f faspmgr.Frame) {
	source, destination := f.Get("Source"), f.Get("Destination")
	if source == "" || encodable(source, destination) != nil {
		t.display.note("the manager named a source that is none")
		return
	}
	p := joinSource(t.sourcePrefix, source)
	root := transfer.Root{Tree: transfer.HostTree{}, Path: p, Name: t.nameOf(p)}
	if destination != "" {
		root.Name = strings.Trim(path.Clean("/"+destination), "/")
	}
	t.orders.add(root)
}
