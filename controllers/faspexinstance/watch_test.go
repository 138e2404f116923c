package faspexinstance

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/test/mariadbd"
)

// TestWatches runs the controller as the program does, with a cache, and changes what it depends on. Nothing but
// watches can bring it back in time: no requeue is shorter than provisionRecheck when all is well.
func TestWatches(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	applier := b.manage(Options{})

	instance := b.external("watch")
	b.remove("root", &corev1.Secret{})
	b.create(instance)
	ready := func(reason string) func() bool {
		return func() bool {
			c := meta.FindStatusCondition(b.instance().Status.Conditions, v1alpha1.ConditionReady)
			return c != nil && c.Reason == reason
		}
	}
	b.eventually("a missing Secret is reported", ready(v1alpha1.ReasonSecretNotFound))
	b.create(b.rootSecret(mariadbd.RootPassword))
	b.eventually("Ready", ready(v1alpha1.ReasonSucceeded))

	ui := &appsv1.Deployment{}
	b.get("demo-ui", ui)
	uid := ui.UID
	b.remove("demo-ui", &appsv1.Deployment{})
	b.eventually("the Deployment is made again", func() bool {
		var list appsv1.DeploymentList
		if err := b.client.List(t.Context(), &list); err != nil {
			t.Fatal(err)
		}
		for _, d := range list.Items {
			if d.Namespace == b.namespace && d.Name == "demo-ui" {
				return d.UID != uid
			}
		}
		return false
	})
	b.remove("demo-core", &corev1.Secret{}) // survives the instance, so nothing but the watch on Secrets tells
	b.eventually("the retained Secret is made again", func() bool {
		var list corev1.SecretList
		if err := b.client.List(t.Context(), &list); err != nil {
			t.Fatal(err)
		}
		for _, s := range list.Items {
			if s.Namespace == b.namespace && s.Name == "demo-core" {
				return true
			}
		}
		return false
	})
	b.eventually("Ready again", ready(v1alpha1.ReasonSucceeded))

	b.transferNode("main", "demo", nil, "192.0.2.1")
	b.eventually("the gateway is told of the machine",
		func() bool { return len(b.nodes()) == 1 && b.nodes()[0]["host"] == "192.0.2.1" })
	b.machines("main", "192.0.2.2")
	b.eventually("the gateway is told of another machine", func() bool { return b.nodes()[0]["host"] == "192.0.2.2" })
	keys := &corev1.Secret{}
	b.patch("main-ssh-host-key", keys, func() { keys.Data["ssh_host_ed25519_key.pub"] = []byte(otherHostKey) })
	b.eventually("the gateway is told of another host key", func() bool {
		return fmt.Sprint(b.nodes()[0]["sshHostKeys"]) == fmt.Sprint([]string{otherHostKey})
	})
	b.eventually("it comes to rest", func() bool {
		before := applier.Requests()
		time.Sleep(2 * time.Second)
		return applier.Requests() == before
	})
}

// eventually lets the kubelet work until the condition holds.
func (b *bench) eventually(what string, holds func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			b.t.Fatalf("never: %s; %v", what, b.instance().Status.Conditions)
		}
		b.kubelet.work()
		time.Sleep(100 * time.Millisecond)
	}
}
