package instance

import (
	_ "embed"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"faspex.io/operator/api/v1alpha1"
)

// databaseScript starts MariaDB; its head says how.
//
//go:embed mariadb.sh
var databaseScript string

const (
	databaseScriptKey   = "run.sh"
	databaseScriptDir   = "/etc/faspex/mariadb"
	databasePasswordDir = "/etc/faspex/mariadb-root"
	databaseDataDir     = "/var/lib/mysql"
	databaseRunDir      = "/run/faspex"
	databaseUID         = 999
	databaseGrace       = 120
)

// DatabaseStatefulSet runs the embedded MariaDB. configHash restarts it when its root password or script changes: the
// script sets the password at each start.
func DatabaseStatefulSet(instance *v1alpha1.FaspexInstance, volume Volume,
	configHash string) *appsv1ac.StatefulSetApplyConfiguration {
	names := NamesOf(instance.Name)
	embedded := instance.Spec.Database.Embedded
	pod := basePodSpec(instance, databaseUID).
		WithTerminationGracePeriodSeconds(databaseGrace).
		WithContainers(databaseContainer(instance, embedded)).
		WithVolumes(
			corev1ac.Volume().WithName("script").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(names.DatabaseScript)),
			corev1ac.Volume().WithName("root").WithSecret(corev1ac.SecretVolumeSource().WithSecretName(names.Database).
				WithDefaultMode(0o440).
				WithItems(corev1ac.KeyToPath().WithKey(KeyRootPassword).WithPath("password"))),
			corev1ac.Volume().WithName("run").WithEmptyDir(corev1ac.EmptyDirVolumeSource().
				WithMedium(corev1.StorageMediumMemory).WithSizeLimit(resource.MustParse("1Mi"))),
			corev1ac.Volume().WithName("tmp").WithEmptyDir(corev1ac.EmptyDirVolumeSource()))
	return appsv1ac.StatefulSet(names.Database, instance.Namespace).
		WithLabels(Labels(instance, ComponentDatabase)).
		WithSpec(appsv1ac.StatefulSetSpec().
			WithReplicas(1).
			WithServiceName(names.Database).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(SelectorLabels(instance, ComponentDatabase))).
			WithPersistentVolumeClaimRetentionPolicy(appsv1ac.StatefulSetPersistentVolumeClaimRetentionPolicy().
				WithWhenDeleted(VolumeRetention(instance)).WithWhenScaled(appsv1.RetainPersistentVolumeClaimRetentionPolicyType)).
			WithTemplate(podTemplate(instance, ComponentDatabase, configHash, pod)).
			WithVolumeClaimTemplates(databaseClaim(instance, volume)))
}

// VolumeRetention is what becomes of the volume of the embedded database when the instance is deleted.
func VolumeRetention(instance *v1alpha1.FaspexInstance) appsv1.PersistentVolumeClaimRetentionPolicyType {
	if RetainsData(instance) {
		return appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	}
	return appsv1.DeletePersistentVolumeClaimRetentionPolicyType
}

func databaseContainer(instance *v1alpha1.FaspexInstance,
	embedded *v1alpha1.EmbeddedDatabase) *corev1ac.ContainerApplyConfiguration {
	probe := func() *corev1ac.ProbeApplyConfiguration {
		return corev1ac.Probe().WithTimeoutSeconds(5).WithExec(corev1ac.ExecAction().WithCommand(
			"mariadb", "--defaults-file="+databaseRunDir+"/root.cnf", "--batch", "--execute=SELECT 1"))
	}
	container := corev1ac.Container().
		WithName("mariadb").
		WithImage(ImagesOf(instance).MariaDB).
		WithImagePullPolicy(PullPolicy(instance)).
		WithCommand("/bin/sh", databaseScriptDir+"/"+databaseScriptKey).
		WithPorts(corev1ac.ContainerPort().WithName("mysql").WithContainerPort(databasePort).WithProtocol(corev1.ProtocolTCP)).
		WithStartupProbe(probe().WithPeriodSeconds(2).WithFailureThreshold(300)).
		WithReadinessProbe(probe().WithPeriodSeconds(5).WithFailureThreshold(3)).
		// It logs in as root, so a root password that was changed by hand ends in a restart, which sets it again.
		WithLivenessProbe(probe().WithPeriodSeconds(10).WithTimeoutSeconds(10).WithFailureThreshold(6)).
		WithSecurityContext(restrictedContainer()).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName("data").WithMountPath(databaseDataDir),
			corev1ac.VolumeMount().WithName("script").WithMountPath(databaseScriptDir).WithReadOnly(true),
			corev1ac.VolumeMount().WithName("root").WithMountPath(databasePasswordDir).WithReadOnly(true),
			corev1ac.VolumeMount().WithName("run").WithMountPath(databaseRunDir),
			corev1ac.VolumeMount().WithName("tmp").WithMountPath("/tmp"))
	return withResources(container, ComponentDatabase, embedded.Resources)
}

// DatabaseService is where the embedded MariaDB answers.
func DatabaseService(instance *v1alpha1.FaspexInstance) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(NamesOf(instance.Name).Database, instance.Namespace).
		WithLabels(Labels(instance, ComponentDatabase)).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithSelector(SelectorLabels(instance, ComponentDatabase)).
			WithPorts(corev1ac.ServicePort().WithName("mysql").WithProtocol(corev1.ProtocolTCP).
				WithPort(databasePort).WithTargetPort(intstr.FromString("mysql"))))
}
