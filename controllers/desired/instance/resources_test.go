package instance_test

import (
	"testing"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/controllers/desired/instance"
)

// TestEveryContainerAsksForSomething: a container without a request is the first to go where memory gets short.
func TestEveryContainerAsksForSomething(t *testing.T) {
	i := minimal()
	job, err := instance.MigrationJob(i, "hash")
	if err != nil {
		t.Fatal(err)
	}
	pods := []*corev1ac.PodSpecApplyConfiguration{job.Spec.Template.Spec,
		instance.DatabaseStatefulSet(i, instance.VolumeOf(i), "hash").Spec.Template.Spec}
	for _, c := range []instance.Component{
		instance.Core(i), instance.UI(i), instance.Service(i), instance.Utility(i), instance.RouterComponent(i),
		instance.Gateway(i),
	} {
		pods = append(pods, c.Deployment(i, "hash").Spec.Template.Spec)
	}
	for _, pod := range pods {
		for _, container := range append(pod.InitContainers, pod.Containers...) {
			if container.Resources == nil || container.Resources.Requests == nil ||
				container.Resources.Requests.Cpu().IsZero() || container.Resources.Requests.Memory().IsZero() {
				t.Errorf("%s asks for nothing", *container.Name)
			}
		}
	}
}
