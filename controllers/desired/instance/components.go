package instance

import (
	"cmp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	"faspex.io/operator/api/v1alpha1"
)

const (
	corePort        = 3000
	utilityPort     = 4000
	uiPort          = 5000
	servicePort     = 6000
	routerHTTPPort  = 8080
	routerHTTPSPort = 8443

	faspexUID       = 65532
	routerUID       = 101
	defaultReplicas = 1
	componentGrace  = 45
)

// Component is a Deployment of an instance with a Service before it.
type Component struct {
	// Name of the component, as in its label.
	Name string
	// ObjectName of its Deployment and Service.
	ObjectName string
	spec       v1alpha1.ComponentSpec
	uid        int64
	container  *corev1ac.ContainerApplyConfiguration
	volumes    []*corev1ac.VolumeApplyConfiguration
	service    *corev1ac.ServiceSpecApplyConfiguration
	annotation map[string]string
}

// Core serves the API and the login.
func Core(instance *v1alpha1.FaspexInstance) Component {
	names := NamesOf(instance.Name)
	c := Component{Name: ComponentCore, ObjectName: names.Core}
	if instance.Spec.Core != nil {
		c.spec = instance.Spec.Core.ComponentSpec
	}
	env := databaseEnvFrom(names, envFromConfigMap(names.Core), envFromSecret(names.Core))
	if HasGateway(instance) {
		env = append(env, envFromSecret(names.Gateway))
	}
	return c.faspex(instance, corePort, []string{"core"}, env...)
}

// Service runs the background jobs. It reads what core encrypted in the database, so it has core's keys.
func Service(instance *v1alpha1.FaspexInstance) Component {
	names := NamesOf(instance.Name)
	c := Component{Name: ComponentService, ObjectName: names.Service}
	if instance.Spec.Service != nil {
		c.spec = instance.Spec.Service.ComponentSpec
	}
	return c.faspex(instance, servicePort, []string{"service"},
		databaseEnvFrom(names, envFromConfigMap(names.Core), envFromSecret(names.Core), envFromConfigMap(names.Service))...)
}

// Utility serves administration.
func Utility(instance *v1alpha1.FaspexInstance) Component {
	names := NamesOf(instance.Name)
	c := Component{Name: ComponentUtility, ObjectName: names.Utility}
	if instance.Spec.Utility != nil {
		c.spec = instance.Spec.Utility.ComponentSpec
	}
	return c.faspex(instance, utilityPort, []string{"utility", "serve"},
		databaseEnvFrom(names, envFromConfigMap(names.Utility), envFromSecret(names.Utility))...)
}

// UI serves the web page.
func UI(instance *v1alpha1.FaspexInstance) Component {
	names := NamesOf(instance.Name)
	c := Component{Name: ComponentUI, ObjectName: names.UI}
	if instance.Spec.UI != nil {
		c.spec = *instance.Spec.UI
	}
	c = c.faspex(instance, uiPort, nil, envFromConfigMap(names.UI), envFromConfigMap(names.Core))
	c.container.WithImage(ImagesOf(instance).UI)
	return c
}

// RouterComponent is the front door. It is live and ready by itself, whatever the state of what it forwards to.
func RouterComponent(instance *v1alpha1.FaspexInstance) Component {
	names := NamesOf(instance.Name)
	c := Component{Name: ComponentRouter, ObjectName: names.Router, uid: routerUID}
	service := v1alpha1.RouterServiceSpec{}
	if router := instance.Spec.Router; router != nil {
		c.spec = router.ComponentSpec
		if router.Service != nil {
			service = *router.Service
		}
	}
	probe := func() *corev1ac.ProbeApplyConfiguration { return httpProbe("/livez", "http") }
	c.container = corev1ac.Container().
		WithName(ComponentRouter).
		WithImage(ImagesOf(instance).Router).
		WithImagePullPolicy(PullPolicy(instance)).
		WithCommand("/bin/sh", nginxConfDir+"/"+routerScriptKey).
		WithPorts(containerPort("http", routerHTTPPort), containerPort("https", routerHTTPSPort)).
		WithReadinessProbe(probe().WithPeriodSeconds(3).WithTimeoutSeconds(3)).
		WithLivenessProbe(probe().WithPeriodSeconds(10).WithTimeoutSeconds(5).WithFailureThreshold(6)).
		WithSecurityContext(restrictedContainer()).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName("config").WithMountPath(nginxConfDir).WithReadOnly(true),
			corev1ac.VolumeMount().WithName("tls").WithMountPath(nginxTLSDir).WithReadOnly(true),
			corev1ac.VolumeMount().WithName("tmp").WithMountPath("/tmp"))
	c.volumes = []*corev1ac.VolumeApplyConfiguration{
		corev1ac.Volume().WithName("config").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(names.Router).
			WithItems(corev1ac.KeyToPath().WithKey(nginxConfKey).WithPath(nginxConfKey),
				corev1ac.KeyToPath().WithKey(routerScriptKey).WithPath(routerScriptKey))),
		corev1ac.Volume().WithName("tls").WithSecret(corev1ac.SecretVolumeSource().WithSecretName(TLSSecret(instance)).WithDefaultMode(0o440)),
		corev1ac.Volume().WithName("tmp").WithEmptyDir(corev1ac.EmptyDirVolumeSource()),
	}
	c.service = routerService(service)
	c.annotation = service.Annotations
	return c
}

func routerService(given v1alpha1.RouterServiceSpec) *corev1ac.ServiceSpecApplyConfiguration {
	https, http := httpServicePort("https", 443, "https"), httpServicePort("http", 80, "http")
	if given.HTTPSNodePort != 0 {
		https.WithNodePort(given.HTTPSNodePort)
	}
	if given.HTTPNodePort != 0 {
		http.WithNodePort(given.HTTPNodePort)
	}
	serviceType := corev1.ServiceTypeClusterIP
	if given.Type != "" {
		serviceType = corev1.ServiceType(given.Type)
	}
	spec := corev1ac.ServiceSpec().WithType(serviceType).WithPorts(https, http)
	if serviceType != corev1.ServiceTypeClusterIP {
		spec.WithExternalTrafficPolicy(corev1.ServiceExternalTrafficPolicy(cmp.Or(given.ExternalTrafficPolicy, "Local")))
	}
	return spec
}

// faspex completes a component that serves HTTP with the probes of the faspex programs.
func (c Component) faspex(
	instance *v1alpha1.FaspexInstance, port int32, args []string, env ...*corev1ac.EnvFromSourceApplyConfiguration,
) Component {
	c.uid = faspexUID
	c.container = corev1ac.Container().
		WithName(c.Name).
		WithImage(ImagesOf(instance).Faspex).
		WithImagePullPolicy(PullPolicy(instance)).
		WithArgs(args...).
		WithEnvFrom(env...).
		WithPorts(containerPort("http", port)).
		WithStartupProbe(httpProbe("/livez", "http").WithPeriodSeconds(1).WithTimeoutSeconds(5).WithFailureThreshold(180)).
		WithReadinessProbe(httpProbe("/health", "http").WithPeriodSeconds(3).WithTimeoutSeconds(3)).
		WithLivenessProbe(httpProbe("/livez", "http").WithPeriodSeconds(10).WithTimeoutSeconds(5).WithFailureThreshold(6)).
		WithSecurityContext(restrictedContainer()).
		WithVolumeMounts(corev1ac.VolumeMount().WithName("tmp").WithMountPath("/tmp"))
	c.volumes = []*corev1ac.VolumeApplyConfiguration{corev1ac.Volume().WithName("tmp").WithEmptyDir(corev1ac.EmptyDirVolumeSource())}
	c.service = corev1ac.ServiceSpec().WithType(corev1.ServiceTypeClusterIP).WithPorts(httpServicePort("http", port,
		"http"))
	return c
}

// Replicas is how many pods there shall be: what the spec asks for, else what live, the Deployment as it is, has of an
// autoscaler or by default.
func (c Component) Replicas(live *appsv1.Deployment) int32 {
	switch {
	case c.spec.Replicas != nil:
		return *c.spec.Replicas
	case live.Spec.Replicas != nil:
		return *live.Spec.Replicas
	}
	return defaultReplicas
}

// Deployment of the component.
func (c Component) Deployment(instance *v1alpha1.FaspexInstance,
	configHash string) *appsv1ac.DeploymentApplyConfiguration {
	pod := basePodSpec(instance, c.uid).
		WithTerminationGracePeriodSeconds(componentGrace).
		WithContainers(withResources(c.container, c.Name, c.spec.Resources)).
		WithVolumes(c.volumes...)
	if c.Name == ComponentCore || c.Name == ComponentService || c.Name == ComponentUtility {
		pod = withDatabaseCA(instance, pod)
	}
	spec := appsv1ac.DeploymentSpec().
		WithSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(instance, c.Name))).
		// A new pod is ready before an old one goes.
		WithStrategy(appsv1ac.DeploymentStrategy().
			WithType(appsv1.RollingUpdateDeploymentStrategyType).
			WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
				WithMaxUnavailable(intstr.FromInt32(0)).WithMaxSurge(intstr.FromInt32(1)))).
		WithTemplate(podTemplate(instance, c.Name, configHash, spreadPods(instance, c.Name, pod)))
	if c.spec.Replicas != nil {
		// Otherwise they are an autoscaler's.
		spec.WithReplicas(*c.spec.Replicas)
	}
	return appsv1ac.Deployment(c.ObjectName, instance.Namespace).WithLabels(Labels(instance, c.Name)).WithSpec(spec)
}

// spreadPods puts the pods of a component on different machines and zones as far as there are any.
func spreadPods(instance *v1alpha1.FaspexInstance, component string,
	pod *corev1ac.PodSpecApplyConfiguration) *corev1ac.PodSpecApplyConfiguration {
	for _, key := range []string{corev1.LabelHostname, corev1.LabelTopologyZone} {
		pod.WithTopologySpreadConstraints(corev1ac.TopologySpreadConstraint().
			WithMaxSkew(1).WithTopologyKey(key).WithWhenUnsatisfiable(corev1.ScheduleAnyway).
			WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(instance, component))))
	}
	return pod
}

// DisruptionBudget keeps machines from being drained of all pods of the component at once. A component of one pod has
// none: it would keep its machine from being drained at all. So has one whose replicas are an autoscaler's, which may
// be one.
func (c Component) DisruptionBudget(instance *v1alpha1.FaspexInstance) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	if c.spec.Replicas == nil || *c.spec.Replicas < 2 {
		return nil
	}
	return policyv1ac.PodDisruptionBudget(c.ObjectName, instance.Namespace).
		WithLabels(Labels(instance, c.Name)).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(instance, c.Name))))
}

// Service of the component.
func (c Component) Service(instance *v1alpha1.FaspexInstance) *corev1ac.ServiceApplyConfiguration {
	service := corev1ac.Service(c.ObjectName, instance.Namespace).
		WithLabels(Labels(instance, c.Name)).
		WithSpec(c.service.WithSelector(SelectorLabels(instance, c.Name)))
	if len(c.annotation) > 0 {
		service.WithAnnotations(c.annotation)
	}
	return service
}

// Endpoints are the URLs of an instance.
func Endpoints(instance *v1alpha1.FaspexInstance) v1alpha1.InstanceEndpoints {
	external := ExternalURL(instance)
	return v1alpha1.InstanceEndpoints{
		Web:      external + "/aspera/faspex/",
		API:      external + "/aspera/faspex/api/v5",
		Internal: "https://" + NamesOf(instance.Name).Router + "." + instance.Namespace + ".svc",
	}
}

func databaseEnvFrom(names Names,
	more ...*corev1ac.EnvFromSourceApplyConfiguration) []*corev1ac.EnvFromSourceApplyConfiguration {
	return append([]*corev1ac.EnvFromSourceApplyConfiguration{envFromConfigMap(names.Database),
		envFromSecret(names.DatabaseUser)}, more...)
}

func httpProbe(path, port string) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString(port)).
		WithScheme(corev1.URISchemeHTTP))
}

func containerPort(name string, port int32) *corev1ac.ContainerPortApplyConfiguration {
	return corev1ac.ContainerPort().WithName(name).WithContainerPort(port).WithProtocol(corev1.ProtocolTCP)
}

func httpServicePort(name string, port int32, target string) *corev1ac.ServicePortApplyConfiguration {
	return corev1ac.ServicePort().WithName(name).WithProtocol(corev1.ProtocolTCP).WithPort(port).WithTargetPort(intstr.FromString(target))
}
