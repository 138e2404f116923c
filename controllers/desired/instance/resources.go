package instance

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// defaultRequests are what a container asks for when the spec says nothing: about what it takes at rest, so that it is
// placed where there is room and is not the first to go where memory gets short. Limits are the user's business.
var defaultRequests = map[string]corev1.ResourceList{
	ComponentDatabase:  requests("100m", "256Mi"),
	ComponentCore:      requests("50m", "128Mi"),
	ComponentService:   requests("20m", "64Mi"),
	ComponentUtility:   requests("10m", "64Mi"),
	ComponentUI:        requests("10m", "32Mi"),
	ComponentGateway:   requests("50m", "64Mi"),
	ComponentRouter:    requests("10m", "32Mi"),
	ComponentMigration: requests("20m", "64Mi"),
	ComponentBackup:    requests("50m", "128Mi"),
}

func requests(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu),
		corev1.ResourceMemory: resource.MustParse(memory)}
}

// withResources gives c what the spec says, or the defaults of its component.
func withResources(
	c *corev1ac.ContainerApplyConfiguration, component string, given *corev1.ResourceRequirements,
) *corev1ac.ContainerApplyConfiguration {
	resources := corev1ac.ResourceRequirements()
	if given == nil {
		return c.WithResources(resources.WithRequests(defaultRequests[component]))
	}
	if len(given.Requests) > 0 {
		resources.WithRequests(given.Requests)
	}
	if len(given.Limits) > 0 {
		resources.WithLimits(given.Limits)
	}
	return c.WithResources(resources)
}
