package instance

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/api/v1alpha1"
)

const (
	operatorClientDir = "/etc/faspex/operator-client"
	adminDir          = "/etc/faspex/admin"
	// migrationRetries covers a database that goes away meanwhile; the delay between them grows to six minutes.
	migrationRetries = 12
	migrationUID     = 65532
	// migrationGrace lets a step of the migration end that is killed with its machine or its Job.
	migrationGrace = 300
)

// MigrateStep is the container of the migration's pods that changes the schema.
const MigrateStep = "migrate"

// MigrationPods pick the pods of a migration Job.
func MigrationPods(job string) map[string]string { return map[string]string{batchv1.JobNameLabel: job} }

// MigrationJob brings the schema up to date and then sees to the API clients and the first administrator. Its name
// carries a hash of what it does, so that a new version, or new input, makes a new Job and nothing else does. seedHash
// is a ConfigHash of what the seed writes into the database.
func MigrationJob(instance *v1alpha1.FaspexInstance, seedHash string) (*batchv1ac.JobApplyConfiguration, error) {
	names := NamesOf(instance.Name)
	step := func(name string, args ...string) *corev1ac.ContainerApplyConfiguration {
		return withResources(corev1ac.Container(), ComponentMigration, nil).
			WithName(name).
			WithImage(ImagesOf(instance).Faspex).
			WithImagePullPolicy(PullPolicy(instance)).
			WithArgs(args...).
			WithEnvFrom(envFromConfigMap(names.Database), envFromSecret(names.DatabaseUser), envFromConfigMap(names.Core),
				envFromSecret(names.Core), envFromConfigMap(names.Service), envFromConfigMap(names.Utility)).
			// The Secret has the root user too, who is no business of the migration.
			WithEnv(envFromSecretKey(KeyAdminUsername, names.Database, KeyAdminUsername),
				envFromSecretKey(KeyAdminPassword, names.Database, KeyAdminPassword)).
			// What a step ends with is told in the instance's condition.
			WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
			WithSecurityContext(restrictedContainer())
	}
	seed := step("seed", "utility", "seed").
		WithEnv(envFromSecretKey("FASPEX_OPERATOR_CLIENT_ID", names.OperatorClient, OperatorClientID)).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName("operator-client").WithMountPath(operatorClientDir).WithReadOnly(true),
			corev1ac.VolumeMount().WithName("admin").WithMountPath(adminDir).WithReadOnly(true))
	if admin := instance.Spec.Admin; admin != nil && admin.Email != "" {
		seed.WithEnv(corev1ac.EnvVar().WithName("FASPEX_ADMIN_EMAIL").WithValue(admin.Email))
	}
	pod := basePodSpec(instance, migrationUID).
		WithRestartPolicy(corev1.RestartPolicyNever). // so that pods that failed stay, with what they said
		WithTerminationGracePeriodSeconds(migrationGrace).
		WithInitContainers(step(MigrateStep, "utility", "migrate")).
		WithContainers(seed).
		WithVolumes(
			corev1ac.Volume().WithName("operator-client").WithSecret(corev1ac.SecretVolumeSource().WithSecretName(names.OperatorClient).
				WithItems(corev1ac.KeyToPath().WithKey(OperatorClientPublic).WithPath(OperatorClientPublic))),
			corev1ac.Volume().WithName("admin").WithSecret(corev1ac.SecretVolumeSource().WithSecretName(AdminSecret(instance)).
				WithItems(
					corev1ac.KeyToPath().WithKey(AdminUsername).WithPath(AdminUsername),
					corev1ac.KeyToPath().WithKey(AdminPassword).WithPath(AdminPassword))))
	spec := batchv1ac.JobSpec().
		WithBackoffLimit(migrationRetries).
		WithPodFailurePolicy(batchv1ac.PodFailurePolicy().WithRules(
			batchv1ac.PodFailurePolicyRule().WithAction(batchv1.PodFailurePolicyActionFailJob).WithOnExitCodes(
				batchv1ac.PodFailurePolicyOnExitCodesRequirement().WithContainerName(MigrateStep).
					WithOperator(batchv1.PodFailurePolicyOnExitCodesOpIn).WithValues(exitRefused)),
			disrupted())).
		WithTemplate(podTemplate(instance, ComponentMigration, seedHash, withDatabaseCA(instance, pod)))
	raw, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode migration job: %w", err)
	}
	sum := sha256.Sum256(raw)
	return batchv1ac.Job(names.Migration+"-"+hex.EncodeToString(sum[:5]), instance.Namespace).
		WithLabels(Labels(instance, ComponentMigration)).
		WithSpec(spec), nil
}
