package instance

import (
	"maps"
	"path"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"faspex.io/operator/api/v1alpha1"
)

// BackupContainer is the container of the Jobs of backups whose last words tell what was done.
const BackupContainer = "backup"

// Keys of the Secrets that backups need, and of the one that the operator makes for each.
const (
	BackupKey          = "identity"
	S3AccessKeyID      = "accessKeyID"
	S3SecretAccessKey  = "secretAccessKey"
	S3CA               = "ca.crt"
	BackupSecrets      = "secrets.json.age"
	BackupSecretsPrint = "core-keys"
)

const (
	backupProgramDir = "/program"
	backupProgram    = backupProgramDir + "/operator"
	backupConfigDir  = "/etc/faspex/backup"
	backupVolumeDir  = "/var/lib/faspex/backups"
	backupUID        = migrationUID

	// exitRefused is the exit code of what no further attempt mends.
	exitRefused = 3
	// backupRetries and restoreRetries cover servers that go away meanwhile.
	backupRetries  = 3
	restoreRetries = 6
)

// Backup is a run of `operator backup`.
type Backup struct {
	// Name of the Job.
	Name string
	// OperatorImage is the image that has the program.
	OperatorImage string
	// Target with its prefix, and Encryption; nil where no key is needed.
	Target     v1alpha1.BackupTarget
	Encryption *v1alpha1.BackupEncryption
	ID         string
}

// CreateJob backs databases up. secrets is the Secret with BackupSecrets, coreKeys the fingerprint in it.
func (b Backup) CreateJob(instance *v1alpha1.FaspexInstance, databases map[string]string, secrets,
	coreKeys, version string) *batchv1ac.JobApplyConfiguration {
	args := []string{"create", "--instance=" + instance.Namespace + "/" + instance.Name, "--faspex=" + version,
		"--core-keys=" + coreKeys, "--secrets=" + path.Join(backupConfigDir, "secrets", BackupSecrets)}
	for _, role := range slices.Sorted(maps.Keys(databases)) {
		args = append(args, "--database="+role+"="+databases[role])
	}
	p := b.pod(instance, args)
	p.mountSecret("secrets", secrets, false)
	return b.job(instance, p.withDatabase(instance), backupRetries)
}

// RestoreJob loads a backup. Core's keys are compared with those of the backup if their Secret is there already.
func (b Backup) RestoreJob(instance *v1alpha1.FaspexInstance) *batchv1ac.JobApplyConfiguration {
	core := NamesOf(instance.Name).Core
	p := b.pod(instance, []string{"restore", "--faspex-database=" + DatabaseOf(instance).Name,
		"--faspex=" + RunningVersion(ImagesOf(instance)),
		"--namespace=" + instance.Namespace, "--core-keys=" + path.Join(backupConfigDir, "core"),
		"--core-keys-name=" + core})
	p.mountSecret("core", core, true)
	return b.job(instance, p.withDatabase(instance), restoreRetries)
}

// RemoveJob removes a backup. It needs no instance, only what its pods have in common with others.
func (b Backup) RemoveJob(instance *v1alpha1.FaspexInstance) *batchv1ac.JobApplyConfiguration {
	p := b.pod(instance, []string{"remove"})
	p.container.WithImage(b.OperatorImage).WithCommand("/operator")
	return b.job(instance, p.spec.WithContainers(p.container).WithVolumes(p.volumes...), backupRetries)
}

// backupPod is a pod while it is put together.
type backupPod struct {
	spec      *corev1ac.PodSpecApplyConfiguration
	container *corev1ac.ContainerApplyConfiguration
	volumes   []*corev1ac.VolumeApplyConfiguration
	install   *corev1ac.ContainerApplyConfiguration
}

func (b Backup) pod(instance *v1alpha1.FaspexInstance, args []string) *backupPod {
	container := func(name string) *corev1ac.ContainerApplyConfiguration {
		return withResources(corev1ac.Container(), ComponentBackup, nil).
			WithName(name).
			WithImagePullPolicy(PullPolicy(instance)).
			WithSecurityContext(restrictedContainer())
	}
	p := &backupPod{
		spec:    basePodSpec(instance, backupUID).WithRestartPolicy(corev1.RestartPolicyNever),
		install: container("install").WithImage(b.OperatorImage).WithArgs("backup", "install", backupProgram),
		container: container(BackupContainer).
			WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
			WithEnv(corev1ac.EnvVar().WithName("HOME").WithValue("/tmp")),
	}
	p.emptyDir("tmp", "/tmp", corev1.StorageMediumMemory)
	args = append([]string{"backup", args[0], "--prefix=" + b.Target.Prefix}, args[1:]...)
	if b.ID != "" {
		args = append(args, "--id="+b.ID)
	}
	if b.Encryption != nil {
		args = append(args, "--key="+path.Join(backupConfigDir, "key", BackupKey))
		p.mountSecret("key", b.Encryption.SecretRef.Name, false, BackupKey)
	}
	if claim := b.Target.VolumeClaim; claim != nil {
		args = append(args, "--folder="+backupVolumeDir, "--folder-name=volume:"+claim.ClaimName)
		p.volumes = append(p.volumes, corev1ac.Volume().WithName("backups").WithPersistentVolumeClaim(
			corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(claim.ClaimName)))
		p.container.WithVolumeMounts(corev1ac.VolumeMount().WithName("backups").WithMountPath(backupVolumeDir))
	}
	if s3 := b.Target.S3; s3 != nil {
		args = append(args, "--s3-endpoint="+s3.Endpoint, "--s3-region="+s3.Region, "--s3-bucket="+s3.Bucket,
			"--s3-credentials="+path.Join(backupConfigDir, "s3"))
		p.mountSecret("s3", s3.CredentialsSecretRef.Name, false, S3AccessKeyID, S3SecretAccessKey)
		if s3.CASecretRef != nil {
			args = append(args, "--s3-ca="+path.Join(backupConfigDir, "s3-ca", S3CA))
			p.mountSecret("s3-ca", s3.CASecretRef.Name, false, S3CA)
		}
	}
	p.container.WithArgs(args...)
	return p
}

func (p *backupPod) emptyDir(name, at string, medium corev1.StorageMedium) {
	source := corev1ac.EmptyDirVolumeSource()
	if medium != "" {
		source.WithMedium(medium).WithSizeLimit(resource.MustParse("16Mi"))
	}
	p.volumes = append(p.volumes, corev1ac.Volume().WithName(name).WithEmptyDir(source))
	p.container.WithVolumeMounts(corev1ac.VolumeMount().WithName(name).WithMountPath(at))
}

// mountSecret mounts keys of a Secret, all when none is named, beneath backupConfigDir.
func (p *backupPod) mountSecret(name, secret string, optional bool, keys ...string) {
	source := corev1ac.SecretVolumeSource().WithSecretName(secret).WithDefaultMode(0o440)
	if optional {
		source.WithOptional(true)
	}
	for _, key := range keys {
		source.WithItems(corev1ac.KeyToPath().WithKey(key).WithPath(key))
	}
	p.volumes = append(p.volumes, corev1ac.Volume().WithName(name).WithSecret(source))
	p.container.WithVolumeMounts(corev1ac.VolumeMount().WithName(name).WithMountPath(path.Join(backupConfigDir, name)).
		WithReadOnly(true))
}

// withDatabase has the program run in a container of the MariaDB image, as the server's root user.
func (p *backupPod) withDatabase(instance *v1alpha1.FaspexInstance) *corev1ac.PodSpecApplyConfiguration {
	names := NamesOf(instance.Name)
	p.emptyDir("program", backupProgramDir, "")
	p.container.WithImage(ImagesOf(instance).MariaDB).WithCommand(backupProgram).
		WithEnvFrom(envFromConfigMap(names.Database)).
		WithEnv(envFromSecretKey(KeyRootUsername, names.Database, KeyRootUsername),
			envFromSecretKey(KeyRootPassword, names.Database, KeyRootPassword))
	p.install.WithVolumeMounts(corev1ac.VolumeMount().WithName("program").WithMountPath(backupProgramDir))
	return withDatabaseCA(instance, p.spec.WithInitContainers(p.install).WithContainers(p.container).
		WithVolumes(p.volumes...))
}

func (b Backup) job(instance *v1alpha1.FaspexInstance, spec *corev1ac.PodSpecApplyConfiguration,
	retries int32) *batchv1ac.JobApplyConfiguration {
	return batchv1ac.Job(b.Name, instance.Namespace).
		WithLabels(Labels(instance, ComponentBackup)).
		WithSpec(batchv1ac.JobSpec().
			WithBackoffLimit(retries).
			WithPodFailurePolicy(batchv1ac.PodFailurePolicy().WithRules(
				batchv1ac.PodFailurePolicyRule().WithAction(batchv1.PodFailurePolicyActionFailJob).WithOnExitCodes(
					batchv1ac.PodFailurePolicyOnExitCodesRequirement().WithContainerName(BackupContainer).
						WithOperator(batchv1.PodFailurePolicyOnExitCodesOpIn).WithValues(exitRefused)),
				disrupted())).
			WithTemplate(corev1ac.PodTemplateSpec().WithLabels(Labels(instance, ComponentBackup)).WithSpec(spec)))
}

// disrupted counts a pod whose machine is drained as no failure of its Job.
func disrupted() *batchv1ac.PodFailurePolicyRuleApplyConfiguration {
	return batchv1ac.PodFailurePolicyRule().WithAction(batchv1.PodFailurePolicyActionIgnore).WithOnPodConditions(
		batchv1ac.PodFailurePolicyOnPodConditionsPattern().WithType(corev1.DisruptionTarget).
			WithStatus(corev1.ConditionTrue))
}

// BackupTarget is a target with its prefix filled in.
func BackupTarget(instance *v1alpha1.FaspexInstance, target v1alpha1.BackupTarget) v1alpha1.BackupTarget {
	if target.Prefix == "" {
		target.Prefix = instance.Namespace + "/" + instance.Name
	}
	return target
}
