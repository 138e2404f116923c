package e2e

import (
	"context"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/test/lab"
)

// killedPodsHeal kills every pod of a part and waits until people can work again.
func killedPodsHeal(t *testing.T) {
	for _, component := range []string{"core", "ui", "service", "utility", "gateway", "router", "db"} {
		t.Run(component, func(t *testing.T) {
			pods, err := cluster.Pods(t.Context(), component)
			if err != nil {
				t.Fatal(err)
			}
			for i := range pods {
				if err := cluster.Client.Delete(t.Context(), &pods[i], client.GracePeriodSeconds(0)); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, time.Minute, "another pod of "+component+" is ready", func(ctx context.Context) bool {
				now, err := cluster.Pods(ctx, component)
				return err == nil && len(now) == len(pods) && now[0].UID != pods[0].UID && podReady(now[0])
			})
			eventually(t, time.Minute, "the API answers", func(ctx context.Context) bool {
				_, err := bob.API.Packages(ctx, "inbox")
				return err == nil
			})
			if err := cluster.WaitReady(t.Context(), 90*time.Second); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// changesByHandAreRepaired breaks what the operator made and expects it back.
func changesByHandAreRepaired(t *testing.T) {
	key := client.ObjectKey{Namespace: lab.Namespace, Name: lab.Instance + "-core"}
	var deployment appsv1.Deployment
	if err := cluster.Client.Get(t.Context(), key, &deployment); err != nil {
		t.Fatal(err)
	}
	uid := deployment.UID
	if err := cluster.Client.Delete(t.Context(), &deployment); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the Deployment of core is back", func(ctx context.Context) bool {
		var now appsv1.Deployment
		return cluster.Client.Get(ctx, key, &now) == nil && now.UID != uid && now.Status.ReadyReplicas > 0
	})
	if err := cluster.WaitReady(t.Context(), 90*time.Second); err != nil {
		t.Fatal(err)
	}
}

func podReady(p corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// eventually polls until something holds.
func eventually(t *testing.T, timeout time.Duration, what string, holds func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	for !holds(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", timeout, what)
		case <-time.After(300 * time.Millisecond):
		}
	}
}
