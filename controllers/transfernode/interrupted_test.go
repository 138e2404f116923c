package transfernode_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/test/fuse"
	"faspex.io/operator/test/kubeapi"
)

// lives is an operator that is killed after every write and started anew.
type lives struct {
	t     *testing.T
	field *controllertest.Field
	fuse  *fuse.Fuse
	// after so many writes a life ends.
	after int
	ends  int // lives that were ended in their middle
	// first are the Secrets as they were first seen.
	first map[string]map[string][]byte
}

// live lets a new operator look at every object once, until it is killed. It tells whether something was written.
func (l *lives) live() bool {
	l.t.Helper()
	before := len(l.fuse.Writes())
	ctx := l.fuse.Renew(l.t.Context(), l.after)
	base, err := client.NewWithWatch(kubeapi.Config(l.t), client.Options{Scheme: kubeapi.Scheme(l.t)})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, look := range l.field.Reconcilers(l.fuse.Client(base)) {
		if err := look(ctx); err != nil && l.fuse.Burnt() == nil && !errors.Is(err, context.Canceled) {
			l.t.Logf("a life that goes on: %v", err)
		}
		if l.fuse.Burnt() != nil {
			l.ends++
			break
		}
	}
	l.remember()
	return len(l.fuse.Writes()) > before
}

// remember fails when a Secret has another content than when it was first seen.
func (l *lives) remember() {
	l.t.Helper()
	var list corev1.SecretList
	if err := l.field.Client.List(l.t.Context(), &list, client.InNamespace(l.field.Namespace)); err != nil {
		l.t.Fatal(err)
	}
	for _, secret := range list.Items {
		for key, value := range secret.Data {
			if l.first[secret.Name] == nil {
				l.first[secret.Name] = map[string][]byte{}
			}
			if was := l.first[secret.Name][key]; was != nil && !bytes.Equal(was, value) {
				l.t.Errorf("%s of Secret %s was made twice", key, secret.Name)
			}
			l.first[secret.Name][key] = value
		}
	}
}

// until lives on until something holds, for as long as it takes an operator that is killed after every write.
func (l *lives) until(what string, holds func() bool) {
	l.t.Helper()
	for range 200 {
		wrote := l.live()
		if !wrote && holds() {
			return
		}
	}
	writes := l.fuse.Writes()
	l.t.Fatalf("never: %s; the last of %d writes are %v", what, len(writes), writes[max(0, len(writes)-12):])
}

func (l *lives) ready(object client.Object, name string) bool {
	l.t.Helper()
	l.field.Get(l.t, object, name)
	return meta.IsStatusConditionTrue(controllertest.Conditions(object), v1alpha1.ConditionReady)
}

// made has an operator make a node, a location and a key, and tells what is there in the end.
func made(t *testing.T, after int) (state []string, l *lives) {
	t.Helper()
	f := &fuse.Fuse{}
	field := controllertest.NewIdle(t, f)
	l = &lives{t: t, field: field, fuse: f, after: after, first: map[string]map[string][]byte{}}
	field.SetInstanceReady(t, true)
	node, location, key := field.TransferNode(), field.StorageLocation("packages"), field.AccessKey("demo")
	for _, object := range []client.Object{node, location, key} {
		field.Create(t, object)
	}
	l.until("the node has a workload", func() bool {
		field.Get(t, node, nodeName)
		return node.Status.Endpoint != ""
	})
	field.RunNode(t)
	l.until("all are ready", func() bool {
		return l.ready(node, nodeName) && l.ready(location, "packages") && l.ready(key, "demo")
	})
	for _, object := range []client.Object{node, location, key} {
		for _, c := range controllertest.Conditions(object) {
			state = append(state, fmt.Sprintf("%T %s %s %s %s", object, c.Type, c.Status, c.Reason, c.Message))
		}
	}
	for name, data := range l.first {
		for key := range data {
			if !strings.HasPrefix(key, "k2") { // token keys are called by their time
				state = append(state, "Secret "+name+" "+key)
			}
		}
	}
	nodes, err := field.Faspex.Nodes(t.Context())
	if err != nil || len(nodes) != 1 || nodes[0].ID != node.Status.NodeID {
		t.Fatalf("Faspex knows %v, %v", nodes, err)
	}
	folders, err := field.Faspex.SharedFolders(t.Context(), nodes[0].ID)
	if err != nil || len(folders) != 1 || folders[0].ID != location.Status.ShareID {
		t.Fatalf("Faspex knows %v, %v", folders, err)
	}
	keys, err := field.NodeAPI.Store.AccessKeys(t.Context(), "")
	if err != nil || len(keys) != 1 || keys[0].ID != key.Status.ID {
		t.Fatalf("the node knows %v, %v", keys, err)
	}
	state = append(state, fmt.Sprintf("folder %s at %s", folders[0].Name, folders[0].Directory))
	slices.Sort(state)
	return state, l
}

// TestInterrupted (operator-20, of TransferNode, StorageLocation and AccessKey; package faspexinstance has the others):
// an operator that is killed after each of its writes, to the API server, to Faspex and to the node, ends in the same
// state as one that is not, when objects are made and when they are deleted: one entry of the node, one folder, one key,
// and no Secret is made twice.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	undisturbed, _ := made(t, 1_000_000)
	got, l := made(t, 1)
	if l.ends < 20 {
		t.Errorf("only %d lives were ended: nothing is proven", l.ends)
	}
	if diff := cmp.Diff(undisturbed, got); diff != "" {
		t.Errorf("-undisturbed +killed after each write:\n%s", diff)
	}
	field := l.field
	node, location, key := field.TransferNode(), field.StorageLocation("packages"), field.AccessKey("demo")
	database := string(field.Secret(t, desired.NamesOf(nodeName).Database)["HSTS_DB_DATABASE"])
	for _, object := range []client.Object{node, location, key} {
		field.Delete(t, object)
	}
	l.ends = 0
	gone := func() bool {
		for name, object := range map[string]client.Object{nodeName: node, "packages": location} {
			if err := field.Client.Get(t.Context(), field.Key(name), object); client.IgnoreNotFound(err) != nil {
				t.Fatal(err)
			} else if err == nil {
				return false
			}
		}
		return true
	}
	l.until("all are gone", gone)
	if nodes, err := field.Faspex.Nodes(t.Context()); err != nil || len(nodes) != 0 || l.ends < 10 {
		t.Errorf("Faspex still knows %v (%v) after %d lives", nodes, err, l.ends)
	}
	if field.DatabaseExists(t, database) {
		t.Error("the database of the node is left")
	}
	var left corev1.SecretList
	if err := field.Client.List(t.Context(), &left, client.InNamespace(field.Namespace)); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, secret := range left.Items {
		if len(secret.OwnerReferences) == 0 { // the garbage collector is not here
			names[secret.Name] = true
		}
	}
	delete(names, "demo-db") // the instance's
	if len(names) > 0 {
		t.Errorf("Secrets are left: %v", names)
	}
}
